import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makePrivateFile, openDataFolder, readOrCreateSecret } from './data-folder.js';

// Real: folders, files and their modes.
let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'duet data '));
  folder = join(parent, 'data');
});
afterEach(async () => rm(parent, { recursive: true, force: true }));

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe('A data folder', () => {
  test('is made for its owner to write, and taken again', async () => {
    expect(await openDataFolder(folder)).toBe(folder);
    expect(await modeOf(folder)).toBe('711');
    expect(await openDataFolder(folder)).toBe(folder);
  });

  test.each([0o777, 0o775, 0o1777, 0o702])('of mode %o is refused with the command that mends it', async (mode) => {
    await mkdir(folder);
    await chmod(folder, mode);

    await expect(openDataFolder(folder)).rejects.toThrow(`run chmod go-w '${folder}'`);
  });
});

describe('A signing key', () => {
  const key = (): string => join(folder, 'jwt-secret');
  beforeEach(async () => openDataFolder(folder));

  test('is made once, for its owner alone', async () => {
    const made = await readOrCreateSecret(key(), folder);

    expect(made).toMatch(/^[\w-]{64}$/);
    expect(await modeOf(key())).toBe('600');
    expect(await readOrCreateSecret(key(), folder)).toBe(made);
  });

  test.each([
    [0o666, 'Others may have written', 'run rm '],
    [0o660, 'Others may have written', 'run rm '],
    [0o644, 'Others may read', 'run chmod 600 '],
  ])('of mode %o is refused with the command that mends it', async (mode, problem, command) => {
    await writeFile(key(), 'a key that somebody else may know or have made');
    await chmod(key(), mode);

    const reading = readOrCreateSecret(key(), folder);

    await expect(reading).rejects.toThrow(problem);
    await expect(reading).rejects.toThrow(`${command}'${key()}'`);
  });

  test('that is a link to somewhere else is refused', async () => {
    await writeFile(join(parent, 'elsewhere'), 'a key of somebody else', { mode: 0o600 });
    await symlink(join(parent, 'elsewhere'), key());

    await expect(readOrCreateSecret(key(), folder)).rejects.toThrow('Others may have written');
  });
});

test('A file that a server writes into is its owner’s alone, and keeps what is in it', async () => {
  const file = join(parent, 'database');
  await writeFile(file, 'rows', { mode: 0o644 });

  await makePrivateFile(file);

  expect([await modeOf(file), (await stat(file)).size]).toEqual(['600', 4]);
});
