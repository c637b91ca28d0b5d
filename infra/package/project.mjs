import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** A package that cannot be made; the message says what to do. */
export class PackageError extends Error {
  name = 'PackageError';
}

export async function readJson(path) {
  return JSON.parse(await readFile(join(root, path), 'utf8'));
}
