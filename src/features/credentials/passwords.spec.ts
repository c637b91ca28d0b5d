import { describe, expect, jest, test } from '@jest/globals';
import * as argon2 from '@node-rs/argon2';
import { storeTimeouts } from '../../config/store-timeouts.js';
import type { AppConfig } from '../../config/config.module.js';

// Real: argon2. It is only watched, and held up.
const verified: string[] = [];
let held = Promise.resolve();
jest.unstable_mockModule('@node-rs/argon2', () => ({
  ...argon2,
  hash: async (...parameters: Parameters<typeof argon2.hash>) => {
    await held;
    return argon2.hash(...parameters);
  },
  verify: async (hash: string, password: string) => {
    verified.push(hash);
    return argon2.verify(hash, password);
  },
}));
const { needsRehash, Passwords } = await import('./passwords.js');

describe('passwords', () => {
  const passwords = new Passwords({ storeTimeouts: storeTimeouts() } as AppConfig);
  const hash = async (password: string): Promise<string> => passwords.inTurn('ada@example.com', async (hasher) => hasher.hash(password));
  const verify = async (stored: string | undefined, password: string): Promise<boolean> =>
    passwords.inTurn('ada@example.com', async (hasher) => hasher.verify(stored, password));

  test('are hashed with argon2id at 19 MiB, t=2, p=1, and verified', async () => {
    const stored = await hash('correct horse battery staple');

    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await verify(stored, 'correct horse battery staple')).toBe(true);
    expect(await verify(stored, 'correct horse battery stapler')).toBe(false);
  });

  test('are the same whether their characters arrive composed or decomposed', async () => {
    const stored = await hash('zw\u00F6lf Boxk\u00E4mpfer jagen');

    expect(await verify(stored, 'zwo\u0308lf Boxka\u0308mpfer jagen')).toBe(true);
  });

  test('never fit an account that is not there, at the cost of one that is', async () => {
    const stored = await hash('correct horse battery staple');
    verified.length = 0;

    expect([await verify(stored, 'a wrong password altogether'), await verify(undefined, 'a wrong password altogether')]).toEqual([false, false]);

    const costOf = (of: string | undefined): string | undefined => of?.split('$').slice(0, 4).join('$');
    expect(verified.map(costOf)).toEqual([costOf(stored), costOf(stored)]);
  });

  test('hashed at another cost are hashed again at sign-in', async () => {
    expect(needsRehash(await argon2.hash('correct horse battery staple', { memoryCost: 8192, timeCost: 1, parallelism: 1 }))).toBe(true);
    expect(needsRehash(await hash('correct horse battery staple'))).toBe(false);
  });

  test('wait in one queue, of which an account has half; what finds no place is refused with 429', async () => {
    let release = (): void => {};
    held = new Promise((resolve) => (release = resolve));
    const refused: unknown[] = [];

    // Four at work and 32 waiting.
    const settled = Array.from({ length: 40 }, async () => hash('correct horse battery staple').catch((error: unknown) => refused.push(error)));
    await new Promise(setImmediate);

    expect(refused).toHaveLength(4);
    expect(refused[0]).toMatchObject({ status: 429, code: 'rate_limit.exceeded', headers: { 'Retry-After': '1' } });
    release();
    await Promise.all(settled);
  });
});
