import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { type Answer, callService, type SignedUp, startService, type TestService } from '../../support/service.js';

// Real: the application, PostgreSQL, DynamoDB, tokens and hashes.

const password = 'correct horse battery staple';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => service?.stop());

describe('An access token', () => {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  let user: SignedUp;
  let claims: Record<string, unknown>;
  let secret: string;

  const sign = (header: object, payload: object, key: string, hash = 'sha256'): string => {
    const input = `${encode(header)}.${encode(payload)}`;
    return `${input}.${createHmac(hash, key).update(input).digest('base64url')}`;
  };
  const read = async (authorization?: string): Promise<Answer> =>
    service.call('GET', `/users/${user.id}`, { headers: authorization === undefined ? {} : { Authorization: authorization } });

  beforeAll(async () => {
    user = await service.signUp();
    secret = service.config.auth.jwtSecret ?? '';
    const now = Math.floor(Date.now() / 1000);
    claims = { sub: user.id, role: 'user', zoneinfo: 'UTC', iss: 'duet', aud: 'duet', iat: now, exp: now + 900 };
  });

  test('made by the rules is taken', async () => {
    expect((await read(`Bearer ${sign({ alg: 'HS256', typ: 'JWT' }, claims, secret)}`)).status).toBe(200);
    expect((await read(`bearer ${user.accessToken}`)).status).toBe(200);
  });

  test('that is not sent is 401 with the bare challenge', async () => {
    for (const authorization of [undefined, '', 'Bearer', 'Basic dXNlcjpwYXNz', user.accessToken]) {
      const { status, body, headers } = await read(authorization);
      expect([status, body.code, headers.get('www-authenticate')]).toEqual([401, 'auth.token_missing', 'Bearer']);
    }
    expect((await service.call('GET', `/users/${user.id}?access_token=${user.accessToken}`)).status).toBe(401);
  });

  test.each([
    ['of noise', () => 'x'],
    ['of three parts of noise', () => 'a.b.c'],
    ['with a changed claim', () => user.accessToken.replace(/\.[^.]+\./, `.${encode({ ...claims, role: 'admin' })}.`)],
    ['without its signature', () => user.accessToken.replace(/[^.]+$/, '')],
    ['of algorithm none', () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`],
    ['of another algorithm', () => sign({ alg: 'HS512', typ: 'JWT' }, claims, secret, 'sha512')],
    ['of another type', () => sign({ alg: 'HS256', typ: 'at+jwt' }, claims, secret)],
    ['without a type', () => sign({ alg: 'HS256' }, claims, secret)],
    ['with a critical extension', () => sign({ alg: 'HS256', typ: 'JWT', crit: ['x'], x: 1 }, claims, secret)],
    ['signed with another key', () => sign({ alg: 'HS256', typ: 'JWT' }, claims, 'another key of at least 32 bytes!!')],
    ['signed with an empty key', () => sign({ alg: 'HS256', typ: 'JWT' }, claims, '')],
    ['that has expired', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...claims, iat: 1_700_000_000, exp: 1_700_000_900 }, secret)],
    ['that lives too long', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...claims, iat: Number(claims['iat']) - 1000, exp: 4_000_000_000 }, secret)],
    ['that never expires', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...claims, exp: undefined }, secret)],
    ['of another issuer', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...claims, iss: 'other' }, secret)],
    ['for another audience', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...claims, aud: 'other' }, secret)],
    ['not good yet', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...claims, nbf: 4_000_000_000 }, secret)],
    ['of an unknown role', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...claims, role: 'root' }, secret)],
    ['of no user', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...claims, sub: 'me' }, secret)],
    ['followed by another', () => `${user.accessToken} ${user.accessToken}`],
    ['that is a refresh token', () => user.refreshToken],
  ])('%s is 401 with invalid_token', async (_, token) => {
    const { status, body, headers } = await read(`Bearer ${token()}`);

    expect([status, body.code, headers.get('www-authenticate')]).toEqual([401, 'auth.invalid_token', 'Bearer error="invalid_token"']);
  });

  test('is signed and checked with the UTF-8 bytes of JWT_SECRET', async () => {
    const other = await createServerApp({ ...service.config, auth: { jwtSecret: 'ключ из двадцати букв' } });
    try {
      await other.listen(0, '127.0.0.1');
      const url = `http://127.0.0.1:${(other.getHttpServer().address() as AddressInfo).port}`;
      const user = await service.signUp();

      const { body } = await callService(url, 'POST', '/auth/login', { body: { email: user.email, password } });

      const [header, payload, signature] = body.accessToken.split('.');
      expect(createHmac('sha256', Buffer.from('ключ из двадцати букв', 'utf8')).update(`${header}.${payload}`).digest('base64url')).toBe(signature);
      expect((await service.call('GET', `/users/${user.id}`, { token: body.accessToken })).status).toBe(401);
    } finally {
      await other.close();
    }
  });
});
