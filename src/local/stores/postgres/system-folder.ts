import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { hasCode } from '../../errors/system-errors.js';
import { LocalStoreError } from '../../errors/local-store-error.js';

/** The first of these that is ours alone to write to, so that no other user can have planted anything in it. */
export async function systemFolder(): Promise<string> {
  for (const folder of ['/var/lib/duet', '/var/tmp/duet-0']) {
    if (await isOursAlone(folder)) {
      return folder;
    }
  }
  throw new LocalStoreError(
    'Neither /var/lib/duet nor /var/tmp/duet-0 can hold PostgreSQL (they must be writable, and belong to root alone): make one so, or set RDS_HOST to a PostgreSQL server of your own',
  );
}

/** Whether the folder, made if it is not there, can be written to by root alone. */
export async function isOursAlone(folder: string): Promise<boolean> {
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

/** What is there, links not followed; null when nothing is. */
export async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) {
      return null;
    }
    throw error;
  }
}
