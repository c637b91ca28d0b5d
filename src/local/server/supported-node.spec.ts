import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { leastNode, nodeAdvice, nodeProblem, platformProblem } from './supported-node.js';

test('The least version is the one that package.json asks for', async () => {
  const { engines } = JSON.parse(await readFile('package.json', 'utf8')) as { engines: { node: string } };

  expect(engines.node).toBe(`>=${leastNode}`);
});

test.each(['18.20.8', '20.18.3', '16.0.0'])('Node %s is refused in one line that names both versions', (version) => {
  const problem = nodeProblem(version);

  expect(problem).toContain(leastNode);
  expect(problem).toContain(version);
  expect(problem).not.toContain('\n');
});

test.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0', process.versions.node])('Node %s will do', (version) => {
  expect(nodeProblem(version)).toBeUndefined();
});

test('On Windows one line says where Duet runs, elsewhere nothing does', () => {
  expect(platformProblem('win32')).toMatch(/^On Windows, Duet runs in WSL \(https:[^\n]+$/);
  expect(['linux', 'darwin'].map(platformProblem)).toEqual([undefined, undefined]);
});

test('Node 20 hears in one line that 22 is recommended, newer ones nothing', () => {
  expect(nodeAdvice('20.20.2')).toMatch(/^Node 22 or 24 is recommended: this is 20\.20\.2[^\n]+$/);
  expect(['22.0.0', '24.21.0'].map(nodeAdvice)).toEqual([undefined, undefined]);
});
