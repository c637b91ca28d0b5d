import { describe, expect, it } from '@jest/globals';
import { isGuessable, needsRehash, Passwords } from './passwords.js';

describe('passwords', () => {
  const passwords = new Passwords();

  it('are hashed with argon2id at 19 MiB, t=2, p=1, and verified', async () => {
    const hash = await passwords.hash('correct horse battery staple');

    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await passwords.verify(hash, 'correct horse battery staple')).toBe(true);
    expect(await passwords.verify(hash, 'correct horse battery stapler')).toBe(false);
  });

  it('are the same whether their characters arrive composed or decomposed', async () => {
    const hash = await passwords.hash('zw\u00F6lf Boxk\u00E4mpfer jagen');

    expect(await passwords.verify(hash, 'zwo\u0308lf Boxka\u0308mpfer jagen')).toBe(true);
  });

  it('never fit an account that is not there, and take as long to say so', async () => {
    const hash = await passwords.hash('correct horse battery staple');
    const time = async (of: string | undefined): Promise<number> => {
      const times: number[] = [];
      for (let run = 0; run < 7; run += 1) {
        const from = performance.now();
        expect(await passwords.verify(of, 'a wrong password altogether')).toBe(false);
        times.push(performance.now() - from);
      }
      // The quickest: what else the machine does only ever adds.
      return Math.min(...times);
    };

    const ratio = (await time(undefined)) / (await time(hash));

    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  it('hashed at another cost are hashed again at sign-in', async () => {
    const { hash } = await import('@node-rs/argon2');

    expect(needsRehash(await hash('correct horse battery staple', { memoryCost: 8192, timeCost: 1, parallelism: 1 }))).toBe(true);
    expect(needsRehash(await passwords.hash('correct horse battery staple'))).toBe(false);
  });

  it.each([
    ['ada.lovelace@example.com', true],
    ['ADA.Lovelace@Example.Com', true],
    ['augusta ada lovelace', true],
    ['augusta ada lovelace!', false],
  ])('%s is the e-mail or name: %s', (password, guessable) => {
    expect(isGuessable(password, { email: 'ada.lovelace@example.com', name: 'Augusta Ada Lovelace' })).toBe(guessable);
  });
});
