import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makePrivateFolder } from '../data-folder.js';
import { hasCode } from '../../errors/system-errors.js';
import { LocalStoreError } from '../../errors/local-store-error.js';
import { type RunAs, toolEnvironment } from '../../processes/processes.js';
import { findBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { isOursAlone, statOrNull, systemFolder } from './system-folder.js';

const run = promisify(execFile);

/** Where the embedded PostgreSQL lives, and as whom it runs. */
export interface PostgresInstallation extends PostgresBinaries {
  /** Holds the cluster and its log; owned by the user PostgreSQL runs as. */
  readonly home: string;
  readonly lockFile: string;
  /** Unset: as ourselves. */
  readonly runAs?: RunAs;
}

/**
 * Finds or makes folders that PostgreSQL can use. For an ordinary user that is the data folder itself.
 *
 * PostgreSQL refuses to run as root. As root it therefore runs as an unprivileged user, and when that user cannot reach
 * the clone (under root's home, for one) its binaries and data are put where it can: `/var/lib/duet`, or else
 * `/var/tmp/duet-0`; a note in the data folder says where.
 *
 * @param dataDir absolute
 */
export async function findPostgresInstallation(dataDir: string): Promise<PostgresInstallation> {
  const note = join(dataDir, 'postgres-location');
  if (process.getuid?.() !== 0) {
    const home = join(dataDir, 'postgres');
    await makePrivateFolder(home, dataDir);
    return { ...(await findBinaries(dataDir)), home, lockFile: `${home}.lock` };
  }

  const recorded = await readRecorded(note, dataDir);
  if (recorded === null) {
    const home = join(dataDir, 'postgres');
    const runAs = (await ownerOf(home)) ?? (await unprivilegedUser());
    if (await canUse(home, runAs)) {
      return { ...(await findBinaries(undefined, runAs)), home, lockFile: `${home}.lock`, runAs };
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
  return { ...(await findBinaries(undefined, runAs)), home, lockFile: join(relocated, 'lock'), runAs };
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
    // Whatever the reason (a closed folder above, a mount that maps users, an access list), the remedy is another folder.
    return false;
  }
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
