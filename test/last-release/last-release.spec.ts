import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type SignedUp, signUp } from '../support/service.js';
import { type Call, startTwoReleases, type TwoReleases } from './two-releases.js';

// Real: the last release's functions as its own source packages them, under Lambda's runtime client; today's application, migrations and tables;
// PostgreSQL, with the role that functions come as, and DynamoDB with its streams. Made up: HTTP events and EventBridge.
// PostgreSQL is reached without the stand-in for RDS Proxy, which refuses the startup message of 1.0.0.
// Seen failing: with a migration that renames a column, one that drops one, and one that adds one which is not null and has no default.

const { version, migrations } = JSON.parse(readFileSync(new URL('last-release.json', import.meta.url), 'utf8')) as { version: string; migrations: number };

let releases: TwoReleases;
beforeAll(async () => {
  releases = await startTwoReleases();
});
afterAll(async () => releases?.stop());

/** What 1.0.0 cannot do, since it knows no markers of deletions, no mails and no deletion in version 2. With the next release these are plain tests: `failing` fails when one passes. */
const notIn100 = test.failing;

const called =
  (name: 'last' | 'today'): Call =>
  async (...request) =>
    releases[name](...request);

describe.each([
  [version, version, called('last'), called('last')],
  [version, 'today’s version', called('last'), called('today')],
  ['today’s version', version, called('today'), called('last')],
])('Over today’s tables, what %s writes is good for %s:', (_writer, _reader, write, read) => {
  const signedUp = async (): Promise<SignedUp> => signUp(write, {});

  test('an account, its profile and its sessions', async () => {
    const { id, email, password, accessToken, refreshToken } = await signedUp();
    const changed = await write('PATCH', `/users/${id}`, { token: accessToken, body: { name: 'Another Name', timeZone: 'Europe/Berlin' } });
    const profile = await read('GET', `/users/${id}`, { token: accessToken });
    const refreshed = await read('POST', '/auth/refresh', { body: { refreshToken } });
    const back = await write('POST', '/auth/refresh', { body: { refreshToken: refreshed.body.refreshToken } });
    const taken = await read('POST', '/users', { body: { email: email.toUpperCase(), name: 'Test User', password } });
    const newPassword = `another ${password}`;
    const repassworded = await write('PATCH', `/users/${id}`, { token: accessToken, body: { password: newPassword, currentPassword: password } });
    const ended = await read('POST', '/auth/refresh', { body: { refreshToken: back.body.refreshToken } });
    const signedIn = await read('POST', '/auth/login', { body: { email, password: newPassword } });
    const loggedOut = await write('POST', '/auth/logout', { body: { refreshToken: signedIn.body.refreshToken } });
    const afterwards = await read('POST', '/auth/refresh', { body: { refreshToken: signedIn.body.refreshToken } });

    expect(statuses(changed, profile, refreshed, back, taken, repassworded)).toEqual([200, 200, 200, 200, 409, 200]);
    expect(profile.body).toMatchObject({ id, email, name: 'Another Name', timeZone: 'Europe/Berlin', version: 2 });
    expect(statuses(ended, signedIn, loggedOut, afterwards)).toEqual([401, 200, 204, 401]);
  });

  test('todos, their counts and what is due', async () => {
    const { id, accessToken: token } = await signedUp();
    const todo = { title: 'Grüße 🌱', description: 'words', due: '2020-01-01', tags: ['a', 'b'], checklist: [{ title: 'one', done: false }], priority: 'high' };
    const key = { 'Idempotency-Key': randomUUID() };
    const created = await write('POST', `/users/${id}/todos`, { token, headers: key, body: todo });
    const replayed = await read('POST', `/users/${id}/todos`, { token, headers: key, body: todo });
    const found = await read('GET', `/todos/${String(created.body.id)}`, { token });
    const patched = await read('PATCH', `/todos/${String(created.body.id)}`, {
      token,
      headers: { 'If-Match': created.headers.get('etag') ?? '' },
      body: { status: 'in_progress' },
    });
    const stale = await write('PATCH', `/todos/${String(created.body.id)}`, {
      token,
      headers: { 'If-Match': created.headers.get('etag') ?? '' },
      body: { title: 'late' },
    });
    const second = await read('POST', `/users/${id}/todos`, { token, body: { title: 'second' } });
    const done = await write('PUT', `/todos/${String(second.body.id)}`, { token, body: { title: 'second', status: 'done' } });
    const third = await write('POST', `/users/${id}/todos`, { token, body: { title: 'third' } });
    const lists = [await write('GET', `/users/${id}/todos`, { token }), await read('GET', `/users/${id}/todos`, { token })];
    const dashboards = [await write('GET', `/dashboard/${id}`, { token }), await read('GET', `/dashboard/${id}`, { token })];
    const removed = await releases.last('DELETE', `/todos/${String(third.body.id)}`, { token });
    const gone = [await write('GET', `/todos/${String(third.body.id)}`, { token }), await read('GET', `/todos/${String(third.body.id)}`, { token })];

    expect(statuses(created, replayed, found, patched, stale, second, done, third)).toEqual([201, 201, 200, 200, 412, 201, 200, 201]);
    expect(statuses(removed, ...gone)).toEqual([204, 404, 404]);
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
    expect(replayed.body).toMatchObject({ ...todo, id: created.body.id, version: 1 });
    expect(found.body).toMatchObject({ ...todo, userId: id, status: 'open' });
    expect(patched.body).toMatchObject({ ...todo, status: 'in_progress', version: 2 });
    for (const list of lists) {
      expect(list.body.items.map(({ title }: { title: string }) => title)).toEqual(['third', 'second', todo.title]);
    }
    for (const dashboard of dashboards) {
      expect(dashboard.body).toMatchObject({ user: { id }, todos: { total: 3, open: 1, inProgress: 1, done: 1, archived: 0, overdue: 1 }, degraded: [] });
    }
  });

  test('a record', async () => {
    const { id: user_id, accessToken: token } = await signedUp();
    const created = await write('POST', '/dynamo', { token, body: { user_id, colour: 'red', deep: { list: [1, null, 'x'] } } });
    const found = await read('GET', `/dynamo?user_id=${user_id}`, { token });
    const changed = await read('PATCH', '/dynamo', { token, body: { user_id, updatedKey: 'colour', updatedValue: 'blue' } });
    const seen = await write('GET', `/dynamo?user_id=${user_id}`, { token });
    const twice = await read('POST', '/dynamo', { token, body: { user_id } });
    const removed = await read('DELETE', `/dynamo?user_id=${user_id}`, { token });
    const gone = await write('GET', `/dynamo?user_id=${user_id}`, { token });

    expect(statuses(created, found, changed, seen, twice, removed, gone)).toEqual([201, 200, 200, 200, 409, 204, 404]);
    expect(found.body).toEqual({ user_id, colour: 'red', deep: { list: [1, null, 'x'] } });
    expect(seen.body).toEqual({ ...found.body, colour: 'blue' });
  });

  test('the counter, and the health of both', async () => {
    const headers = { 'Idempotency-Key': randomUUID() };
    const before = await read('GET', '/counter');
    const counted = await write('POST', '/counter', { headers });
    const replayed = await read('POST', '/counter', { headers });
    const unkeyed = await read('POST', '/counter');
    const health = [await write('GET', '/health'), await read('GET', '/health')];

    expect(counted.body.visitCount).toBe(before.body.visitCount + 1);
    expect(replayed.body).toEqual(counted.body);
    expect(unkeyed.body.visitCount).toBe(before.body.visitCount + 2);
    for (const answer of health) {
      expect(answer).toMatchObject({
        status: 200,
        body: { details: { dynamodb: { status: 'up', counterValue: unkeyed.body.visitCount }, postgres: { status: 'up' } } },
      });
    }
  });

  test('a deletion, after which nothing is read or written', async () => {
    const { id, email, password, accessToken: token } = await signedUp();
    await write('POST', `/users/${id}/todos`, { token, body: { title: 'mine' } });
    // A token of 1.0.0 does not say when the password was given.
    const signedIn = await read('POST', '/auth/login', { body: { email, password } });
    const deleted = await read('DELETE', `/users/${id}`, { token: signedIn.body.accessToken });
    await releases.workLast();
    const afterwards = [
      await write('GET', `/users/${id}`, { token }),
      await write('POST', '/auth/login', { body: { email, password } }),
      await write('POST', `/users/${id}/todos`, { token, body: { title: 'too late' } }),
    ];
    const again = await write('POST', '/users', { body: { email, name: 'Test User', password } });

    expect(deleted.status).toBe(204);
    expect(statuses(...afterwards).every((status) => status >= 400 && status < 500)).toBe(true);
    expect(again.status).toBe(201);
  });
});

test('the file that names the release says how many migrations it has', () => {
  expect(releases.releasedMigrations).toHaveLength(migrations);
});

notIn100(`not in 1.0.0: it lists what is left once today’s version has deleted a todo`, async () => {
  const { id, accessToken: token } = await signUp(called('today'), {});
  const { body } = await releases.today('POST', `/users/${id}/todos`, { token, body: { title: 'deleted' } });
  await releases.today('POST', `/users/${id}/todos`, { token, body: { title: 'left' } });
  await releases.today('DELETE', `/todos/${String(body.id)}`, { token });
  const list = await releases.last('GET', `/users/${id}/todos`, { token });

  expect(list).toMatchObject({ status: 200, body: { items: [{ title: 'left' }] } });
});

describe('Workers over what the other version wrote:', () => {
  const unfinished = async (userId: string): Promise<object[]> =>
    releases.truth.query(`SELECT kind, status, last_error FROM outbox WHERE user_id = $1 AND status <> 'done'`, [userId]);

  /** What the bus has of a user, in the order in which it came. */
  const published = (userId: string): string[] =>
    releases.bus.events.filter(({ detail: { data } }) => data.id === userId || data.userId === userId).map(({ detailType }) => detailType);

  test(`today’s finish an account that ${version} served from registration to deletion`, async () => {
    const { id, accessToken: token } = await signUp(releases.last, {});
    await releases.last('POST', `/users/${id}/todos`, { token, body: { title: 'a todo' } });
    await releases.last('DELETE', `/users/${id}`, { token });

    await releases.workToday();

    expect(await unfinished(id)).toEqual([]);
    expect(published(id)).toEqual(expect.arrayContaining(['user.registered', 'todo.created', 'todo.deleted', 'user.deleted']));
  });

  test(`those of ${version} publish accounts and todos of today’s`, async () => {
    const { id, accessToken: token } = await signUp(releases.today, {});
    await releases.today('POST', `/users/${id}/todos`, { token, body: { title: 'a todo' } });

    await releases.workLast();

    expect(published(id)).toEqual(expect.arrayContaining(['user.registered', 'todo.created']));
  });

  notIn100(`not in 1.0.0: its own give up neither mails nor deletions of today’s`, async () => {
    const { id, accessToken: token } = await signUp(releases.today, {});
    await releases.today('DELETE', `/users/${id}`, { token });

    await releases.workLast();

    expect(await unfinished(id)).toEqual([]);
  });
});

function statuses(...answers: readonly Answer[]): number[] {
  return answers.map(({ status }) => status);
}
