import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/**
 * Builds the service beside `dist/`, which a running `npm start` may be using; `DUET_TEST_BUILD` says where. A build that it names already is taken as it is: one
 * that was broken on purpose, to see the tests fail.
 */
export async function compileService() {
  if (process.env.DUET_TEST_BUILD !== undefined) {
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'duet-build-'));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await Promise.all(
    ['package.json', 'openapi.json', 'common-passwords.txt', 'infra'].map(async (name) => cp(resolve(name), join(folder, name), { recursive: true })),
  );
  // Types are checked elsewhere, by `npm run types`; what matters here is what comes out.
  const output = await new Promise((done) => {
    execFile(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')], (_, text) => done(text));
  });
  if (!existsSync(join(folder, 'dist', 'main.js'))) {
    throw new Error(`The service could not be built:\n${output}`);
  }
  process.env.DUET_TEST_BUILD = folder;
  process.env.DUET_TEST_BUILD_IS_OURS = 'true';
}

/** Builds the app, too, where the built service serves it. */
export async function compileApp() {
  await compileService();
  await promisify(execFile)(process.execPath, ['scripts/build-web.mjs', join(process.env.DUET_TEST_BUILD, 'dist/web')]);
}

/** Removes what {@link compileService} has built. */
export async function removeCompiledService() {
  const folder = process.env.DUET_TEST_BUILD;
  if (folder !== undefined && process.env.DUET_TEST_BUILD_IS_OURS === 'true') {
    await rm(folder, { recursive: true, force: true });
  }
}
