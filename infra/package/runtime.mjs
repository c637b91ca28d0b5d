import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PackageError, root } from './project.mjs';

/** The Node release a package is made for: Terraform's `nodejs22.x`. V8's code cache holds for one version of V8 only. */
export const lambdaNodeVersion = '22.23.3';

const cache = join(root, 'node_modules/.cache/duet-runtime');

/**
 * A Node binary of exactly `version` for this machine, from npm's `node-<platform>-<arch>` packages: fetched when first asked for (about
 * 100 MB, kept in node_modules/.cache), because few who clone the repository ever need it.
 *
 * @returns {Promise<string>} its path.
 * @throws PackageError when npm has none for this machine, or cannot be reached.
 */
export async function nodeBinary(version = lambdaNodeVersion) {
  if (process.versions.node === version) {
    return process.execPath;
  }
  const name = `node-${process.platform}-${process.arch}`;
  return join(await npmPackage(name, version), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/**
 * The folder of a package that is no dependency of the service, of exactly `version`, with what it needs beside it; its install scripts do
 * not run. Several processes may ask at once.
 *
 * @throws PackageError when npm cannot install it.
 */
export async function npmPackage(name, version) {
  const home = join(cache, `${name.replace('/', '-')}-${version}`);
  const folder = join(home, 'node_modules', name);
  if (await exists(folder)) {
    return folder;
  }
  await mkdir(cache, { recursive: true });
  const made = await mkdtemp(join(cache, '.install-'));
  try {
    await writeFile(join(made, 'package.json'), '{ "private": true }\n');
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    await promisify(execFile)(npm, ['install', `${name}@${version}`, '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'], {
      cwd: made,
    }).catch((error) => {
      throw new PackageError(`npm could not fetch ${name}@${version}:\n${error.stderr}`, { cause: error });
    });
    await rename(made, home).catch(async (error) => {
      // Another process was quicker; its copy is as good.
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return folder;
}

async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
