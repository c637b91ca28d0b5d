import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DeleteCommand, DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { newId } from '../../src/common/ids.js';
import { createServerApp } from '../../src/local/server/server-app.js';
import { settlingMs } from '../../src/features/todos/overdue-memo.js';
import { toItem } from '../../src/features/todos/persistence/todo-items.js';
import { newTodo, type Todo, type TodoContent } from '../../src/features/todos/todos.js';
import { callService, type SignedUp, startService, type TestService } from '../support/service.js';
import { tokenBearer } from '../support/tokens.js';
import { startWireProxy, type WireCall, type WireProxy } from '../support/wire-proxy.js';

// Real here: two instances of the service over HTTP, and both stores. One instance writes; at the other, whose calls to DynamoDB go through a
// proxy that sees and holds them, the dashboard is looked at. Where a test lets time pass, the clock of
// `Date.now` stands still from then on.
// Seen failing: with a count paired with the revision read beside it (a todo that is done between the two), without reading the revision (each kind of write), with a first look that
// remembers its count (nearly all), without the age that a revision must have, without moving the revision by one kind of write each, with a memo that heeds no clock or zone, with
// a revision for the buried, with fewer than 101 taken for as many, and with the count sent only once the aggregate is read.

let service: TestService;
let tables: DynamoDBDocumentClient;
let proxy: WireProxy;
let looking: INestApplication;
let url: string;
let counted: number;
let hold: (call: WireCall) => Promise<void> | void;
beforeAll(async () => {
  service = await startService();
  const { config } = service;
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  tables = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint: config.dynamodb.endpoint, region: config.region, credentials }));
  proxy = await startWireProxy(config.dynamodb.endpoint ?? '', async (call, forward) => {
    await hold(call);
    counted += isOverdueCount(call) ? 1 : 0;
    await forward(call.input);
  });
  looking = await createServerApp({ ...config, dynamodb: { ...config.dynamodb, endpoint: proxy.endpoint } });
  await looking.listen(0, '127.0.0.1');
  url = await looking.getUrl();
});
beforeEach(() => {
  counted = 0;
  hold = () => undefined;
});
afterEach(() => void jest.restoreAllMocks());
afterAll(async () => {
  await looking?.close();
  await proxy?.stop();
  tables?.destroy();
  await service?.stop();
});

const todosTable = (): string => service.config.dynamodb.tables.todos;
// What is due today is counted, too, but to the end.
const isOverdueCount = ({ operation, input }: WireCall): boolean => operation === 'Query' && input['Select'] === 'COUNT' && input['Limit'] !== undefined;
const isAggregateRead = ({ operation, input }: WireCall): boolean =>
  operation === 'GetItem' && (input['Key'] as { itemKey?: { S: string } }).itemKey?.S === 'LIST';

/** Stops the clock of `Date.now`, so much later than it stands. */
function pass(ms: number): void {
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + ms);
}

interface Look {
  readonly overdue: number | null;
  readonly overdueCapped: boolean | null;
  /** Whether the store was asked to count what is overdue. */
  readonly counted: boolean;
}

async function look(user: { id: string; accessToken: string }): Promise<Look> {
  const before = counted;
  const { status, body, text } = await callService(url, 'GET', `/dashboard/${user.id}`, { token: user.accessToken });
  expect([status, text]).toEqual([200, expect.any(String)]);
  return { overdue: body.todos?.overdue ?? null, overdueCapped: body.todos?.overdueCapped ?? null, counted: counted > before };
}

/** Three looks, of which the last shows that the cap is remembered. */
async function lookUntilKnown(user: { id: string; accessToken: string }): Promise<void> {
  const looks: Look[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    looks.push(await look(user));
    pass(settlingMs);
  }
  expect(looks.map(({ overdue, overdueCapped }) => ({ overdue, overdueCapped }))).toEqual(Array(3).fill({ overdue: 100, overdueCapped: true }));
  expect(looks.map((one) => one.counted)).toEqual([true, true, false]);
}

const change = async (user: SignedUp, method: string, path: string, body?: unknown): Promise<any> => {
  const answer = await service.call(method, path, { token: user.accessToken, body });
  expect([answer.status, answer.text]).toEqual([answer.status < 300 ? answer.status : 'a success', expect.any(String)]);
  return answer.body;
};
const create = async (user: SignedUp, content: Partial<TodoContent>): Promise<Todo> =>
  change(user, 'POST', `/users/${user.id}/todos`, { title: 'x', ...content });

/** Many todos at once, past the service. */
async function put(userId: string, count: number, due: string): Promise<Todo[]> {
  const content: TodoContent = { title: 'x', description: null, status: 'open', priority: 'normal', due, tags: [], checklist: [] };
  const todos = Array.from({ length: count }, () => newTodo({ ...newId(), userId }, content));
  for (let start = 0; start < count; start += 25) {
    const requests = todos.slice(start, start + 25).map((todo) => ({ PutRequest: { Item: toItem(todo, 90) } }));
    await tables.send(new BatchWriteCommand({ RequestItems: { [todosTable()]: requests } }));
  }
  return todos;
}

const yesterday = '2020-01-01';

/** Someone with so many overdue todos, the last of them the one returned. */
async function overdueUser(count: number, timeZone = 'UTC'): Promise<{ user: SignedUp; last: Todo }> {
  const user = await service.signUp({ timeZone });
  await put(user.id, count - 1, yesterday);
  return { user, last: await create(user, { due: yesterday }) };
}

describe('More than a hundred overdue todos', () => {
  test('are not counted again from the third look on, while the other figures stay what they are', async () => {
    const { user, last } = await overdueUser(101);
    const upcoming = await create(user, { due: '2099-01-01' });

    await lookUntilKnown(user);

    const { body } = await callService(url, 'GET', `/dashboard/${user.id}`, { token: user.accessToken });
    expect(body.todos).toEqual({ total: 2, open: 2, inProgress: 0, done: 0, archived: 0, overdue: 100, overdueCapped: true, dueToday: 0 });
    expect([body.upcoming, body.recent.slice(0, 2)]).toEqual([[upcoming], [upcoming, last]]);
    expect(counted).toBe(2);
  });

  test('are counted again as long as their revision is too young', async () => {
    const { user } = await overdueUser(101);
    pass(0);

    expect([(await look(user)).counted, (await look(user)).counted, (await look(user)).counted]).toEqual([true, true, true]);
    pass(settlingMs);

    expect([(await look(user)).counted, (await look(user)).counted]).toEqual([true, false]);
  });

  test('while a hundred are counted at every look', async () => {
    const { user } = await overdueUser(100);

    for (let turn = 0; turn < 4; turn += 1) {
      expect(await look(user)).toEqual({ overdue: 100, overdueCapped: false, counted: true });
      pass(settlingMs);
    }
  });

  test.each<[string, (user: SignedUp, last: Todo) => Promise<unknown>]>([
    ['done', async (user, { id }) => change(user, 'PATCH', `/todos/${id}`, { status: 'done' })],
    ['replaced by a done one', async (user, { id }) => change(user, 'PUT', `/todos/${id}`, { title: 'x', due: yesterday, status: 'done' })],
    ['put off to a day', async (user, { id }) => change(user, 'PATCH', `/todos/${id}`, { due: '2099-01-01' })],
    ['put off to an instant', async (user, { id }) => change(user, 'PATCH', `/todos/${id}`, { due: '2099-01-01T00:00:00.000Z' })],
    ['robbed of its due', async (user, { id }) => change(user, 'PATCH', `/todos/${id}`, { due: null })],
    ['replaced by one without a due', async (user, { id }) => change(user, 'PUT', `/todos/${id}`, { title: 'x' })],
    ['deleted', async (user, { id }) => change(user, 'DELETE', `/todos/${id}`)],
  ])('are a hundred at the very next look when one is %s, and more again when that is undone', async (_, write) => {
    const { user, last } = await overdueUser(101);
    await lookUntilKnown(user);

    await write(user, last);

    expect(await look(user)).toEqual({ overdue: 100, overdueCapped: false, counted: true });
    expect(await look(user)).toEqual({ overdue: 100, overdueCapped: false, counted: true });
    const gone = (await service.call('GET', `/todos/${last.id}`, { token: user.accessToken })).status === 404;
    await (gone ? create(user, { due: yesterday }) : change(user, 'PATCH', `/todos/${last.id}`, { status: 'in_progress', due: yesterday }));
    await lookUntilKnown(user);
  });

  test('stay known when a write changes nothing due', async () => {
    const { user, last } = await overdueUser(101);
    await lookUntilKnown(user);

    await change(user, 'PATCH', `/todos/${last.id}`, { title: 'y', tags: ['z'] });
    await change(user, 'PATCH', `/todos/${last.id}`, { status: 'in_progress' });
    await create(user, {});
    await create(user, { due: yesterday, status: 'done' });

    expect(await look(user)).toEqual({ overdue: 100, overdueCapped: true, counted: false });
  });

  test('are as many as the clock says: more in time, and fewer if it is set back', async () => {
    const { user } = await overdueUser(100);
    const due = new Date(Date.now() + 3_600_000).toISOString();
    await create(user, { due });
    expect(await look(user)).toMatchObject({ overdue: 100, overdueCapped: false });

    pass(3_700_000);
    await lookUntilKnown(user);
    pass(-3_700_000);

    expect(await look(user)).toEqual({ overdue: 100, overdueCapped: false, counted: true });
  });

  test('are as many as the user’s zone says at once when it changes, and as many for an admin', async () => {
    const user = await service.signUp({ timeZone: 'Pacific/Kiritimati' });
    const admin = { id: user.id, accessToken: tokenBearer(service.config, 'UTC', 'admin').token };
    await put(user.id, 99, yesterday);
    await put(user.id, 2, '2030-03-09');
    // The 10th in Kiritimati, the 9th in UTC, the 8th in Pago Pago.
    pass(Date.parse('2030-03-09T10:30:00.000Z') - Date.now());
    await lookUntilKnown(user);

    // The admin's look begins with UTC, and finds the user's zone in the profile.
    expect(await look(admin)).toMatchObject({ overdue: 100, overdueCapped: true });
    await change(user, 'PATCH', `/users/${user.id}`, { timeZone: 'Pacific/Pago_Pago' });
    expect(await look(user)).toMatchObject({ overdue: 99, overdueCapped: false });
    expect(await look(admin)).toMatchObject({ overdue: 99, overdueCapped: false });
    await change(user, 'PATCH', `/users/${user.id}`, { timeZone: 'Pacific/Kiritimati' });
    expect(await look(user)).toMatchObject({ overdue: 100, overdueCapped: true });
  });

  test('are not hidden by a todo that is done between the count and the reading of the revision', async () => {
    const { user, last } = await overdueUser(101);
    await look(user);
    pass(settlingMs);
    let read = (): void => undefined;
    const done = new Promise<void>((resolve) => (read = resolve));
    hold = async (call) => (isAggregateRead(call) ? done : undefined);

    const overlapped = look(user);
    while (counted < 2) {
      await sleep(5);
    }
    await sleep(100);
    await change(user, 'PATCH', `/todos/${last.id}`, { status: 'done' });
    read();

    expect(await overlapped).toMatchObject({ overdue: 100, overdueCapped: true });
    for (let turn = 0; turn < 3; turn += 1) {
      pass(settlingMs);
      expect(await look(user)).toEqual({ overdue: 100, overdueCapped: false, counted: true });
    }
  });

  test('are counted at every look while the user is buried, since a purge moves no revision', async () => {
    const user = await service.signUp();
    const todos = await put(user.id, 101, yesterday);
    await lookUntilKnown(user);
    const Key = { userId: user.id, itemKey: 'LIST' };
    await tables.send(
      new UpdateCommand({ TableName: todosTable(), Key, UpdateExpression: 'SET deletedAt = :now', ExpressionAttributeValues: { ':now': yesterday } }),
    );
    await look(user);
    pass(settlingMs);
    await look(user);

    for (const { id } of todos.slice(0, 2)) {
      await tables.send(new DeleteCommand({ TableName: todosTable(), Key: { userId: user.id, itemKey: `TODO#${id}` } }));
    }

    expect(await look(user)).toEqual({ overdue: 99, overdueCapped: false, counted: true });
  });

  test('are unknown while DynamoDB is silent, and known when it is back', async () => {
    const { user } = await overdueUser(101);
    await lookUntilKnown(user);

    hold = async () => new Promise(() => {});
    expect(await look(user)).toEqual({ overdue: null, overdueCapped: null, counted: false });
    hold = () => undefined;

    expect(await look(user)).toEqual({ overdue: 100, overdueCapped: true, counted: false });
  });
});

describe('The due revision in the aggregate', () => {
  test('moves with every write that changes what is due, in any instance, and with no other', async () => {
    const user = await service.signUp();
    const revision = async (): Promise<unknown> => {
      const { Item } = await tables.send(new GetCommand({ TableName: todosTable(), Key: { userId: user.id, itemKey: 'LIST' }, ConsistentRead: true }));
      return Item?.['dueRevision'];
    };
    const { id } = await create(user, {});
    const path = `/todos/${id}`;
    expect(await revision()).toBeUndefined();

    const steps: [number | undefined, string, string, unknown][] = [
      [undefined, 'PATCH', path, { title: 'y' }],
      [undefined, 'PATCH', path, { status: 'done' }],
      [undefined, 'PATCH', path, { due: '2030-01-01' }],
      [1, 'PATCH', path, { status: 'open' }],
      [1, 'PATCH', path, { status: 'in_progress' }],
      [1, 'PATCH', path, { title: 'z', due: '2030-01-01' }],
      [1, 'PATCH', path, {}],
      [2, 'PATCH', path, { due: '2030-01-02' }],
      [3, 'PATCH', path, { due: '2030-01-02T23:59:59.999Z' }],
      [4, 'PATCH', path, { due: null }],
      [5, 'PUT', path, { title: 'z', due: '2030-01-02' }],
      [6, 'PATCH', path, { status: 'done', due: '2030-01-03' }],
      [6, 'DELETE', path, undefined],
      [6, 'POST', `/users/${user.id}/todos`, { title: 'x', due: '2030-01-02', status: 'done' }],
      [7, 'POST', `/users/${user.id}/todos`, { title: 'x', due: '2030-01-02' }],
    ];
    const seen: typeof steps = [];
    let latest: { id: string } | undefined;
    for (const [, method, at, body] of steps) {
      latest = await change(user, method, at, body);
      seen.push([(await revision()) as number | undefined, method, at, body]);
    }
    expect(seen).toEqual(steps);
    await change(user, 'DELETE', `/todos/${latest?.id}`);
    expect(await revision()).toBe(8);
  });

  test('is shown in no answer', async () => {
    const { user, last } = await overdueUser(2);

    for (const path of [`/dashboard/${user.id}`, `/users/${user.id}/todos`, `/users/${user.id}/todos?sort=due`, `/todos/${last.id}`, `/users/${user.id}`]) {
      const { status, text } = await service.call('GET', path, { token: user.accessToken });
      expect([status, text.includes('evision')]).toEqual([200, false]);
    }
  });
});
