import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/**
 * Starts one PostgreSQL and one DynamoDB-compatible server for all suites of a run, in a process of their own, and names in
 * `DUET_TEST_STORES` the environment that leads to them. Each suite makes a database and tables of its own there (stores.ts).
 * Jest's `globalSetup`; called by several projects, it starts them once.
 */
export default async function startSharedStores() {
  if (process.env.DUET_TEST_STORES !== undefined) {
    return;
  }
  const child = spawn(process.execPath, ['--no-warnings', '--import', './test/support/typescript/run-typescript.mjs', 'test/support/setup/serve-stores.ts'], {
    // It ends when its input ends, so that nothing is left running should jest be killed.
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const exited = once(child, 'exit');
  const started = once(createInterface(child.stdout), 'line');
  const [environment] = await Promise.race([started, exited.then(([code]) => Promise.reject(new Error(`The stores of the tests did not start (${code})`)))]);
  process.env.DUET_TEST_STORES = environment;
  globalThis.stopSharedStores = async () => {
    child.stdin.end();
    await exited;
  };
}
