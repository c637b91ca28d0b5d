import { randomBytes } from 'node:crypto';
import { access, constants, lstat, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../errors/system-errors.js';
import { LocalStoreError } from '../errors/local-store-error.js';
import { startTimeOf } from '../processes/processes.js';

/**
 * Creates the data folder, for its owner only to write, and returns its absolute path.
 *
 * @throws LocalStoreError when this user cannot use it, or others may write it: what they put there would be trusted.
 */
export async function openDataFolder(dataDir: string): Promise<string> {
  const folder = resolve(dataDir);
  // Others may pass through, but not list: as root, PostgreSQL runs as another user and its folder lies inside.
  await makeWritable(folder, folder, 0o711);
  await assertOnlyOursToWrite(folder);
  return folder;
}

async function assertOnlyOursToWrite(folder: string): Promise<void> {
  const { mode, uid } = await stat(folder);
  if (isOthers(uid)) {
    throw new LocalStoreError(
      `The data folder ${shown(folder)} belongs to another user, who could put a signing key into it: run chown ${process.getuid?.()} ${quoted(folder)}, or set DUET_DATA_DIR to another folder`,
    );
  }
  if (mode & 0o022) {
    throw new LocalStoreError(
      `Others may write the data folder ${shown(folder)}, and could put a signing key into it: run chmod go-w ${quoted(folder)}, or set DUET_DATA_DIR to another folder`,
    );
  }
}

// What root owns is as safe as root.
function isOthers(uid: number): boolean {
  const us = process.getuid?.();
  return us !== undefined && uid !== us && uid !== 0;
}

/** A path as a shell reads it. */
function quoted(path: string): string {
  const text = shown(path);
  return /^[\w./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Creates a folder in the data folder, for this user alone. */
export async function makePrivateFolder(folder: string, dataDir: string): Promise<void> {
  await makeWritable(folder, dataDir, 0o700);
}

async function makeWritable(folder: string, dataDir: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

function unusable(folder: string, error: unknown): unknown {
  return hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR')
    ? new LocalStoreError(`This user cannot use the data folder ${shown(folder)}: give it to this user with all in it, or set DUET_DATA_DIR to another folder`)
    : error;
}

function shown(folder: string): string {
  const short = relative(process.cwd(), folder);
  return short !== '' && !short.startsWith('..') ? short : folder;
}

/** A process that cannot be mistaken for a later one with the same pid. */
export interface Holder {
  readonly pid: number;
  readonly startTime: string;
}

/** This process. */
export function ourselves(): Holder {
  return { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
}

/** Whether that very process is still running. */
export function isAlive(holder: Holder): boolean {
  return startTimeOf(holder.pid) === holder.startTime;
}

/** Reads the {@link Holder} out of a lock or run file's text; null when it holds none. */
export function parseHolder(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' &&
      value !== null &&
      'pid' in value &&
      typeof value.pid === 'number' &&
      'startTime' in value &&
      typeof value.startTime === 'string'
      ? { pid: value.pid, startTime: value.startTime }
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return null;
    }
    throw error;
  }
}

/**
 * Takes the lock `file` for as long as this process lives, or until the returned function is called. A lock left by a
 * process that is gone is taken over.
 *
 * @throws LocalStoreError naming the process that holds it.
 */
export async function lock(file: string, dataDir: string): Promise<() => Promise<void>> {
  for (let attempt = 0; ; attempt++) {
    if (await createWith(file, JSON.stringify(ourselves()), dataDir)) {
      // Once only: by the second time the lock may be somebody else's.
      let released: Promise<void> | undefined;
      return async () => (released ??= rm(file, { force: true }));
    }
    const text = await readWhenWritten(file);
    const holder = parseHolder(text);
    if ((holder !== null && isAlive(holder)) || attempt === 10) {
      throw new LocalStoreError(
        `The data folder ${shown(dataDir)} is in use by another Duet${holder === null ? '' : ` (pid ${holder.pid})`}: stop it, or set DUET_DATA_DIR to another folder`,
      );
    }
    await setAside(file, text);
  }
}

// Renaming lets only one of several heirs have the stale lock; one that was renewed in between is given back.
async function setAside(file: string, expected: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(file, aside);
    const text = await readFile(aside, 'utf8');
    if (text === expected) {
      await rm(aside);
    } else {
      await rename(aside, file);
    }
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) {
      throw error;
    }
  }
}

/**
 * The secret kept in `file`, readable by this user only; made on first use.
 *
 * @throws LocalStoreError when others could have written or read it.
 */
export async function readOrCreateSecret(file: string, dataDir: string): Promise<string> {
  const secret = randomBytes(48).toString('base64url');
  if (await createWith(file, secret, dataDir)) {
    return secret;
  }
  await assertSecret(file);
  return readWhenWritten(file);
}

async function assertSecret(file: string): Promise<void> {
  const found = await lstat(file);
  if (!found.isFile() || isOthers(found.uid) || found.mode & 0o022) {
    throw new LocalStoreError(
      `Others may have written ${shown(file)}, which holds the signing key: run rm ${quoted(file)}; a new key is made then, and everyone signs in again`,
    );
  }
  if (found.mode & 0o044) {
    throw new LocalStoreError(
      `Others may read ${shown(file)}, which holds the signing key: run chmod 600 ${quoted(file)}, or rm ${quoted(file)} for a new key if they may have read it`,
    );
  }
}

/** Makes a file that a server writes into readable by this user only, before the server opens it; what is in it stays. */
export async function makePrivateFile(file: string): Promise<void> {
  const handle = await open(file, 'a', 0o600);
  try {
    await handle.chmod(0o600);
  } finally {
    await handle.close();
  }
}

/** Replaces a file in one step, readable by this user only. */
export async function writePrivately(file: string, text: string): Promise<void> {
  const next = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(next, 'wx', 0o600);
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
  await rename(next, file);
}

async function createWith(file: string, text: string, dataDir: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) {
      return false;
    }
    throw unusable(dataDir, error);
  }
}

// Creating and writing are two steps for its writer: an empty file is about to be filled, unless its writer was killed.
async function readWhenWritten(file: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const text = await readText(file);
    if (text !== '' || attempt === 20) {
      return text;
    }
    await sleep(20);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return '';
    }
    if (hasCode(error, 'EACCES')) {
      throw new LocalStoreError(`This user cannot read ${shown(file)}: run as the user who made it, or set DUET_DATA_DIR to another folder`);
    }
    throw error;
  }
}
