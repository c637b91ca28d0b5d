import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Guardian } from '../../src/local/processes/guardian.js';

/** A process whose output is watched; it does not outlive this one. */
export function startWatched(guardian: Guardian, cwd: string, command: string, args: readonly string[], env: Record<string, string>) {
  const child: ChildProcess = spawn(command, args, { cwd, env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  guardian.watch(child.pid ?? 0);
  let output = '';
  const exited = once(child, 'exit').then(([code]) => {
    guardian.forget(child.pid ?? 0);
    return code as number | null;
  });
  const saying = async (text: string, times = 1): Promise<void> =>
    new Promise((resolveOutput, reject) => {
      const look = (): void => void (output.split(text).length > times && resolveOutput());
      child.stdout?.on('data', look);
      void exited.then(() => reject(new Error(`It ended without saying “${text}”:\n${output}`)));
      look();
    });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text));
  return { child, exited, saying, output: () => output };
}
