import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { compileApp } from './compile-service.mjs';

/**
 * Builds the service and the app, and starts one service and one Chromium for all suites; `DUET_TEST_APP`, `DUET_TEST_APP_DATA` and `DUET_TEST_BROWSER` name where they are.
 * Where there is no Chromium, nothing is started: the suites skip themselves. Jest's `globalSetup`.
 */
export default async function startApp() {
  if (!existsSync(process.env.CHROMIUM_PATH ?? '/usr/bin/chromium')) {
    return;
  }
  await compileApp();
  const child = spawn(process.execPath, ['--no-warnings', '--import', './test/support/typescript/run-typescript.mjs', 'test/support/setup/serve-app.ts'], {
    // It ends when its input ends, so that nothing is left running should jest be killed.
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const exited = once(child, 'exit');
  const started = once(createInterface(child.stdout), 'line');
  const [line] = await Promise.race([started, exited.then(([code]) => Promise.reject(new Error(`The app of the tests did not start (${code})`)))]);
  const { app, data, browser } = JSON.parse(line);
  Object.assign(process.env, { DUET_TEST_APP: app, DUET_TEST_APP_DATA: data, DUET_TEST_BROWSER: browser });
  globalThis.stopApp = async () => {
    child.stdin.end();
    await exited;
  };
}
