import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { isTodo } from '../../../src/features/todos/persistence/todo-items.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { expectProblem } from '../../support/problems.js';
import { type Answer, callService, startService, type TestService } from '../../support/service.js';
import type { TokenBearer } from '../../support/tokens.js';
import { todoCalls } from './todo-calls.js';

// Real here: the service over HTTP and DynamoDB, whose items are also read, and twice changed, behind the service's back.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service?.stop();
});

const { newUser, change, itemOf } = todoCalls(() => service);
const tableName = (): string => service.config.dynamodb.tables.todos;
const post = async (user: TokenBearer, body: unknown, key?: string): Promise<Answer> =>
  service.call('POST', `/users/${user.id}/todos`, { token: user.token, body, headers: key === undefined ? {} : { 'Idempotency-Key': key } });
const many = async <T>(count: number, work: (turn: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, async (_, turn) => work(turn)));

/** The aggregate, and what counting the todos themselves gives. */
async function countsOf(user: TokenBearer): Promise<{ list: Record<string, number>; recount: Record<string, number> }> {
  const { Items: items = [] } = await service.truth.dynamodb.send(
    new QueryCommand({
      TableName: tableName(),
      KeyConditionExpression: 'userId = :user AND begins_with(itemKey, :todo)',
      FilterExpression: isTodo,
      ExpressionAttributeValues: { ':user': user.id, ':todo': 'TODO#' },
      ConsistentRead: true,
    }),
  );
  const list = await itemOf(user, 'LIST');
  const recount = { open: 0, inProgress: 0, done: 0 };
  for (const { status } of items) {
    recount[status === 'in_progress' ? 'inProgress' : (status as 'open' | 'done')] += 1;
  }
  return { list: { open: list?.['open'] ?? 0, inProgress: list?.['inProgress'] ?? 0, done: list?.['done'] ?? 0 }, recount };
}

describe('LIST equals a recount of the todos', () => {
  test('after each kind of write', async () => {
    const user = newUser();
    const { id } = (await post(user, { title: 'x' })).body;
    const { id: other } = (await post(user, { title: 'x', status: 'done' })).body;
    const steps: [() => Promise<Answer>, object][] = [
      [async () => change(user, 'PATCH', id, { status: 'in_progress' }), { open: 0, inProgress: 1, done: 1 }],
      [async () => change(user, 'PATCH', id, { title: 'y' }), { open: 0, inProgress: 1, done: 1 }],
      [async () => change(user, 'PUT', id, { title: 'y', status: 'done' }), { open: 0, inProgress: 0, done: 2 }],
      [async () => change(user, 'PUT', other, { title: 'y' }), { open: 1, inProgress: 0, done: 1 }],
      [async () => change(user, 'PATCH', id, { status: 'open' }, { 'If-Match': '"1"' }), { open: 1, inProgress: 0, done: 1 }],
      [async () => change(user, 'DELETE', id), { open: 1, inProgress: 0, done: 0 }],
      [async () => change(user, 'DELETE', id), { open: 1, inProgress: 0, done: 0 }],
      [async () => change(user, 'DELETE', other), { open: 0, inProgress: 0, done: 0 }],
    ];
    for (const [step, expected] of steps) {
      await step();
      expect(await countsOf(user)).toEqual({ list: expected, recount: expected });
    }
  });

  test('after 120 concurrent writes of every kind, conflicts and repetitions among them', async () => {
    const user = newUser();
    const ids = (await many(12, async () => post(user, { title: 'x' }))).map(({ body }) => body.id as string);
    const statuses = ['open', 'in_progress', 'done'];
    const statusOf = (turn: number): string => statuses[turn % 3] ?? '';
    const idOf = (turn: number): string => ids[turn % ids.length] ?? '';

    const waves: Answer[] = [];
    for (let wave = 0; wave < 4; wave += 1) {
      waves.push(
        ...(await many(30, async (turn) => {
          switch ((turn + wave) % 6) {
            case 0:
              return post(user, { title: 'new', status: statusOf(turn) });
            case 1:
              return post(user, { title: 'keyed' }, `key-${wave}-${turn % 2}`);
            case 2:
              return change(user, 'PUT', idOf(turn), { title: 'put', status: statusOf(turn + wave) });
            case 3:
              return change(user, 'DELETE', idOf(turn * 7 + wave));
            case 4:
              return change(user, 'PATCH', idOf(turn), { status: statusOf(turn) }, { 'If-Match': '"2"' });
            default:
              return change(user, 'PATCH', idOf(turn + wave), { status: statusOf(turn + wave) });
          }
        })),
      );
    }

    const allowed = new Set([200, 201, 204, 404, 412]);
    expect(waves.filter(({ status }) => !allowed.has(status)).map(({ text }) => text)).toEqual([]);
    expect(new Set(waves.map(({ status }) => status)).size).toBeGreaterThan(3);
    const { list, recount } = await countsOf(user);
    expect(list).toEqual(recount);
    expect(Object.values(recount).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(20);
  });

  test('after ten concurrent deletions of one todo: one is 204, the rest are 404', async () => {
    const user = newUser();
    const { id } = (await post(user, { title: 'x' })).body;

    const answers = await many(10, async () => change(user, 'DELETE', id));

    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(9).fill(404)]);
    expect(await countsOf(user)).toEqual({ list: { open: 0, inProgress: 0, done: 0 }, recount: { open: 0, inProgress: 0, done: 0 } });
  });
});

describe('Two instances of the service', () => {
  test('writing one user’s todos at once lose no update and no count', async () => {
    const user = newUser();
    const other = await createServerApp(service.config);
    await other.listen(0, '127.0.0.1');
    try {
      const urls = [service.url, await other.getUrl()];
      const call = async (turn: number, method: string, path: string, body: object): Promise<Answer> =>
        callService(urls[turn % 2] ?? '', method, path, { token: user.token, body });
      const { id } = (await post(user, { title: 'x' })).body;

      const updates = await many(10, async (turn) => call(turn, 'PATCH', `/todos/${id}`, { status: turn % 3 ? 'open' : 'done' }));
      const creations = await many(10, async (turn) => call(turn, 'POST', `/users/${user.id}/todos`, { title: 'y' }));

      expect([...updates, ...creations].map(({ status }) => status)).toEqual([...Array(10).fill(200), ...Array(10).fill(201)]);
      expect(updates.map(({ body }) => body.version).sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      const { list, recount } = await countsOf(user);
      expect(list).toEqual(recount);
    } finally {
      await other.close();
    }
  });
});

describe('Concurrent updates', () => {
  test('with one ETag: of 50 one is 200, 49 are 412, and the version is 2', async () => {
    const user = newUser();
    const { id } = (await post(user, { title: 'x' })).body;

    const answers = await many(50, async (turn) => change(user, 'PATCH', id, { title: `by ${turn}` }, { 'If-Match': '"1"' }));

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(49);
    const winner = answers.find(({ status }) => status === 200)?.body;
    expect((await change(user, 'GET', id)).body).toEqual(winner);
    expect(winner.version).toBe(2);
  });

  test('with one ETag: of 20 replacements and deletions together one succeeds', async () => {
    const user = newUser();
    const { id } = (await post(user, { title: 'x' })).body;

    const answers = await many(20, async (turn) =>
      change(user, turn % 2 ? 'PUT' : 'DELETE', id, turn % 2 ? { title: 'y', status: 'done' } : undefined, { 'If-Match': '"1"' }),
    );

    expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412 || status === 404)).toHaveLength(19);
    const { list, recount } = await countsOf(user);
    expect(list).toEqual(recount);
  });

  test('without an ETag: 30 are all 200, with versions without gaps, and each is a whole one', async () => {
    const user = newUser();
    const { id } = (await post(user, { title: 'x' })).body;

    const answers = await many(30, async (turn) =>
      change(user, 'PATCH', id, turn % 2 ? { description: `d${turn}` } : { priority: 'high', tags: [`t${turn}`] }),
    );

    expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200));
    expect(answers.map(({ body }) => body.version).sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, turn) => turn + 2));
    const final = (await change(user, 'GET', id)).body;
    expect(final).toMatchObject({ version: 31, priority: 'high', description: expect.stringMatching(/^d\d+$/), tags: [expect.stringMatching(/^t\d+$/)] });
    expect(answers.find(({ body }) => body.version === 31)?.body).toEqual(final);
  });

  test('of many todos of one user all succeed', async () => {
    const user = newUser();
    const ids = (await many(30, async () => post(user, { title: 'x' }))).map(({ status, body }) => (expect(status).toBe(201), body.id as string));

    const answers = await many(30, async (turn) => change(user, 'PATCH', ids[turn] ?? '', { status: 'done' }));

    expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200));
    expect(await countsOf(user)).toEqual({ list: { open: 0, inProgress: 0, done: 30 }, recount: { open: 0, inProgress: 0, done: 30 } });
  });
});

describe('Once a user’s tombstone stands', () => {
  test('nothing can be created or changed, and no keyed result is replayed', async () => {
    const user = newUser();
    const { id } = (await post(user, { title: 'x' }, 'k')).body;
    await service.truth.dynamodb.send(
      new UpdateCommand({
        TableName: tableName(),
        Key: { userId: user.id, itemKey: 'LIST' },
        UpdateExpression: 'SET deletedAt = :now',
        ExpressionAttributeValues: { ':now': new Date().toISOString() },
      }),
    );

    expectProblem(await post(user, { title: 'y' }), 404, 'user.not_found');
    expectProblem(await post(user, { title: 'x' }, 'k'), 404, 'user.not_found');
    expectProblem(await post(user, { title: 'x' }, 'another'), 404, 'user.not_found');
    for (const [method, body] of [
      ['PUT', { title: 'y' }],
      ['PATCH', { title: 'y' }],
      ['PATCH', { status: 'done' }],
      ['DELETE', undefined],
    ] as const) {
      expectProblem(await change(user, method, id, body), 404, 'user.not_found');
    }
    expect((await itemOf(user, `TODO#${id}`))?.['version']).toBe(1);
  });
});
