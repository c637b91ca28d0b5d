// npm run test:contract -- [--seed N] [--runs N] [--only <operationId or story>]
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const stories = ['todos', 'records', 'users', 'counter', 'sign-ins'];
const usage = `npm run test:contract -- [--seed N] [--runs N] [--only NAME]

  --seed N     draw other requests than npm test does; the same seed draws the same (a random one by default)
  --runs N     how many requests, of all operations together (20000)
  --only NAME  one operation of openapi.json, by its operationId, or one story: ${stories.join(', ')}; --runs is then its own`;

function wholeNumber(name, text) {
  if (!/^\d{1,9}$/.test(text)) {
    process.stderr.write(`--${name} must be a whole number, not ${text}.\n\n${usage}\n`);
    process.exit(1);
  }
  return text;
}

function knownName(name) {
  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8'));
  const operations = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
  if (![...operations, ...stories].includes(name)) {
    process.stderr.write(`--only ${name}: there is no such operation or story.\n\n${usage}\n`);
    process.exit(1);
  }
  return name;
}

function options() {
  try {
    const strings = ['seed', 'runs', 'only'].map((name) => [name, { type: 'string' }]);
    return parseArgs({ options: { ...Object.fromEntries(strings), help: { type: 'boolean' } } }).values;
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${usage}\n`);
    process.exit(1);
  }
}

const { seed = String(Math.floor(Math.random() * 1e9)), runs = '20000', only, help } = options();
if (help) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
const env = {
  ...process.env,
  DUET_CONTRACT_SEED: wholeNumber('seed', seed),
  DUET_CONTRACT_RUNS: wholeNumber('runs', runs),
  ...(only !== undefined && { DUET_CONTRACT_ONLY: knownName(only) }),
};
const jest = [
  '--experimental-vm-modules',
  '--no-warnings',
  'node_modules/jest/bin/jest.js',
  '--selectProjects',
  'contract',
  '--testPathPatterns',
  'contract.spec',
];
process.exit(spawnSync(process.execPath, jest, { stdio: 'inherit', env }).status ?? 1);
