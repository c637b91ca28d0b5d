import { expect, test } from '@jest/globals';
import { isCommandShell, launcherName } from './stop-request.js';

test.each([
  [['npm start'], 'npm'],
  [['npm', 'start'], 'npm'],
  [['npx nest start'], 'npx'],
  [['npm exec nest start'], 'npm'],
  [['/usr/bin/node', '/usr/lib/node_modules/npm/bin/npm-cli.js', 'start'], 'npm'],
  [['node', '--no-warnings', 'node_modules/.bin/nest', 'start'], 'nest'],
  [['node', '/clone/node_modules/@nestjs/cli/bin/nest.js', 'start'], 'nest'],
])('%j is a launcher', (words, name) => {
  expect(launcherName(words)).toBe(name);
});

test.each([
  [['sh', './run.sh', 'npm', 'start']],
  [['bash', '/opt/npm/run.sh', 'npm start']],
  [['/bin/sh', 'npm']],
  [['node', 'supervisor.js', 'npm', 'start']],
  [['python3', 'npm']],
  [['npm-check']],
  [[]],
])('%j is none, whatever its arguments say', (words) => {
  expect(launcherName(words)).toBeUndefined();
});

test('A shell counts as part of a launcher only when it runs one command line', () => {
  expect(isCommandShell(['/bin/sh', '-c', 'node dist/main.js'])).toBe(true);
  expect(isCommandShell(['sh', './run.sh', '-c'])).toBe(false);
  expect(isCommandShell(['node', '-c', 'x.js'])).toBe(false);
});
