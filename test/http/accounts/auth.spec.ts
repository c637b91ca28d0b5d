import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { DynamoDb } from '../../../src/platform/dynamodb/dynamodb.js';
import { Postgres } from '../../../src/platform/postgres/postgres.js';
import { eventually } from '../../support/eventually.js';
import { type Answer, callService, type SignedUp, startService, type TestService } from '../../support/service.js';

const password = 'correct horse battery staple';

/** Real: the application, PostgreSQL, DynamoDB, tokens and hashes. Only the clock of a refresh token is set back, in its row. */
describe('/auth', () => {
  let service: TestService;
  let stores: Awaited<ReturnType<typeof createServerApp>>;

  const signIn = async (email: string, word: string): Promise<Answer> => service.call('POST', '/auth/login', { body: { email, password: word } });
  const refresh = async (refreshToken: string): Promise<Answer> => service.call('POST', '/auth/refresh', { body: { refreshToken } });
  const sql = async <T>(query: string, values: unknown[]): Promise<T[]> => stores.get(Postgres).read(async (manager) => manager.query(query, values));

  beforeAll(async () => {
    service = await startService({ LOGIN_LIMIT_ADDRESS: '100000' });
    stores = await createServerApp(service.config);
  });
  afterAll(async () => {
    await stores?.close();
    await service?.stop();
  });

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
      expect(Object.keys(body.user)).toHaveLength(8);
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
      // The address's own quota goes down with each failure, whoever is meant; the seconds run on.
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

    test('takes as long for an unknown e-mail as for a wrong password', async () => {
      const user = await service.signUp();
      const times: Record<'wrong' | 'unknown', number[]> = { wrong: [], unknown: [] };
      for (let turn = 0; turn < 9; turn += 1) {
        for (const [kind, email] of [
          ['wrong', user.email],
          ['unknown', `${randomUUID()}@example.com`],
        ] as const) {
          const from = performance.now();
          await signIn(email, 'not the password at all');
          times[kind].push(performance.now() - from);
        }
      }
      // The quickest of each: what else the machine does only ever adds.
      const ratio = Math.min(...times.wrong) / Math.min(...times.unknown);

      // Without the hash of nobody it is about 3.
      expect(ratio).toBeGreaterThan(0.55);
      expect(ratio).toBeLessThan(1.8);
    });

    test('tells nothing of the rules for passwords', async () => {
      expect((await signIn('nobody@example.com', 'x')).status).toBe(401);
      expect((await signIn('nobody', 'x'.repeat(1024))).status).toBe(401);
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
      await sql('UPDATE users SET password_hash = $2 WHERE id = $1', [user.id, await hash(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 })]);

      const { body } = await signIn(user.email, password);

      const [row] = await sql<{ password_hash: string }>('SELECT password_hash FROM users WHERE id = $1', [user.id]);
      expect(row?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      expect(body.user.version).toBe(1);
      expect((await signIn(user.email, password)).status).toBe(200);
      expect((await refresh(body.refreshToken)).status).toBe(200);
    });
  });

  describe('POST /auth/refresh', () => {
    test('rotates: another pair, good for the next', async () => {
      const user = await service.signUp();

      const first = await refresh(user.refreshToken);
      const second = await refresh(first.body.refreshToken);

      expect([first.status, second.status]).toEqual([200, 200]);
      expect(new Set([user.refreshToken, first.body.refreshToken, second.body.refreshToken]).size).toBe(3);
      expect(first.headers.get('cache-control')).toBe('no-store');
      expect((await service.call('GET', `/users/${user.id}`, { token: second.body.accessToken })).status).toBe(200);
      expect(second.body.user.id).toBe(user.id);
    });

    test('for a reply that was lost, gives the same successor again', async () => {
      const user = await service.signUp();
      const lost = await refresh(user.refreshToken);

      const again = await refresh(user.refreshToken);

      expect(again.status).toBe(200);
      expect(again.body.refreshToken).toBe(lost.body.refreshToken);
      expect((await refresh(again.body.refreshToken)).status).toBe(200);
    });

    test('ends the family when a spent token comes after its successor was used, and stays ended', async () => {
      const user = await service.signUp();
      const first = (await refresh(user.refreshToken)).body.refreshToken;
      const second = (await refresh(first)).body.refreshToken;

      const { status, body } = await refresh(user.refreshToken);

      expect([status, body.code]).toEqual([401, 'auth.invalid_refresh_token']);
      for (const token of [second, first, user.refreshToken]) {
        expect((await refresh(token)).status).toBe(401);
      }
      expect((await service.call('POST', '/auth/login', { body: { email: user.email, password } })).status).toBe(200);
    });

    test('ends the family when the latest spent token comes after 10 s', async () => {
      const user = await service.signUp();
      const successor = (await refresh(user.refreshToken)).body.refreshToken;
      await sql("UPDATE refresh_tokens SET spent_at = spent_at - interval '10.1 s' WHERE user_id = $1", [user.id]);

      expect((await refresh(user.refreshToken)).status).toBe(401);
      expect((await refresh(successor)).status).toBe(401);
    });

    test('is over 30 days after sign-in, however often it was used', async () => {
      const user = await service.signUp();
      const next = (await refresh(user.refreshToken)).body.refreshToken;
      const [row] = await sql<{ days: number }>('SELECT extract(epoch FROM expires_at - created_at) / 86400 AS days FROM refresh_tokens WHERE user_id = $1', [
        user.id,
      ]);
      expect(Number(row?.days)).toBeCloseTo(30, 3);
      await sql('UPDATE refresh_tokens SET expires_at = now() WHERE user_id = $1', [user.id]);

      expect((await refresh(next)).status).toBe(401);
    });

    test('sent ten times at once neither locks the user out nor leaves several live chains', async () => {
      const user = await service.signUp();

      const answers = await Promise.all(Array.from({ length: 10 }, async () => refresh(user.refreshToken)));

      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
      expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
      const next = await refresh(answers[0]?.body.refreshToken);
      expect(next.status).toBe(200);
      expect((await refresh(next.body.refreshToken)).status).toBe(200);
    });

    test('that waits behind another presentation decides by what that one left', async () => {
      const user = await service.signUp();
      let waiting: Promise<Answer> | undefined;

      await stores.get(Postgres).transaction(async (transaction) => {
        await transaction.query('SELECT 1 FROM refresh_tokens WHERE user_id = $1 FOR UPDATE', [user.id]);
        waiting = refresh(user.refreshToken);
        await eventually(async () => (await transaction.query('SELECT 1 FROM pg_locks WHERE NOT granted', [])).length > 0, {
          what: 'the refresh waits for the row',
        });
        await transaction.query('DELETE FROM refresh_tokens WHERE user_id = $1', [user.id]);
      });

      expect((await waiting)?.status).toBe(401);
    });

    test('ends one sign-in only, not the user’s others', async () => {
      const user = await service.signUp();
      const other = (await signIn(user.email, password)).body.refreshToken;
      await service.call('POST', '/auth/logout', { body: { refreshToken: user.refreshToken } });

      expect((await refresh(user.refreshToken)).status).toBe(401);
      expect((await refresh(other)).status).toBe(200);
    });

    test('is refused for a token that never was, and 400 for what is none', async () => {
      const user = await service.signUp();

      for (const token of ['x', randomBytes(48).toString('base64url'), user.accessToken, `${user.refreshToken}=`]) {
        const { status, body } = await refresh(token);
        expect([status, body.code]).toEqual([401, 'auth.invalid_refresh_token']);
      }
      for (const body of [{}, { refreshToken: 1 }, { refreshToken: '' }, { refreshToken: 'x', more: 1 }]) {
        expect((await service.call('POST', '/auth/refresh', { body })).status).toBe(400);
      }
      expect((await refresh(user.refreshToken)).status).toBe(200);
    });

    test('reads the profile afresh', async () => {
      const user = await service.signUp();
      await service.call('PATCH', `/users/${user.id}`, { token: user.accessToken, body: { timeZone: 'Asia/Tokyo' } });

      const { body } = await refresh(user.refreshToken);

      expect(JSON.parse(Buffer.from(body.accessToken.split('.')[1], 'base64url').toString()).zoneinfo).toBe('Asia/Tokyo');
      expect(body.user.timeZone).toBe('Asia/Tokyo');
    });

    test('leaves only hashes in the store', async () => {
      const user = await service.signUp();
      const { refreshToken } = (await refresh(user.refreshToken)).body;

      const [row] = await sql<Record<string, unknown>>('SELECT * FROM refresh_tokens WHERE user_id = $1', [user.id]);

      const stored = Object.values(row ?? {}).map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : String(value)));
      for (const token of [user.refreshToken, refreshToken]) {
        const bytes = Buffer.from(token, 'base64url');
        for (const part of [bytes, bytes.subarray(0, 16), bytes.subarray(16)]) {
          expect(stored.some((value) => value.includes(part.toString('hex')))).toBe(false);
        }
      }
    });
  });

  describe('POST /auth/logout', () => {
    test('ends the session, and answers 204 also when it has ended or never was', async () => {
      const user = await service.signUp();
      const logout = async (refreshToken: unknown): Promise<number> => (await service.call('POST', '/auth/logout', { body: { refreshToken } })).status;

      expect([await logout(user.refreshToken), await logout(user.refreshToken), await logout('never was'), await logout(7)]).toEqual([204, 204, 204, 400]);
      expect((await refresh(user.refreshToken)).status).toBe(401);
    });
  });

  describe('an access token', () => {
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
  });

  test('keeps working without the limiter’s store', async () => {
    const user = await service.signUp();
    const other = await createServerApp({ ...service.config, dynamodb: { ...service.config.dynamodb, endpoint: 'http://127.0.0.1:9' } });
    try {
      await other.listen(0, '127.0.0.1');
      const url = `http://127.0.0.1:${(other.getHttpServer().address() as AddressInfo).port}`;

      const registered = await callService(url, 'POST', '/users', { body: { email: `${randomUUID()}@example.com`, name: 'Ada', password } });
      const signedIn = await callService(url, 'POST', '/auth/login', { body: { email: user.email, password } });
      const refused = await callService(url, 'POST', '/auth/login', { body: { email: user.email, password: 'not the password at all' } });

      expect([registered.status, signedIn.status, refused.status]).toEqual([201, 200, 401]);
      expect(refused.headers.get('ratelimit-policy')).toContain('"account-address";q=10;w=900');
    } finally {
      await other.close();
    }
  });

  test('signs and checks with the UTF-8 bytes of JWT_SECRET', async () => {
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

describe('limits', () => {
  let service: TestService;

  const signIn = async (email: string, word: string): Promise<Answer> => service.call('POST', '/auth/login', { body: { email, password: word } });
  const failures = async (email: string, times: number): Promise<number[]> => {
    const statuses: number[] = [];
    for (let turn = 0; turn < times; turn += 1) {
      statuses.push((await signIn(email, `wrong password ${turn}`)).status);
    }
    return statuses;
  };
  const times = (count: number, status: number): number[] => Array.from({ length: count }, () => status);

  beforeAll(async () => {
    service = await startService({ LOGIN_LIMIT_ADDRESS: '100000' });
  });
  afterAll(async () => service?.stop());

  test('after 10 failed sign-ins to one account the right password is 429, with the same answer for an unknown e-mail', async () => {
    const user = await service.signUp();
    const unknown = `${randomUUID()}@example.com`;

    expect(await failures(user.email, 12)).toEqual([...times(10, 401), 429, 429]);
    expect(await failures(unknown, 12)).toEqual([...times(10, 401), 429, 429]);

    const [known, stranger] = [await signIn(user.email.toUpperCase(), password), await signIn(unknown, password)];
    for (const { status, body, headers } of [known, stranger]) {
      expect([status, body.code]).toEqual([429, 'rate_limit.exceeded']);
      const wait = Number(headers.get('retry-after'));
      expect(wait).toBeGreaterThan(880);
      expect(wait).toBeLessThanOrEqual(901);
      expect(headers.get('ratelimit-policy')).toBe('"account-address";q=10;w=900, "account";q=50;w=900, "address";q=100000;w=900, "success";q=100;w=3600');
      expect(headers.get('ratelimit')).toMatch(/^"account-address";r=0;t=\d+, "address";r=\d+;t=\d+$/);
    }
  });

  test('a success clears the failures', async () => {
    const user = await service.signUp();

    expect(await failures(user.email, 9)).toEqual(times(9, 401));
    const { status, headers } = await signIn(user.email, password);

    expect(status).toBe(200);
    expect(headers.get('ratelimit')).toMatch(/^"account-address";r=10;t=900, "address";/);
    expect(await failures(user.email, 10)).toEqual(times(10, 401));
  });

  test('guesses at the same time cannot pass the quota together', async () => {
    const second = await createServerApp(service.config);
    await second.listen(0, '127.0.0.1');
    const urls = [service.url, `http://127.0.0.1:${(second.getHttpServer().address() as AddressInfo).port}`];
    const guess = async (email: string, turn: number): Promise<Answer> =>
      callService(urls[turn % 2] ?? '', 'POST', '/auth/login', { body: { email, password: `wrong ${turn}` } });
    try {
      for (let run = 0; run < 4; run += 1) {
        const { email } = await service.signUp();

        const answers = await Promise.all(Array.from({ length: 30 }, async (_, turn) => guess(email, turn)));

        // Fewer when a place was being given back; never one more.
        expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(10);
        expect(answers.filter(({ status }) => ![401, 429, 503].includes(status))).toEqual([]);
      }
    } finally {
      await second.close();
    }
  });

  test('X-Forwarded-For makes no other address', async () => {
    const user = await service.signUp();
    await failures(user.email, 10);

    const { status } = await service.call('POST', '/auth/login', {
      body: { email: user.email, password },
      headers: { 'X-Forwarded-For': '203.0.113.7', Forwarded: 'for=203.0.113.7' },
    });

    expect(status).toBe(429);
  });

  test('neither address nor e-mail is stored in clear, and every counter expires', async () => {
    const user = await service.signUp();
    await failures(user.email, 1);
    const app = await createServerApp(service.config);
    try {
      const client = app.get(DynamoDb).failFastClient(2000);
      const { Items = [] } = await client.send(new ScanCommand({ TableName: service.config.dynamodb.tables.rateLimits }));

      expect(Items.length).toBeGreaterThan(2);
      const text = JSON.stringify(Items);
      expect(text).not.toContain('127.0.0.1');
      expect(text).not.toContain('example.com');
      for (const { expire } of Items) {
        expect(expire?.N).toMatch(/^\d{10}$/);
      }
    } finally {
      await app.close();
    }
  });

  describe('of one account and of one address', () => {
    let tight: TestService;

    beforeAll(async () => {
      tight = await startService({ LOGIN_LIMIT_ACCOUNT: '4', LOGIN_LIMIT_ADDRESS: '7', REGISTRATION_LIMIT_ADDRESS: '3' });
    });
    afterAll(async () => tight?.stop());

    test('hold across accounts; successes are not counted; registrations are', async () => {
      const [one, two] = [await tight.signUp(), await tight.signUp()];
      const guess = async (email: string, word: string): Promise<Answer> => tight.call('POST', '/auth/login', { body: { email, password: word } });
      const register = async (body: object): Promise<Answer> =>
        tight.call('POST', '/users', { body: { email: `${randomUUID()}@example.com`, name: 'Ada', password, ...body } });

      for (let turn = 0; turn < 3; turn += 1) {
        const successes = await Promise.all(Array.from({ length: 4 }, async () => guess(one.email, password)));
        expect(successes.map(({ status }) => status)).toEqual(times(4, 200));
      }
      for (let turn = 0; turn < 4; turn += 1) {
        expect((await guess(one.email, 'wrong password')).status).toBe(401);
      }
      expect((await guess(one.email, password)).status).toBe(429);
      expect((await guess(two.email, password)).status).toBe(200);
      for (let turn = 0; turn < 3; turn += 1) {
        expect((await guess(two.email, 'wrong password')).status).toBe(401);
      }
      const locked = await guess(two.email, password);
      expect([locked.status, locked.headers.get('ratelimit')?.includes('"address";r=0;')]).toEqual([429, true]);

      expect((await register({ name: '' })).status).toBe(400);
      const third = await register({});
      expect([third.status, third.headers.get('ratelimit')]).toEqual([201, expect.stringMatching(/^"registration";r=0;t=3[56]\d\d$/)]);
      const fourth = await register({});
      expect([fourth.status, fourth.body.code]).toEqual([429, 'rate_limit.exceeded']);
      expect(Number(fourth.headers.get('retry-after'))).toBeGreaterThan(3500);
    });
  });
});
