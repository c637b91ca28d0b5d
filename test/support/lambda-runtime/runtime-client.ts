import { execFile } from 'node:child_process';
import { access, copyFile, cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { npmPackage } from '../../../infra/package/runtime.mjs';

const run = promisify(execFile);

/** AWS's own runtime client, the program that loads a handler on Lambda: https://github.com/aws/aws-lambda-nodejs-runtime-interface-client */
const clientVersion = '4.0.2';
const transportFile = 'rapid-client.node';
const compilePatienceMs = 300_000;

/** The runtime client, ready to be run. */
export interface RuntimeClient {
  /** What runs: the client, and which transport it has. For reports. */
  readonly description: string;
  /** Node's arguments before the handler's name. */
  readonly nodeArguments: readonly string[];
}

/**
 * Lambda's runtime client, fetched from npm when first needed and kept in node_modules/.cache. Its transport is native: it is compiled
 * once, by the client's own scripts (half a minute), where cmake, make, g++ and Python are; elsewhere a stand-in written in JavaScript takes
 * the place of that one file, and the description says so. Several processes may ask at once.
 *
 * @throws PackageError when npm cannot fetch the client.
 */
export async function runtimeClient(): Promise<RuntimeClient> {
  return (remembered ??= prepare(compileTransport));
}

let remembered: Promise<RuntimeClient> | undefined;

/** The same with the JavaScript transport, wherever it runs. */
export async function runtimeClientInJavaScript(): Promise<RuntimeClient> {
  return prepare(async () => 'as asked');
}

async function prepare(provideTransport: (folder: string) => Promise<string | undefined>): Promise<RuntimeClient> {
  const folder = await npmPackage('aws-lambda-ric', clientVersion);
  const program = join(folder, 'index.mjs');
  const name = `aws-lambda-ric ${clientVersion}`;
  const problem = await provideTransport(folder);
  if (problem === undefined) {
    return { description: `${name}, native transport`, nodeArguments: [program] };
  }
  const standIn = fileURLToPath(new URL('transport-stand-in.cjs', import.meta.url));
  return { description: `${name}, JavaScript transport (${problem})`, nodeArguments: ['--require', standIn, program] };
}

/** @returns why it could not be compiled, if it could not. */
async function compileTransport(folder: string): Promise<string | undefined> {
  if (await exists(join(folder, transportFile))) {
    return undefined;
  }
  for (const tool of ['cmake', 'make', 'g++', 'python3']) {
    if (!(await run(tool, ['--version']).catch(() => undefined))) {
      return `no ${tool} to compile the native one`;
    }
  }
  const home = dirname(dirname(folder));
  const copy = await mkdtemp(`${home}-compiling-`);
  try {
    await cp(home, copy, { recursive: true });
    const copied = join(copy, 'node_modules/aws-lambda-ric');
    for (const script of ['preinstall.sh', 'postinstall.sh']) {
      await run(join(copied, 'scripts', script), { cwd: copied, timeout: compilePatienceMs, maxBuffer: 2 ** 26 });
    }
    // Beside its place first: a rename is whole or not at all, also beside another process that does the same.
    const ready = join(folder, `${transportFile}.${process.pid}`);
    await copyFile(join(copied, transportFile), ready);
    await rename(ready, join(folder, transportFile));
    return undefined;
  } catch (error) {
    const lines = String((error as { stderr?: unknown }).stderr ?? error)
      .trim()
      .split('\n');
    return `the native one did not compile: ${lines.at(-1) ?? ''}`;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
