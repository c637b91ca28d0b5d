import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';

/** The functions of the service. */
export const functionNames = ['http', 'stream', 'outbox', 'migrate'] as const;
export type FunctionName = (typeof functionNames)[number];

/**
 * Packages the service once for all specs, into a temporary folder that `DUET_TEST_PACKAGE` names: `made/` as `npm run package` makes it,
 * `compiled/` what it was made of, `unpacked/<function>/` each zip in an empty folder. Jest's `globalSetup`.
 */
export default async function packageFunctions(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'duet-package-'));
  process.env['DUET_TEST_PACKAGE'] = folder;
  await Promise.all([packageInto(join(folder, 'made'), join(folder, 'compiled')), prepareRuntimes()]);
  for (const name of functionNames) {
    await mkdir(join(folder, 'unpacked', name), { recursive: true });
    for (const [file, bytes] of Object.entries(unzipSync(await readFile(join(folder, 'made', `${name}.zip`))))) {
      await writeFile(join(folder, 'unpacked', name, file), bytes);
    }
  }
}

/** In a process of its own, because jest compiles no more than the file of a `globalSetup`. */
async function prepareRuntimes(): Promise<void> {
  const script = [
    '--no-warnings',
    '--import',
    pathToFileURL(resolve('test/support/typescript/run-typescript.mjs')).href,
    resolve('test/support/lambda-runtime/prepare.ts'),
  ];
  await promisify(execFile)(process.execPath, script, { env: { ...process.env, NODE_OPTIONS: '' } });
}

/** Runs `npm run package` into `out`; `compiled` keeps tsc's output, or has it already. */
export async function packageInto(out: string, compiled: string, ...options: string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [resolve('infra/package/package.mjs'), '--out', out, '--compiled', compiled, ...options], {
    cwd: resolve('.'),
    env: { ...process.env, LAMBDA_ARCH: 'x64', NODE_OPTIONS: '' },
  });
}

/** A place in the folder of {@link packageFunctions}. */
export function packaged(...path: string[]): string {
  const folder = process.env['DUET_TEST_PACKAGE'];
  if (folder === undefined) {
    throw new Error('DUET_TEST_PACKAGE is not set: run this through the jest project "lambda"');
  }
  return join(folder, ...path);
}
