import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { RolesService } from '../../../src/features/users/roles.service.js';
import { type Answer, type SignedUp, startService, type TestService } from '../../support/service.js';

// Real: the application, PostgreSQL, DynamoDB, tokens and hashes. Nothing is faked.

const password = 'correct horse battery staple';

let service: TestService;
/** The operator's side: a second application on the same stores, as `npm run admin` starts one. */
let operator: Awaited<ReturnType<typeof createServerApp>>;
let admin: SignedUp;
beforeAll(async () => {
  service = await startService({ LOGIN_LIMIT_ADDRESS: '100000' });
  operator = await createServerApp(service.config);
  const { email } = (admin = await service.signUp());
  await operator.get(RolesService).grantAdmin(admin.id);
  const { body } = await signIn(email, password);
  admin = { ...admin, accessToken: body.accessToken };
});
afterAll(async () => {
  await operator?.close();
  await service?.stop();
});

const register = async (body: object): Promise<Answer> =>
  service.call('POST', '/users', { body: { email: `u-${randomUUID()}@example.com`, name: 'Ada', password, ...body } });
const signIn = async (email: string, word: string): Promise<Answer> => service.call('POST', '/auth/login', { body: { email, password: word } });

describe('GET /users/{id}', () => {
  test('reads one’s own, and answers 304 to one who has it', async () => {
    const user = await service.signUp({ name: 'Grace' });

    const { status, body, headers } = await service.call('GET', `/users/${user.id}`, { token: user.accessToken });
    const again = await service.call('GET', `/users/${user.id}`, { token: user.accessToken, headers: { 'If-None-Match': headers.get('etag') ?? '' } });

    expect(status).toBe(200);
    expect(body).toMatchObject({ id: user.id, name: 'Grace', version: 1 });
    expect(headers.get('etag')).toBe('"1"');
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', '"1"']);
  });

  test('answers 403 for someone else’s id, whether or not it exists', async () => {
    const user = await service.signUp();

    for (const id of [admin.id, randomUUID()]) {
      const { status, body } = await service.call('GET', `/users/${id}`, { token: user.accessToken });
      expect([status, body.code]).toEqual([403, 'access.denied']);
    }
  });

  test('lets an admin read every user, and answers 404 for absent and 400 for malformed ids', async () => {
    const user = await service.signUp();
    const read = async (id: string): Promise<Answer> => service.call('GET', `/users/${id}`, { token: admin.accessToken });

    expect((await read(user.id)).body.id).toBe(user.id);
    const absent = await read(randomUUID());
    expect([absent.status, absent.body.code]).toEqual([404, 'user.not_found']);
    expect((await read('not-an-id')).status).toBe(400);
  });

  test('never lets an admin write another’s', async () => {
    const user = await service.signUp();

    const changed = await service.call('PATCH', `/users/${user.id}`, { token: admin.accessToken, body: { name: 'Mallory' } });
    const deleted = await service.call('DELETE', `/users/${user.id}`, { token: admin.accessToken });

    expect([changed.status, deleted.status]).toEqual([403, 403]);
  });
});

describe('GET /users', () => {
  test('lists every user once, in the order they registered, in pages', async () => {
    const users = [await service.signUp(), await service.signUp(), await service.signUp()];
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { status, body } = await service.call('GET', `/users?limit=2${query}`, { token: admin.accessToken });
      expect(status).toBe(200);
      expect(body.items.length).toBeLessThanOrEqual(2);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
    } while (cursor !== null);

    expect(seen).toEqual([...new Set(seen)].sort());
    expect(seen).toEqual(expect.arrayContaining(users.map(({ id }) => id)));
  });

  test('has room for a hundred of the largest users in a million bytes', async () => {
    // A control character is six bytes of JSON: no text of 200 code points is longer.
    const email = `${'a'.repeat(64)}@${`${'b'.repeat(61)}.`.repeat(3)}com`;
    const { status, body } = await register({ email, name: `n${'\u0001'.repeat(199)}`, timeZone: 'America/Argentina/ComodRivadavia' });

    expect([status, body.email]).toEqual([201, email]);
    expect(100 * Buffer.byteLength(JSON.stringify(body))).toBeLessThan(1_000_000);
  });

  test('is for admins alone', async () => {
    const user = await service.signUp();

    expect((await service.call('GET', '/users', { token: user.accessToken })).status).toBe(403);
    expect((await service.call('GET', '/users')).status).toBe(401);
  });

  test('refuses limits out of range and foreign or damaged cursors with 400', async () => {
    const other = await service.signUp();
    await operator.get(RolesService).grantAdmin(other.id);
    const { body } = await signIn(other.email, other.password);
    const { nextCursor } = (await service.call('GET', '/users?limit=1', { token: body.accessToken })).body;

    for (const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'limit=1.5',
      'limit=1&limit=2',
      'cursor=x',
      'cursor=',
      `cursor=${nextCursor}`,
      `cursor=${nextCursor}A`,
    ]) {
      expect((await service.call('GET', `/users?${query}`, { token: admin.accessToken })).status).toBe(400);
    }
  });
});

test('The role an operator grants holds from the next token on; taken back, it and the sessions end at once', async () => {
  const roles = operator.get(RolesService);
  const user = await service.signUp();
  const read = async (token: string): Promise<number[]> => {
    const paths = ['/users', `/users/${admin.id}`, `/dashboard/${admin.id}`, `/dynamo?user_id=${admin.id}`, '/dynamo'];
    return Promise.all(paths.map(async (path) => (await service.call('GET', path, { token })).status));
  };
  expect(await roles.grantAdmin(user.id)).toMatchObject({ id: user.id, role: 'admin', version: 2 });
  expect(await roles.grantAdmin(randomUUID())).toBeNull();
  expect(await read(user.accessToken)).toEqual([403, 403, 403, 403, 403]);
  const granted = (await service.call('POST', '/auth/refresh', { body: { refreshToken: user.refreshToken } })).body;
  expect(await read(granted.accessToken)).toEqual([200, 200, 200, 404, 200]);

  expect(await roles.revokeAdmin(user.id)).toMatchObject({ role: 'user', version: 3 });

  expect(await read(granted.accessToken)).toEqual([403, 403, 403, 403, 403]);
  expect((await service.call('POST', '/auth/refresh', { body: { refreshToken: granted.refreshToken } })).status).toBe(401);
  const { body } = await signIn(user.email, user.password);
  expect(body.user).toMatchObject({ role: 'user', version: 3 });
  expect((await service.call('GET', `/users/${user.id}`, { token: granted.accessToken })).status).toBe(200);
});

test('An administrator who has deleted the own account reads no more', async () => {
  const user = await service.signUp();
  await operator.get(RolesService).grantAdmin(user.id);
  const { accessToken } = (await signIn(user.email, user.password)).body;
  expect((await service.call('GET', `/users/${admin.id}`, { token: accessToken })).status).toBe(200);

  await service.call('DELETE', `/users/${user.id}`, { token: accessToken });

  expect((await service.call('GET', `/users/${admin.id}`, { token: accessToken })).status).toBe(403);
  expect((await service.call('GET', '/users', { token: accessToken })).status).toBe(403);
});
