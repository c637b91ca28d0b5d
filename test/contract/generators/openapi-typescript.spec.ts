import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import ts from 'typescript';

// Real: openapi-typescript as a newcomer runs it, with its default options, and TypeScript. Other generators: npm run test:generators.
// Seen failing: with the defaults of TodoContent published as such, which makes every property required.

const cases = {
  'a todo of only a title': [`{ title: 'x' }`, []],
  'a todo with everything': [`{ title: 'x', description: null, status: 'done', priority: 'low', due: null, tags: [], checklist: [{ title: 'y' }] }`, []],
  'no todo without a title': [`{ description: 'x' }`, [expect.stringContaining("Property 'title' is missing")]],
  'no field that the contract does not have': [`{ title: 'x', colour: 'red' }`, [expect.stringContaining("'colour' does not exist")]],
} as const;
const nameOf = (what: string): string => what.replaceAll(' ', '-');

let folder: string;
let complaints: readonly ts.Diagnostic[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'duet-generated-'));
  await promisify(execFile)(process.execPath, [
    resolve('node_modules/openapi-typescript/bin/cli.js'),
    resolve('openapi.json'),
    '-o',
    join(folder, 'schema.ts'),
  ]);
  const files = await Promise.all(
    Object.entries(cases).map(async ([what, [todo]]) => {
      const file = join(folder, `${nameOf(what)}.ts`);
      await writeFile(
        file,
        `import type { paths } from './schema.js';
        type Body = paths['/users/{id}/todos']['post']['requestBody']['content']['application/json'];
        export const todo: Body = ${todo};
        export const title: string = {} as paths['/todos/{id}']['get']['responses'][200]['content']['application/json']['title'];`,
      );
      return file;
    }),
  );
  const { NodeNext } = ts.ModuleKind;
  complaints = ts.getPreEmitDiagnostics(
    ts.createProgram(files, { strict: true, noEmit: true, module: NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [] }),
  );
}, 180_000);
afterAll(async () => rm(folder, { recursive: true, force: true }));

test.each(Object.entries(cases))('Types made of the contract with default options take %s', (what, [, expected]) => {
  const ofCase = complaints.filter(({ file }) => file?.fileName.endsWith(`/${nameOf(what)}.ts`));

  expect(ofCase.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual(expected);
});

test('The types themselves compile', () => {
  expect(complaints.filter(({ file }) => file === undefined || file.fileName.endsWith('/schema.ts'))).toEqual([]);
});
