import { spawn } from 'node:child_process';
import { DeployError } from './errors.mjs';

/**
 * Runs a program to its end, shown as it goes on unless `quiet`.
 *
 * @returns its exit code and what it printed.
 * @throws DeployError when it is not installed, with `missing` as what to do.
 */
export async function run(program, args, { cwd, env = process.env, quiet = false, missing = `install ${program}` } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['inherit', 'pipe', 'pipe'] });
    const chunks = { stdout: [], stderr: [] };
    for (const name of ['stdout', 'stderr']) {
      child[name].on('data', (data) => {
        chunks[name].push(data);
        if (!quiet) process[name].write(data);
      });
    }
    child.once('error', (error) => reject(error.code === 'ENOENT' ? new DeployError(`${program} is not on the PATH: ${missing}`, { cause: error }) : error));
    child.once('close', (code, signal) =>
      resolve({ code: code ?? signal, stdout: Buffer.concat(chunks.stdout).toString(), stderr: Buffer.concat(chunks.stderr).toString() }),
    );
  });
}
