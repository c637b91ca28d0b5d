import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { newId } from '../../src/common/ids.js';
import { toArchiveItem, toItem } from '../../src/features/todos/persistence/todo-items.js';
import { newTodo, type Todo, type TodoContent } from '../../src/features/todos/todos.js';
import { signUpAdmin } from '../support/admin.js';
import { type Answer, startService, type TestService } from '../support/service.js';
import { type TokenBearer, tokenBearer } from '../support/tokens.js';

// Real here: the service over HTTP and both stores. The largest todos there can be are written into the tables directly.

const mostBytes = 1_000_000;

let service: TestService;
let tables: DynamoDBDocumentClient;
let user: TokenBearer;
let todos: Todo[];
beforeAll(async () => {
  service = await startService();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  tables = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint: service.config.dynamodb.endpoint, region: service.config.region, credentials }));
  user = tokenBearer(service.config);
  const { todos: listed, archive } = service.config.dynamodb.tables;
  todos = await put(user, 400, listed, (todo) => toItem(todo, 90, 1));
  await put(user, 30, archive, toArchiveItem);
});
afterAll(async () => {
  tables?.destroy();
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
    await tables.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
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
});

describe('The dashboard of someone with 400 of the largest todos, all due today', () => {
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
});

describe('An admin’s list of large records', () => {
  test('comes in pages of a million bytes at most, each record once', async () => {
    const admin = await signUpAdmin(service);
    const records = Array.from({ length: 8 }, () => ({ user_id: newId().id, text: 'x'.repeat(300_000), quotes: '"'.repeat(50_000) }));
    for (const record of records) {
      await tables.send(new PutCommand({ TableName: service.config.dynamodb.tables.records, Item: record }));
    }

    const { ids, pages } = await walk('/dynamo', { limit: '100' }, admin.accessToken);

    expect(Math.max(...pages.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(mostBytes);
    expect([...ids].sort()).toEqual(records.map(({ user_id }) => user_id).sort());
  });
});
