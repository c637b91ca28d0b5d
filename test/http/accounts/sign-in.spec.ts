import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type PasswordHasher, Passwords } from '../../../src/features/credentials/passwords.js';
import { type Answer, startService, type TestService } from '../../support/service.js';

// Real: the application, PostgreSQL, DynamoDB, tokens and hashes.

const password = 'correct horse battery staple';

let service: TestService;
beforeAll(async () => {
  service = await startService({ LOGIN_LIMIT_ADDRESS: '100000' });
});
afterAll(async () => {
  await service?.stop();
});

const signIn = async (email: string, word: string): Promise<Answer> => service.call('POST', '/auth/login', { body: { email, password: word } });
const refresh = async (refreshToken: string): Promise<Answer> => service.call('POST', '/auth/refresh', { body: { refreshToken } });

describe('POST /auth/login', () => {
  test('gives tokens and the user, for no cache to keep', async () => {
    const user = await service.signUp({ name: 'Ada', timeZone: 'Europe/Berlin' });

    const { status, body, headers } = await signIn(user.email.toUpperCase(), password);

    expect(status).toBe(200);
    expect(body).toEqual({
      accessToken: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshToken: expect.any(String),
      user: expect.objectContaining({ id: user.id, name: 'Ada', version: 1 }),
    });
    expect(Object.keys(body.user)).toHaveLength(9);
    expect(headers.get('cache-control')).toBe('no-store');
    const [header, claims] = body.accessToken.split('.', 2).map((part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT', kid: expect.any(String) });
    expect(claims).toEqual({
      sub: user.id,
      role: 'user',
      zoneinfo: 'Europe/Berlin',
      auth_time: expect.any(Number),
      sid: expect.any(String),
      iss: 'duet',
      aud: 'duet',
      iat: expect.any(Number),
      exp: claims.iat + 900,
    });
  });

  test('answers an unknown e-mail and a wrong password in the same words', async () => {
    const user = await service.signUp();

    const wrong = await signIn(user.email, 'not the password at all');
    const unknown = await signIn(`${randomUUID()}@example.com`, 'not the password at all');

    expect(wrong.status).toBe(401);
    expect(wrong.body.code).toBe('auth.invalid_credentials');
    // The address's own quota goes down with each failure, for any account; the seconds run on.
    const quotas = (headers: Headers): string | undefined =>
      headers
        .get('ratelimit')
        ?.replace(/t=\d+/g, '')
        .replace(/, "address".*/, '');
    const comparable = ({ headers, body }: Answer): unknown => [
      { ...body, requestId: '' },
      [...headers].filter(([header]) => !['date', 'x-request-id', 'ratelimit'].includes(header)),
      quotas(headers),
    ];
    expect(comparable(wrong)).toEqual(comparable(unknown));
  });

  test('checks one password hash for an unknown e-mail as for a wrong password', async () => {
    const user = await service.signUp();
    const checked: string[] = [];
    const { inTurn } = Passwords.prototype;
    const watch = jest.spyOn(Passwords.prototype, 'inTurn').mockImplementation(async function (this: Passwords, account, work) {
      const verify = async (hasher: PasswordHasher, hash: string | undefined, word: string): Promise<boolean> => {
        checked.push(account);
        return hasher.verify(hash, word);
      };
      return inTurn.call(this, account, async (hasher) => work({ ...hasher, verify: async (hash, word) => verify(hasher, hash, word) }));
    });
    const unknown = `${randomUUID()}@example.com`;

    await signIn(user.email, 'not the password at all');
    await signIn(unknown, 'not the password at all');
    watch.mockRestore();

    // That a check without a hash costs what one with a hash does is src/features/credentials/passwords.spec.ts.
    expect(checked).toEqual([user.email, unknown]);
  });

  test('reveals nothing of the rules for passwords', async () => {
    expect((await signIn('unknown@example.com', 'x')).status).toBe(401);
    expect((await signIn('unknown', 'x'.repeat(1024))).status).toBe(401);
  });

  test.each([
    ['no e-mail', { password }, '/email'],
    ['an e-mail that is no text', { email: { $ne: '' }, password }, '/email'],
    ['an empty password', { email: 'a@example.com', password: '' }, '/password'],
    ['a password of 1,025 characters', { email: 'a@example.com', password: 'x'.repeat(1025) }, '/password'],
    ['an unknown field', { email: 'a@example.com', password, remember: true }, '/remember'],
  ])('refuses %s with 400', async (_, body, pointer) => {
    const answer = await service.call('POST', '/auth/login', { body });

    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, pointer]);
    expect(answer.headers.get('ratelimit')).toMatch(/^"address";r=\d+;t=\d+$/);
  });

  test('renews a hash that was made at another cost', async () => {
    const user = await service.signUp();
    const { hash } = await import('@node-rs/argon2');
    await service.truth.query('UPDATE users SET password_hash = $2 WHERE id = $1', [
      user.id,
      await hash(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 }),
    ]);

    const { body } = await signIn(user.email, password);

    const [row] = await service.truth.query<{ password_hash: string }>('SELECT password_hash FROM users WHERE id = $1', [user.id]);
    expect(row?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(body.user.version).toBe(1);
    expect((await signIn(user.email, password)).status).toBe(200);
    expect((await refresh(body.refreshToken)).status).toBe(200);
  });
});
