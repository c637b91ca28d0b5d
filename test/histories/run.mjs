// npm run test:histories -- [--seed N] [--minutes M] [--out FOLDER] [--replay FILE]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const usage = `npm run test:histories -- [--seed N] [--minutes M] [--out FOLDER] [--replay FILE]

  --seed N       draw other histories than npm test does (a random one by default)
  --minutes M    how long (2)
  --out FOLDER   where a failing history is written, made as small as it still fails, as JSON and SVG (.histories)
  --replay FILE  judge a history that was written, and nothing else`;

function fail(message) {
  process.stderr.write(`${message}\n\n${usage}\n`);
  process.exit(1);
}

function options() {
  try {
    const strings = ['seed', 'minutes', 'out', 'replay'].map((name) => [name, { type: 'string' }]);
    return parseArgs({ options: { ...Object.fromEntries(strings), help: { type: 'boolean' } } }).values;
  } catch (error) {
    return fail(error.message);
  }
}

const { seed = String(Math.floor(Math.random() * 1e9)), minutes = '2', out = '.histories', replay, help } = options();
if (help) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
if (!/^\d{1,9}$/.test(seed)) fail(`--seed must be a whole number, not ${seed}.`);
if (!/^[1-9]\d{0,3}$/.test(minutes)) fail(`--minutes must be a whole number from 1, not ${minutes}.`);
if (replay !== undefined && !existsSync(replay)) fail(`--replay ${replay}: there is no such file.`);
const env = {
  ...process.env,
  DUET_HISTORIES_SEED: seed,
  DUET_HISTORIES_MINUTES: minutes,
  DUET_HISTORIES_OUT: resolve(out),
  ...(replay !== undefined && { DUET_HISTORIES_REPLAY: resolve(replay) }),
};
const jest = [
  '--experimental-vm-modules',
  '--no-warnings',
  'node_modules/jest/bin/jest.js',
  '--selectProjects',
  'histories',
  '--testPathPatterns',
  'histories.spec',
];
process.exit(spawnSync(process.execPath, jest, { stdio: 'inherit', env }).status ?? 1);
