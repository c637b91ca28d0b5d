import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BatchWriteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { newId } from '../../../src/common/ids.js';
import { toArchiveItem, toItem } from '../../../src/features/todos/persistence/todo-items.js';
import { newTodo, type Todo, type TodoContent } from '../../../src/features/todos/todos.js';
import { storeTimeouts } from '../../../src/config/store-timeouts.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { signUpAdmin } from '../../support/administrators.js';
import { startFaultProxy } from '../../support/faults/fault-proxy.js';
import { type Answer, callService, startService, type TestService } from '../../support/service.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';
import { startWireProxy } from '../../support/faults/wire-proxy.js';

// Real here: the service over HTTP and both stores; in some tests a proxy is before DynamoDB. The largest todos there can be are written into the tables directly.

const mostBytes = 1_000_000;

let service: TestService;
let user: TokenBearer;
let todos: Todo[];
beforeAll(async () => {
  service = await startService();
  user = tokenBearer(service.config);
  const { todos: listed, archive } = service.config.dynamodb.tables;
  todos = await put(user, 120, listed, (todo) => toItem(todo, 90, 1));
  await put(user, 30, archive, toArchiveItem);
});
afterAll(async () => {
  await service?.stop();
});

const today = new Date().toISOString().slice(0, 10);
const largest: TodoContent = {
  title: '😀'.repeat(200),
  description: '😀'.repeat(10_000),
  status: 'open',
  priority: 'normal',
  due: today,
  tags: Array.from({ length: 20 }, (_, turn) => String.fromCodePoint(0x1f600 + turn).repeat(50)),
  checklist: Array.from({ length: 50 }, () => ({ title: '😀'.repeat(200), done: false })),
};

async function put(owner: TokenBearer, count: number, table: string, itemOf: (todo: Todo) => object): Promise<Todo[]> {
  const made = Array.from({ length: count }, () => newTodo({ ...newId(), userId: owner.id }, largest));
  for (let start = 0; start < count; start += 10) {
    const requests = made.slice(start, start + 10).map((todo) => ({ PutRequest: { Item: itemOf(todo) as Record<string, unknown> } }));
    await service.truth.dynamodb.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
  }
  return made;
}

const get = async (path: string, query: Record<string, string>, token = user.token): Promise<Answer> =>
  service.call('GET', `${path}?${new URLSearchParams(query).toString()}`, { token });

/** Every page from first to last; each is 200. */
async function walk(path: string, query: Record<string, string>, token?: string): Promise<{ ids: string[]; pages: Answer[] }> {
  const pages: Answer[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null && pages.length < 200) {
    const page = await get(path, { ...query, ...(cursor !== undefined && { cursor }) }, token);
    expect([page.status, page.status === 200 ? '' : page.text]).toEqual([200, '']);
    pages.push(page);
    cursor = page.body.nextCursor;
  }
  return { ids: pages.flatMap(({ body }) => body.items.map((item: Record<string, string>) => item['id'] ?? item['user_id'])), pages };
}

describe('A list of the largest todos', () => {
  test.each<[string, Record<string, string>]>([
    ['newest first', {}],
    ['by due', { sort: 'due' }],
  ])('%s comes in pages of a million bytes at most, each todo once', async (_, query) => {
    const { ids, pages } = await walk(`/users/${user.id}/todos`, { limit: '100', ...query });

    expect(Math.max(...pages.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(mostBytes);
    expect([...ids].sort()).toEqual(todos.map(({ id }) => id).sort());
    expect(pages.every(({ body }) => body.items.length > 0)).toBe(true);
  });

  test('in the archive comes in pages of a million bytes at most', async () => {
    const { ids, pages } = await walk(`/users/${user.id}/todos`, { limit: '100', archived: 'true' });

    expect(Math.max(...pages.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(mostBytes);
    expect(new Set(ids).size).toBe(30);
  });

  test.each<[string, Record<string, string>]>([
    ['q', { q: 'nomatch' }],
    ['a status', { status: 'done' }],
    ['a priority, by due', { priority: 'high', sort: 'due' }],
  ])('filtered by %s that none has ends after some pages, none of them an error', async (_, query) => {
    const { ids, pages } = await walk(`/users/${user.id}/todos`, query);

    expect(ids).toEqual([]);
    expect(pages.at(-1)?.body.nextCursor).toBeNull();
  });

  test('filtered by what none has is an empty page that goes on, not an error, when reading to the end takes longer than a request may', async () => {
    const { config } = service;
    const { hostname, port } = new URL(config.dynamodb.endpoint ?? '');
    const slow = await startFaultProxy({ host: hostname, port: Number(port) });
    // Each megabyte comes in some 16 pieces: all 120 todos take more than 20 s.
    slow.delay(200);
    const app = await createServerApp({
      ...config,
      storeTimeouts: storeTimeouts(10_000),
      dynamodb: { ...config.dynamodb, endpoint: `http://127.0.0.1:${slow.port}` },
    });
    try {
      await app.listen(0, '127.0.0.1');
      const { status, body } = await callService(await app.getUrl(), 'GET', `/users/${user.id}/todos?q=nomatch`, { token: user.token });

      expect([status, body]).toEqual([200, { items: [], nextCursor: expect.any(String) }]);
    } finally {
      await app.close();
      await slow.stop();
    }
  });
});

describe('The dashboard of someone with more than a hundred of the largest todos, all due today', () => {
  test('shows DynamoDB’s part, counted to a hundred', async () => {
    const { status, body } = await get(`/dashboard/${user.id}`, {}, tokenBearer(service.config, 'UTC', 'user', user.id).token);

    // The user has no profile, which PostgreSQL knows; an owner with one sees the same todos.
    expect(status).toBe(404);
    expect(body.code).toBe('user.not_found');
    const owner = await service.signUp();
    await put({ id: owner.id, token: owner.accessToken }, 150, service.config.dynamodb.tables.todos, (todo) => toItem(todo, 90, 1));
    const seen = await get(`/dashboard/${owner.id}`, {}, owner.accessToken);
    expect(seen.body).toMatchObject({ degraded: [], todos: { dueToday: 100, dueTodayCapped: true, overdue: 0 } });
  });

  test('asks for no more than it shows: five todos to a list, and one more than it counts to', async () => {
    const { config } = service;
    const limits: unknown[] = [];
    const proxy = await startWireProxy(config.dynamodb.endpoint ?? '', async ({ operation, input }, forward) => {
      if (operation === 'Query') limits.push(input['Limit']);
      await forward(input);
    });
    const app = await createServerApp({ ...config, dynamodb: { ...config.dynamodb, endpoint: proxy.endpoint } });
    try {
      await app.listen(0, '127.0.0.1');
      const owner = await service.signUp();
      await put({ id: owner.id, token: owner.accessToken }, 110, config.dynamodb.tables.todos, (todo) => toItem(todo, 90, 1));
      expect((await callService(await app.getUrl(), 'GET', `/dashboard/${owner.id}`, { token: owner.accessToken })).status).toBe(200);

      expect(limits.length).toBeGreaterThan(0);
      expect(limits.filter((limit) => !(Number(limit) <= 101))).toEqual([]);
    } finally {
      await app.close();
      await proxy.stop();
    }
  });
});

describe('An admin’s list of large records', () => {
  test('comes in pages of a million bytes at most, each record once', async () => {
    const admin = await signUpAdmin(service);
    const records = Array.from({ length: 8 }, () => ({ user_id: newId().id, text: 'x'.repeat(300_000), quotes: '"'.repeat(50_000) }));
    for (const record of records) {
      await service.truth.dynamodb.send(new PutCommand({ TableName: service.config.dynamodb.tables.records, Item: record }));
    }

    const { ids, pages } = await walk('/dynamo', { limit: '100' }, admin.accessToken);

    expect(Math.max(...pages.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(mostBytes);
    expect([...ids].sort()).toEqual(records.map(({ user_id }) => user_id).sort());
  });
});
