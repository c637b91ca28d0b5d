import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../../src/config/config.js';
import { Guardian } from '../../src/local/processes/guardian.js';
import { deadPort } from './wire.js';

/** The service as `npm start` runs it, in a process of its own. */
export interface BuiltService {
  readonly url: string;
  readonly pid: number;
  /** Sends SIGKILL: no chance to finish anything. */
  kill(): Promise<void>;
  /** Sends SIGTERM and resolves once it has ended; throws when it did not end well. */
  stop(): Promise<void>;
}

/** Starts what `build-service.ts` built, or another build, with this environment and nothing else, on its `PORT` or else a free one, on loopback; resolves when it listens. */
export async function startBuiltService(environment: Environment, folder = process.env['DUET_TEST_BUILD']): Promise<BuiltService> {
  if (folder === undefined) {
    throw new Error('DUET_TEST_BUILD is not set: run this through the jest project "faults"');
  }
  const port = Number(environment['PORT'] ?? (await deadPort()));
  const child = spawn(process.execPath, [join(folder, 'dist', 'main.js')], {
    cwd: folder,
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'error', HOST: '127.0.0.1', ...environment, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Should jest be killed, nothing may be left running.
  const guardian = new Guardian();
  guardian.watch(child.pid ?? 0);
  let output = '';
  const listening = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = `${output}${text}`.slice(-20_000);
        if (output.includes('Duet is listening')) {
          resolve();
        }
      });
    }
  });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const end = async (signal: NodeJS.Signals): Promise<[number | null, string | null]> => {
    child.kill(signal);
    const how = await exited;
    guardian.forget(child.pid ?? 0);
    await guardian.release();
    return how;
  };
  const startPatience = new AbortController();
  const started = await Promise.race([
    listening.then(() => 'listening'),
    exited.then(() => 'ended'),
    sleep(45_000, 'slow', { signal: startPatience.signal }).catch(() => 'listening'),
  ]);
  startPatience.abort();
  if (started !== 'listening') {
    await end('SIGKILL');
    throw new Error(`The service did not start (${started}):\n${output}`);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    kill: async () => void (await end('SIGKILL')),
    stop: async () => {
      const tooLong = setTimeout(() => child.kill('SIGKILL'), 30_000);
      const [code] = await end('SIGTERM');
      clearTimeout(tooLong);
      if (code !== 0) {
        throw new Error(`The service did not stop in order (${code}):\n${output}`);
      }
    },
  };
}
