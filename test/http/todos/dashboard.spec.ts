import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { BatchWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { newId } from '../../../src/common/ids.js';
import { storeTimeouts } from '../../../src/config/store-timeouts.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { toItem } from '../../../src/features/todos/persistence/todo-items.js';
import { newTodo, type Todo, type TodoContent } from '../../../src/features/todos/todos.js';
import { changeRole } from '../../support/administrators.js';
import { expectProblem } from '../../support/problems.js';
import { type Answer, callService, type SignedUp, startService, type TestService } from '../../support/service.js';
import { tokenBearer } from '../../support/tokens.js';
import { deadPort, silentPort } from '../../support/wire.js';

// Real here: the service over HTTP and both stores. Where it says so the clock of `Date.now` stands still, and a store is a port where
// nothing listens or nothing answers.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterEach(() => void jest.restoreAllMocks());
afterAll(async () => {
  await service?.stop();
});

const dashboard = async (user: { id: string; accessToken: string }, url = service.url): Promise<Answer> =>
  callService(url, 'GET', `/dashboard/${user.id}`, { token: user.accessToken });
const create = async (user: SignedUp, content: Partial<TodoContent>): Promise<Todo> => {
  const { status, body, text } = await service.call('POST', `/users/${user.id}/todos`, { token: user.accessToken, body: { title: 'x', ...content } });
  expect([status, text]).toEqual([201, expect.any(String)]);
  return body;
};
const zeros = { total: 0, open: 0, inProgress: 0, done: 0, archived: 0, overdue: 0, overdueCapped: false, dueToday: 0, dueTodayCapped: false };

/** Many todos at once, past the service and its counts. */
async function put(userId: string, contents: readonly Partial<TodoContent>[]): Promise<void> {
  const content: TodoContent = { title: 'x', description: null, status: 'open', priority: 'normal', due: null, tags: [], checklist: [] };
  for (let start = 0; start < contents.length; start += 25) {
    const requests = contents
      .slice(start, start + 25)
      .map((part) => ({ PutRequest: { Item: toItem(newTodo({ ...newId(), userId }, { ...content, ...part }), 90, 1) } }));
    await service.truth.dynamodb.send(new BatchWriteCommand({ RequestItems: { [service.config.dynamodb.tables.todos]: requests } }));
  }
}

describe('GET /dashboard/{id}', () => {
  test('of a new user is all zeros, whole', async () => {
    const user = await service.signUp({ name: 'Ada', timeZone: 'Europe/Berlin' });

    const { status, body, headers } = await dashboard(user);

    const profile = (await service.call('GET', `/users/${user.id}`, { token: user.accessToken })).body;
    expect(status).toBe(200);
    expect(body).toEqual({
      user: profile,
      todos: zeros,
      upcoming: [],
      recent: [],
      generatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      degraded: [],
    });
    expect(Math.abs(Date.parse(body.generatedAt) - Date.now())).toBeLessThan(5_000);
    expect(headers.has('ETag')).toBe(false);
  });

  test('counts by status at once, and leaves the archived out of the total', async () => {
    const user = await service.signUp();
    await create(user, {});
    await create(user, { status: 'in_progress' });
    await create(user, { status: 'done' });
    const { id } = await create(user, {});
    await service.call('PATCH', `/todos/${id}`, { token: user.accessToken, body: { status: 'done' } });
    await service.truth.dynamodb.send(
      new UpdateCommand({
        TableName: service.config.dynamodb.tables.todos,
        Key: { userId: user.id, itemKey: 'LIST' },
        UpdateExpression: 'ADD archived :seven',
        ExpressionAttributeValues: { ':seven': 7 },
      }),
    );

    expect((await dashboard(user)).body.todos).toEqual({ ...zeros, total: 4, open: 1, inProgress: 1, done: 2, archived: 7 });
  });

  test('shows the last five created, newest first, and the next five due, whole todos', async () => {
    const user = await service.signUp();
    const todos: Todo[] = [];
    for (const due of ['2099-01-07', '2099-01-02T00:00:00.000Z', null, '2099-01-01', '2000-01-01', '2099-01-03', '2099-01-05', '2099-01-04']) {
      todos.push(await create(user, { title: String(due), due }));
    }
    await create(user, { title: 'done', due: '2098-01-01', status: 'done' });

    const { body } = await dashboard(user);

    expect(body.recent.map(({ title }: Todo) => title)).toEqual(['done', '2099-01-04', '2099-01-05', '2099-01-03', '2000-01-01']);
    expect(body.upcoming).toEqual([todos[3], todos[1], todos[5], todos[7], todos[6]]);
  });

  test.each([
    [99, 99, false],
    [100, 100, false],
    [101, 100, true],
    [140, 100, true],
  ])('of %i overdue says %i, capped: %s', async (count, overdue, overdueCapped) => {
    const user = await service.signUp();
    await put(
      user.id,
      Array.from({ length: count }, (_, turn) => ({ due: turn % 3 === 0 ? '2020-01-01' : `2021-01-01T00:00:00.${String(turn).padStart(3, '0')}Z` })),
    );
    await put(user.id, [{ due: '2020-01-01', status: 'done' }, { due: '2099-01-01' }, {}]);

    expect((await dashboard(user)).body.todos).toMatchObject({ overdue, overdueCapped });
  });

  test.each([
    [100, 100, false],
    [101, 100, true],
    [240, 100, true],
  ])('of %i due today says %i, capped: %s', async (count, dueToday, dueTodayCapped) => {
    const user = await service.signUp();
    await put(
      user.id,
      Array.from({ length: count }, (_, turn) => ({ due: turn % 2 === 0 ? '2030-03-10' : '2030-03-10T23:00:00.000Z' })),
    );
    await put(user.id, [{ due: '2030-03-10', status: 'done' }, { due: '2030-03-09' }, { due: '2030-03-11' }, {}]);
    jest.spyOn(Date, 'now').mockReturnValue(Date.parse('2030-03-10T12:00:00.000Z'));

    expect((await dashboard(user)).body.todos).toMatchObject({ dueToday, dueTodayCapped, overdue: 1 });
  });
});

describe('The user’s day', () => {
  // Each zone at one minute to and one minute past its midnight; the 10th of March 2030 loses an hour in New York.
  const cases: [string, string, string][] = [
    ['Pacific/Kiritimati', '2030-03-09T09:59:00.000Z', '2030-03-09'],
    ['Pacific/Kiritimati', '2030-03-09T10:01:00.000Z', '2030-03-10'],
    ['Pacific/Pago_Pago', '2030-03-10T10:59:00.000Z', '2030-03-09'],
    ['Pacific/Pago_Pago', '2030-03-10T11:01:00.000Z', '2030-03-10'],
    ['America/New_York', '2030-03-10T04:59:00.000Z', '2030-03-09'],
    ['America/New_York', '2030-03-10T05:01:00.000Z', '2030-03-10'],
    ['America/New_York', '2030-03-11T03:59:00.000Z', '2030-03-10'],
    ['America/New_York', '2030-03-11T04:01:00.000Z', '2030-03-11'],
    ['Asia/Kathmandu', '2030-03-09T18:14:00.000Z', '2030-03-09'],
    ['Asia/Kathmandu', '2030-03-09T18:16:00.000Z', '2030-03-10'],
    ['UTC', '2030-03-09T23:59:00.000Z', '2030-03-09'],
    ['UTC', '2030-03-10T00:01:00.000Z', '2030-03-10'],
  ];

  test.each(cases)('in %s at %s is %s', async (timeZone, now, today) => {
    const user = await service.signUp({ timeZone });
    const shift = (date: string, days: number): string => new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
    const at = (minutes: number): string => new Date(Date.parse(now) + minutes * 60_000).toISOString();
    await put(user.id, [
      { title: 'yesterday', due: shift(today, -1) },
      { title: 'today', due: today },
      { title: 'tomorrow', due: shift(today, 1) },
      { title: 'two minutes ago', due: at(-2) },
      { title: 'in two minutes', due: at(2) },
      { title: 'done', due: today, status: 'done' },
    ]);
    jest.spyOn(Date, 'now').mockReturnValue(Date.parse(now));

    const { body } = await dashboard(user);

    expect(body.generatedAt).toBe(now);
    // Two minutes ago is yesterday just past midnight, in two minutes is tomorrow just before it: one of them is today's in any case.
    expect(body.todos).toMatchObject({ overdue: 2, overdueCapped: false, dueToday: 2 });
    expect(body.upcoming.map(({ title }: Todo) => title).sort()).toEqual(['in two minutes', 'today', 'tomorrow']);
  });

  test('begins and ends exactly at midnight', async () => {
    const user = await service.signUp({ timeZone: 'America/New_York' });
    await put(
      user.id,
      ['2030-03-10T04:59:59.999Z', '2030-03-10T05:00:00.000Z', '2030-03-11T03:59:59.999Z', '2030-03-11T04:00:00.000Z'].map((due) => ({ due })),
    );
    jest.spyOn(Date, 'now').mockReturnValue(Date.parse('2030-03-10T12:00:00.000Z'));

    expect((await dashboard(user)).body.todos).toMatchObject({ overdue: 2, dueToday: 2 });
  });

  test('an instant is past due one millisecond after it', async () => {
    const user = await service.signUp();
    await put(user.id, [{ due: '2030-03-10T12:00:00.000Z' }]);
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.parse('2030-03-10T12:00:00.000Z'));

    const before = (await dashboard(user)).body;
    clock.mockReturnValue(Date.parse('2030-03-10T12:00:00.001Z'));
    const after = (await dashboard(user)).body;

    expect([before.todos.overdue, before.upcoming.length]).toEqual([0, 1]);
    expect([after.todos.overdue, after.upcoming.length, after.todos.dueToday]).toEqual([1, 0, 1]);
  });

  test('is another at once when the profile’s time zone changes, whatever the token says', async () => {
    const user = await service.signUp({ timeZone: 'Pacific/Pago_Pago' });
    await put(user.id, [{ due: '2030-03-09' }]);
    const now = Date.parse('2030-03-10T10:30:00.000Z');
    const seen = async (): Promise<object> => {
      const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
      const { body } = await dashboard(user);
      clock.mockRestore();
      return { zone: body.user.timeZone, overdue: body.todos.overdue, dueToday: body.todos.dueToday, upcoming: body.upcoming.length };
    };

    expect(await seen()).toEqual({ zone: 'Pacific/Pago_Pago', overdue: 0, dueToday: 1, upcoming: 1 });
    await service.call('PATCH', `/users/${user.id}`, { token: user.accessToken, body: { timeZone: 'Pacific/Kiritimati' } });
    expect(await seen()).toEqual({ zone: 'Pacific/Kiritimati', overdue: 1, dueToday: 0, upcoming: 0 });
  });
});

describe('Who may see it', () => {
  test('is no one without a token', async () => {
    const answer = await service.call('GET', `/dashboard/${randomUUID()}`);
    expectProblem(answer, 401, 'auth.token_missing');
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
    expectProblem(await service.call('GET', `/dashboard/${randomUUID()}`, { token: 'bad' }), 401, 'auth.invalid_token');
  });

  test('no other user, whether or not there is such a user', async () => {
    const [user, other] = [await service.signUp(), await service.signUp()];
    for (const id of [user.id, randomUUID(), 'not-an-id']) {
      expectProblem(await service.call('GET', `/dashboard/${id}`, { token: other.accessToken }), 403, 'access.denied');
    }
  });

  test('an admin, every user’s, as that user’s own zone sees it', async () => {
    const user = await service.signUp({ timeZone: 'Pacific/Kiritimati' });
    await put(user.id, [{ due: '2030-03-09' }]);
    const { id } = await service.signUp();
    await changeRole(service.config, 'grantAdmin', id);
    const { token } = tokenBearer(service.config, 'Pacific/Pago_Pago', 'admin', id);
    jest.spyOn(Date, 'now').mockReturnValue(Date.parse('2030-03-09T10:30:00.000Z'));

    const { status, body } = await dashboard({ id: user.id, accessToken: token });

    expect([status, body.user.id, body.todos.overdue]).toEqual([200, user.id, 1]);
    expectProblem(await dashboard({ id: randomUUID(), accessToken: token }), 404, 'user.not_found');
    expectProblem(await dashboard({ id: 'not-an-id', accessToken: token }), 400, 'request.invalid', ['/id']);
  });

  test('not even the user once deleted', async () => {
    const user = await service.signUp();
    await service.call('DELETE', `/users/${user.id}`, { token: user.accessToken });

    expectProblem(await dashboard(user), 404, 'user.not_found');
  });
});

describe('With a store down', () => {
  let user: SignedUp;
  let cleanUp: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    user = await service.signUp({ timeZone: 'Pacific/Kiritimati' });
    await create(user, { title: 'due', due: '2030-03-09' });
  });
  afterEach(async () => {
    for (const step of cleanUp.reverse()) {
      await step();
    }
    cleanUp = [];
  });

  const kinds = ['refuses', 'is silent'] as const;
  async function serviceWithout(kind: (typeof kinds)[number], ...stores: ('postgres' | 'dynamodb')[]): Promise<string> {
    const silent = kind === 'is silent' ? await silentPort() : undefined;
    if (silent !== undefined) {
      cleanUp.push(async () => silent.close());
    }
    const port = silent?.port ?? (await deadPort());
    const { config } = service;
    const app = await createServerApp({
      ...config,
      storeTimeouts: storeTimeouts(),
      postgres: { ...config.postgres, ...(stores.includes('postgres') && { port }) },
      dynamodb: { ...config.dynamodb, ...(stores.includes('dynamodb') && { endpoint: `http://127.0.0.1:${port}` }) },
    });
    cleanUp.push(async () => app.close());
    await app.listen(0, '127.0.0.1');
    return app.getUrl();
  }

  test.each(kinds)('PostgreSQL %s: it shows the todos in the token’s zone, and no profile', async (kind) => {
    const url = await serviceWithout(kind, 'postgres');
    jest.spyOn(Date, 'now').mockReturnValue(Date.parse('2030-03-09T10:30:00.000Z'));

    const { status, body } = await dashboard(user, url);

    expect(status).toBe(200);
    expect(body).toMatchObject({
      user: null,
      todos: { ...zeros, total: 1, open: 1, overdue: 1 },
      upcoming: [],
      recent: [{ title: 'due' }],
      degraded: ['postgres'],
    });
  });

  test.each(kinds)('DynamoDB %s: it shows the profile, and no todos', async (kind) => {
    const { status, body } = await dashboard(user, await serviceWithout(kind, 'dynamodb'));

    expect(status).toBe(200);
    expect(body).toEqual({
      user: expect.objectContaining({ id: user.id }),
      todos: null,
      upcoming: null,
      recent: null,
      generatedAt: expect.any(String),
      degraded: ['dynamodb'],
    });
  });

  test.each(kinds)('both %s: it is 503 within 3 s, with Retry-After', async (kind) => {
    const answer = await dashboard(user, await serviceWithout(kind, 'postgres', 'dynamodb'));

    expectProblem(answer, 503, 'store.unavailable');
    expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);
  });
});
