import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Answer, type SignedUp, startService, type TestService } from '../../support/service.js';

// Real: the application, PostgreSQL, DynamoDB, tokens and hashes. Nothing is faked.

const password = 'correct horse battery staple';

let service: TestService;
beforeAll(async () => {
  service = await startService({ LOGIN_LIMIT_ADDRESS: '100000' });
});
afterAll(async () => service?.stop());

const address = (): string => `u-${randomUUID()}@example.com`;
const register = async (body: object): Promise<Answer> => service.call('POST', '/users', { body: { email: address(), name: 'Ada', password, ...body } });
const patch = async (user: SignedUp, body: object, headers = {}): Promise<Answer> =>
  service.call('PATCH', `/users/${user.id}`, { token: user.accessToken, body, headers });
const signIn = async (email: string, word: string): Promise<Answer> => service.call('POST', '/auth/login', { body: { email, password: word } });

describe('PATCH /users/{id}', () => {
  test('changes what it names, in both media types, and keeps the rest', async () => {
    const user = await service.signUp({ name: 'Before' });

    const named = await patch(user, { name: 'After' }, { 'Content-Type': 'application/merge-patch+json' });
    const moved = await patch(user, { timeZone: 'Asia/Tokyo' });

    expect(named.body).toMatchObject({ name: 'After', timeZone: 'UTC', version: 2 });
    expect(moved.body).toMatchObject({ name: 'After', timeZone: 'Asia/Tokyo', version: 3 });
    expect(moved.headers.get('etag')).toBe('"3"');
    expect((await service.call('GET', `/users/${user.id}`, { token: user.accessToken })).body).toEqual(moved.body);
  });

  test('that is empty changes nothing', async () => {
    const user = await service.signUp();

    const { status, body } = await patch(user, {});

    expect([status, body.version]).toEqual([200, 1]);
  });

  test.each([
    ['null', { name: null }, '/name'],
    ['an unknown field', { nickname: 'x' }, '/nickname'],
    ['a role', { role: 'admin' }, '/role'],
    ['an id', { id: randomUUID() }, '/id'],
    ['a new password without the present one', { password: 'another long password' }, '/currentPassword'],
    ['a new e-mail without the present password', { email: 'new@example.com' }, '/currentPassword'],
    ['a short password', { password: 'short', currentPassword: password }, '/password'],
  ])('refuses %s with 400', async (_, body, pointer) => {
    const user = await service.signUp();

    const answer = await patch(user, body);

    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, pointer]);
  });

  test('refuses a list for a body with 400', async () => {
    expect((await patch(await service.signUp(), [])).status).toBe(400);
  });

  test('refuses a wrong present password with 403', async () => {
    const user = await service.signUp();

    const { status, body } = await patch(user, { email: address(), currentPassword: 'not the password at all' });

    expect([status, body.code]).toEqual([403, 'user.wrong_password']);
    expect((await service.call('GET', `/users/${user.id}`, { token: user.accessToken })).body.email).toBe(user.email);
  });

  test('counts wrong present passwords as failed sign-ins', async () => {
    const user = await service.signUp();
    for (let turn = 0; turn < 10; turn += 1) {
      expect((await patch(user, { password: 'another long password', currentPassword: `guess ${turn}` })).status).toBe(403);
    }

    const { status, headers } = await patch(user, { password: 'another long password', currentPassword: password });

    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(headers.get('ratelimit')).toMatch(/^"account-address";r=0;t=\d+, "address";r=\d+;t=\d+$/);
    expect(headers.get('ratelimit-policy')).toBe('"account-address";q=10;w=900, "address";q=100000;w=900');
    expect((await signIn(user.email, password)).status).toBe(429);
  });

  test('with a new e-mail moves the account to it', async () => {
    const user = await service.signUp();
    const email = address();

    expect((await patch(user, { email, currentPassword: password })).body).toMatchObject({ email, version: 2 });

    expect((await signIn(email, password)).status).toBe(200);
    expect((await signIn(user.email, password)).status).toBe(401);
    expect((await register({ email: user.email })).status).toBe(201);
  });

  test('refuses a taken e-mail with 409, and lets one write one’s own in another case', async () => {
    const [user, other] = [await service.signUp(), await service.signUp()];

    const taken = await patch(user, { email: other.email.toUpperCase(), currentPassword: password });
    const own = await patch(user, { email: user.email.toUpperCase(), currentPassword: password });

    expect([taken.status, taken.body.code]).toEqual([409, 'user.email_taken']);
    expect([own.status, own.body.email]).toEqual([200, user.email.toUpperCase()]);
  });

  test('with a new password ends all refresh tokens, and the old password', async () => {
    const user = await service.signUp();
    const second = (await signIn(user.email, password)).body.refreshToken;

    expect((await patch(user, { password: 'a wholly new password', currentPassword: password })).status).toBe(200);

    for (const refreshToken of [user.refreshToken, second]) {
      expect((await service.call('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(401);
    }
    expect((await signIn(user.email, password)).status).toBe(401);
    const { status, body } = await signIn(user.email, 'a wholly new password');
    expect(status).toBe(200);
    expect((await service.call('POST', '/auth/refresh', { body: { refreshToken: body.refreshToken } })).status).toBe(200);
  });

  test('lets one of many with one entity tag through, and the rest are 412', async () => {
    const user = await service.signUp();

    const answers = await Promise.all(Array.from({ length: 12 }, async (_, turn) => patch(user, { name: `Name ${turn}` }, { 'If-Match': '"1"' })));

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(11);
    expect((await service.call('GET', `/users/${user.id}`, { token: user.accessToken })).body.version).toBe(2);
  });

  test('without an entity tag all get through, one after the other', async () => {
    const user = await service.signUp();

    const answers = await Promise.all(Array.from({ length: 12 }, async (_, turn) => patch(user, { name: `Name ${turn}` })));

    expect(answers.map(({ body }) => body.version).sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  });
});

describe('DELETE /users/{id}', () => {
  test('ends sign-in, refresh and profile, and frees the e-mail', async () => {
    const user = await service.signUp();

    const { status, text } = await service.call('DELETE', `/users/${user.id}`, { token: user.accessToken });

    expect([status, text]).toEqual([204, '']);
    expect((await signIn(user.email, password)).status).toBe(401);
    expect((await service.call('POST', '/auth/refresh', { body: { refreshToken: user.refreshToken } })).status).toBe(401);
    for (const [method, body] of [['GET'], ['PATCH', { name: 'x' }], ['DELETE']] as const) {
      const answer = await service.call(method, `/users/${user.id}`, { token: user.accessToken, body });
      expect([answer.status, answer.body.code]).toEqual([404, 'user.not_found']);
    }
    expect((await register({ email: user.email })).status).toBe(201);
  });

  test('honours If-Match', async () => {
    const user = await service.signUp();
    const remove = async (tag: string): Promise<number> =>
      (await service.call('DELETE', `/users/${user.id}`, { token: user.accessToken, headers: { 'If-Match': tag } })).status;

    expect(await remove('"7"')).toBe(412);
    expect(await remove('"1"')).toBe(204);
  });
});
