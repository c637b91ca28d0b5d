import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Guardian } from '../../src/local/processes/guardian.js';
import { deadPort } from '../support/wire.js';
import { startWatched } from './watched-process.js';

// Real: the service as it is built, the stores, npm and the compiler that watches.

const build = (): string => process.env['DUET_TEST_BUILD'] ?? '';

let folder: string;
let guardian: Guardian;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'duet-lifecycle-'));
  await chmod(folder, 0o711);
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  guardian = new Guardian();
});
afterEach(async () => {
  await guardian.release();
  await rm(folder, { recursive: true, force: true });
});

test('While developing, the service starts again at an edit and the stores keep running', async () => {
  const [port, dataDir] = [await deadPort(), join(folder, 'data')];
  // The compiler watches a small project, whose builds start the real service.
  const source = join(folder, 'source.ts');
  await writeFile(join(folder, 'tsconfig.nest.json'), JSON.stringify({ compilerOptions: { outDir: 'out', types: [] }, files: ['source.ts'] }));
  await writeFile(source, 'export const version = 1;\n');
  const url = `http://127.0.0.1:${port}`;
  const dev = startWatched(guardian, folder, process.execPath, [join(build(), 'dist/local/commands/dev.js')], {
    PORT: String(port),
    HOST: '127.0.0.1',
    DUET_DATA_DIR: dataDir,
  });
  const stores = async (): Promise<unknown> => JSON.parse(await readFile(join(dataDir, 'running.json'), 'utf8'));
  const count = async (): Promise<number> => ((await (await fetch(`${url}/counter`, { method: 'POST' })).json()) as { visitCount: number }).visitCount;

  await dev.saying('Duet is listening');
  const before = await stores();
  expect(await count()).toBe(1);
  await writeFile(source, 'export const version = 2;\n');
  await dev.saying('Duet is listening', 2);
  expect(await count()).toBe(2);
  expect(await stores()).toEqual(before);

  await writeFile(source, 'export const version: number = "three";\n');
  await dev.saying('is not assignable');
  expect(await count()).toBe(3);

  dev.child.kill('SIGTERM');
  expect(await dev.exited).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
  await expect(stores()).rejects.toThrow('ENOENT');
}, 180_000);

test('When npm is killed, the service stops and says why', async () => {
  const main = join(build(), 'dist/main.js');
  await writeFile(join(folder, 'package.json'), JSON.stringify({ scripts: { start: `exec ${JSON.stringify(process.execPath)} ${JSON.stringify(main)}` } }));
  const npm = startWatched(guardian, folder, 'npm', ['start'], {
    PORT: '0',
    HOST: '127.0.0.1',
    DUET_DATA_DIR: join(folder, 'data'),
    LOG_LEVEL: 'error',
    STORE_TIMEOUT_MS: '60000',
  });
  await npm.saying('Duet is listening');
  const closed = once(npm.child, 'close');

  npm.child.kill('SIGKILL');
  await closed;

  expect(npm.output()).toMatch(/Duet is stopping: npm, which started it, has ended \(pid \d+\)/);
}, 180_000);

test('A script with “npm start” among its arguments is no launcher, and its end does not stop the service', async () => {
  const script = join(folder, 'run.sh');
  const stopRequest = JSON.stringify(join(build(), 'dist/local/server/stop-request.js'));
  const look = `import(${stopRequest}).then(({ launchers }) => console.log(JSON.stringify(launchers())))`;
  await writeFile(script, `"${process.execPath}" -e '${look}' & wait\n`);

  const { stdout } = await promisify(execFile)('sh', [script, 'npm', 'start']);

  expect(JSON.parse(stdout)).toEqual([]);
});
