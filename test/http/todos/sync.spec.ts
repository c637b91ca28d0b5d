import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { INestApplication } from '@nestjs/common';
import { encodeCursor } from '../../../src/common/resources/cursor.js';
import { decodeSyncToken, encodeSyncToken } from '../../../src/features/sync/sync-token.js';
import type { Todo } from '../../../src/features/todos/todos.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { expectProblem } from '../../support/problems.js';
import { type Answer, callService, startService, type TestService } from '../../support/service.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';
import { startWireProxy, type WireCall, type WireProxy } from '../../support/wire-proxy.js';

// Real here: the service over HTTP and DynamoDB.

let service: TestService;
let tables: DynamoDBDocumentClient;
beforeAll(async () => {
  service = await startService();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  tables = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint: service.config.dynamodb.endpoint, region: service.config.region, credentials }));
});
afterAll(async () => {
  tables?.destroy();
  await service?.stop();
});

const newUser = (): TokenBearer => tokenBearer(service.config);
const listOf = async (user: TokenBearer): Promise<Record<string, unknown> | undefined> =>
  (await tables.send(new GetCommand({ TableName: service.config.dynamodb.tables.todos, Key: { userId: user.id, itemKey: 'LIST' }, ConsistentRead: true })))
    .Item;
const changes = async (user: TokenBearer, query: Record<string, string> = {}): Promise<Answer> =>
  service.call('GET', `/users/${user.id}/changes?${new URLSearchParams(query).toString()}`, { token: user.token });
const create = async (user: TokenBearer, content: object): Promise<Todo> =>
  (await service.call('POST', `/users/${user.id}/todos`, { token: user.token, body: content })).body;
const change = async (user: TokenBearer, method: string, id: string, body?: unknown): Promise<Answer> =>
  service.call(method, `/todos/${id}`, { token: user.token, body });
const batch = async (user: TokenBearer, operations: readonly unknown[], headers: Record<string, string> = {}): Promise<Answer> =>
  service.call('POST', `/users/${user.id}/todos/batch`, { token: user.token, body: { operations }, headers });

/** Applies the pages from a token on, as a mirror does, to the todos it holds. */
async function follow(user: TokenBearer, held: Map<string, Todo>, since?: string, limit = '100'): Promise<{ next: string; told: string[] }> {
  const told: string[] = [];
  let token = since;
  for (;;) {
    const { status, body, text } = await changes(user, { limit, ...(token !== undefined && { since: token }) });
    expect([status, status === 200 ? '' : text]).toEqual([200, '']);
    for (const { id, state, todo } of body.changes) {
      told.push(state);
      if (state === 'present') {
        held.set(id, todo);
      } else {
        held.delete(id);
      }
    }
    token = body.next as string;
    if (!body.more) {
      return { next: token, told };
    }
  }
}

const listed = async (user: TokenBearer): Promise<Todo[]> =>
  (await service.call('GET', `/users/${user.id}/todos?limit=100&sort=createdAt`, { token: user.token })).body.items;
const inOrder = (held: ReadonlyMap<string, Todo>): Todo[] => [...held.values()].sort((left, right) => (left.id < right.id ? -1 : 1));

describe('GET /users/{id}/changes', () => {
  test('of a new user is empty, with a token to go on from', async () => {
    const user = newUser();

    const { status, body } = await changes(user);

    expect([status, body]).toEqual([200, { changes: [], next: expect.any(String), more: false }]);
    expect((await changes(user, { since: body.next })).body).toMatchObject({ changes: [], more: false });
  });

  test('tells the whole list at first, in the order of the writes, and leaves out what has gone', async () => {
    const user = newUser();
    const [a, b, c] = [await create(user, { title: 'a' }), await create(user, { title: 'b' }), await create(user, { title: 'c' })];
    const changed = (await change(user, 'PATCH', a.id, { title: 'a, changed' })).body;
    await change(user, 'DELETE', b.id);

    const { body } = await changes(user);

    expect(body).toMatchObject({ more: false });
    expect(body.changes).toEqual([
      { id: c.id, state: 'present', todo: c },
      { id: a.id, state: 'present', todo: changed },
    ]);
  });

  test('tells from a token on each todo once, as it is now', async () => {
    const user = newUser();
    const [a, b] = [await create(user, { title: 'a' }), await create(user, { title: 'b' })];
    const { next } = (await changes(user)).body;

    await change(user, 'PATCH', a.id, { title: 'changed' });
    const twice = (await change(user, 'PUT', a.id, { title: 'changed twice' })).body;
    const c = await create(user, { title: 'c' });
    await change(user, 'DELETE', c.id);
    await change(user, 'DELETE', b.id);

    const { body } = await changes(user, { since: next });
    expect(body.changes).toEqual([
      { id: a.id, state: 'present', todo: twice },
      { id: c.id, state: 'deleted' },
      { id: b.id, state: 'deleted' },
    ]);
    expect((await changes(user, { since: body.next })).body).toMatchObject({ changes: [], more: false });
  });

  test.each(['1', '3', '100'])('read %s at a time gives what the list shows, also what is written between the pages', async (limit) => {
    const user = newUser();
    const todos: Todo[] = [];
    for (let turn = 0; turn < 7; turn += 1) todos.push(await create(user, { title: `t${turn}` }));
    const held = new Map<string, Todo>();
    const first = (await changes(user, { limit })).body;
    for (const { id, todo } of first.changes) held.set(id, todo);

    await change(user, 'DELETE', todos[0]?.id ?? '');
    await change(user, 'PATCH', todos[1]?.id ?? '', { status: 'done' });
    await change(user, 'DELETE', todos[6]?.id ?? '');
    await create(user, { title: 'new' });
    const { next } = await follow(user, held, first.next, limit);

    expect(inOrder(held)).toEqual(await listed(user));
    await change(user, 'DELETE', todos[2]?.id ?? '');
    await follow(user, held, next, limit);
    expect(inOrder(held)).toEqual(await listed(user));
  });

  test('gets past what is left out, however much of it lies between', async () => {
    const user = newUser();
    const todos: Todo[] = [];
    for (let turn = 0; turn < 5; turn += 1) todos.push(await create(user, { title: `t${turn}` }));
    for (const { id } of todos.slice(1)) await change(user, 'DELETE', id);
    await change(user, 'PATCH', todos[0]?.id ?? '', { title: 'last' });
    const held = new Map<string, Todo>();

    const { told } = await follow(user, held, undefined, '1');

    expect(told).toEqual(['present']);
    expect(inOrder(held)).toEqual(await listed(user));
  });

  test('goes on in the middle of what one batch has deleted', async () => {
    const user = newUser();
    const todos: Todo[] = [];
    for (let turn = 0; turn < 5; turn += 1) todos.push(await create(user, { title: `t${turn}` }));
    const { next } = (await changes(user)).body;
    await batch(
      user,
      todos.map(({ id }) => ({ op: 'delete', id })),
    );

    const first = (await changes(user, { since: next, limit: '2' })).body;
    const second = (await changes(user, { since: first.next, limit: '2' })).body;
    const third = (await changes(user, { since: second.next, limit: '2' })).body;

    expect([first.more, second.more, third.more]).toEqual([true, true, false]);
    expect([...first.changes, ...second.changes, ...third.changes].map(({ id }) => id)).toEqual(todos.map(({ id }) => id));
  });

  test('moves LIST.revision by one with each todo written, and with no refused or empty write', async () => {
    const user = newUser();
    const revision = async (): Promise<unknown> => (await listOf(user))?.['revision'];
    const { id } = await create(user, { title: 'x' });
    const seen = [await revision()];
    await change(user, 'PATCH', id, { title: 'y' });
    seen.push(await revision());
    await change(user, 'PATCH', id, {});
    await service.call('PATCH', `/todos/${id}`, { token: user.token, body: { title: 'z' }, headers: { 'If-Match': '"1"' } });
    await change(user, 'DELETE', '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c');
    seen.push(await revision());
    await batch(user, [
      { op: 'create', todo: { title: 'a' } },
      { op: 'delete', id },
    ]);
    seen.push(await revision());

    expect(seen).toEqual([1, 2, 2, 4]);
  });

  test('keeps the marker of a deletion for thirty days', async () => {
    const user = newUser();
    const { id } = await create(user, { title: 'x' });
    await change(user, 'DELETE', id);

    const { Item: marker } = await tables.send(
      new GetCommand({ TableName: service.config.dynamodb.tables.todos, Key: { userId: user.id, itemKey: 'GONE#0000000000000002' } }),
    );

    expect(marker?.['gone']).toEqual([{ id, state: 'deleted', revision: 2 }]);
    const days = (Number(marker?.['expiresAt']) - Date.now() / 1000) / 86_400;
    expect(Math.round(days * 100) / 100).toBe(30);
  });

  test('is not found once the user’s tombstone stands', async () => {
    const user = newUser();
    await create(user, { title: 'x' });
    const { next } = (await changes(user)).body;
    await tables.send(
      new UpdateCommand({
        TableName: service.config.dynamodb.tables.todos,
        Key: { userId: user.id, itemKey: 'LIST' },
        UpdateExpression: 'SET deletedAt = :now REMOVE revision',
        ExpressionAttributeValues: { ':now': 'now' },
      }),
    );

    expectProblem(await changes(user), 404, 'user.not_found');
    expectProblem(await changes(user, { since: next }), 404, 'user.not_found');
    expectProblem(await batch(user, [{ op: 'create', todo: { title: 'x' } }]), 404, 'user.not_found');
  });
});

describe('What is asked of DynamoDB', () => {
  let proxy: WireProxy;
  let app: INestApplication;
  let url: string;
  const calls: WireCall[] = [];
  beforeAll(async () => {
    const { config } = service;
    proxy = await startWireProxy(config.dynamodb.endpoint ?? '', async (call, forward) => {
      calls.push(call);
      await forward(call.input);
    });
    app = await createServerApp({ ...config, dynamodb: { ...config.dynamodb, endpoint: proxy.endpoint } });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(async () => {
    await app?.close();
    await proxy?.stop();
  });

  test('for the feed is read with consistency, and for an empty poll one item alone', async () => {
    const user = newUser();
    await create(user, { title: 'x' });
    calls.length = 0;

    const { next } = (await callService(url, 'GET', `/users/${user.id}/changes`, { token: user.token })).body;

    const consistent = ({ input }: WireCall): unknown[] => [
      input['ConsistentRead'],
      ...Object.values((input['RequestItems'] ?? {}) as Record<string, { ConsistentRead?: boolean }>).map(({ ConsistentRead }) => ConsistentRead),
    ];
    expect(calls.map(({ operation }) => operation)).toEqual(['GetItem', 'Query', 'BatchGetItem']);
    expect(calls.map((call) => consistent(call).filter((one) => one !== undefined))).toEqual([[true], [true], [true]]);
    calls.length = 0;
    await callService(url, 'GET', `/users/${user.id}/changes?since=${next}`, { token: user.token });
    expect(calls.map(({ operation }) => operation)).toEqual(['GetItem']);
  });

  test('for a batch is one transaction, on condition of the revision read', async () => {
    const user = newUser();
    const { id } = await create(user, { title: 'x' });
    calls.length = 0;

    const operations = [
      { op: 'delete', id },
      { op: 'create', todo: { title: 'y' } },
    ];
    await callService(url, 'POST', `/users/${user.id}/todos/batch`, { token: user.token, body: { operations }, headers: { 'Idempotency-Key': 'k' } });

    const transactions = calls.filter(({ operation }) => operation === 'TransactWriteItems');
    expect(transactions).toHaveLength(1);
    const items = transactions[0]?.input['TransactItems'] as Record<string, { Key?: object; ConditionExpression?: string }>[];
    expect(items.map((item) => Object.keys(item)[0])).toEqual(['Update', 'Put', 'Delete', 'Put', 'Put']);
    expect(items[0]?.['Update']?.ConditionExpression).toBe('attribute_not_exists(deletedAt) AND revision = :read');
    expect(calls.filter(({ operation }) => !['TransactWriteItems', 'BatchGetItem'].includes(operation))).toEqual([]);
  });
});

describe('A token', () => {
  let user: TokenBearer;
  let token: string;
  beforeAll(async () => {
    user = newUser();
    await create(user, { title: 'x' });
    token = (await changes(user)).body.next;
  });

  test.each<[string, () => string]>([
    ['cut', () => token.slice(0, -1)],
    ['changed', () => `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`],
    ['empty', () => ''],
    ['of no base64url', () => '?'.repeat(20)],
    ['of a list', () => encodeCursor('TODO#1', ['todos', user.id, {}])],
    ['well made, of nonsense', () => encodeCursor('-1 0 x', ['changes', user.id])],
  ])('that is %s is refused', async (_, damaged) => {
    expectProblem(await changes(user, { since: damaged() }), 400, 'cursor.invalid', ['/since']);
  });

  test('of another user is refused', async () => {
    const other = newUser();
    await create(other, { title: 'x' });

    expectProblem(await changes(other, { since: token }), 400, 'cursor.invalid', ['/since']);
  });

  test('that is older than the markers it would need has expired, also if it is ahead of a list that was restored', async () => {
    const old = { ...decodeSyncToken(token, user.id), completeAt: Date.now() - 30 * 86_400_000 };
    const recent = { ...old, completeAt: Date.now() - 29 * 86_400_000 };
    const ahead = { ...decodeSyncToken(token, user.id), after: 1_000 };

    expectProblem(await changes(user, { since: encodeSyncToken(old, user.id) }), 410, 'sync.expired');
    expectProblem(await changes(user, { since: encodeSyncToken(ahead, user.id) }), 410, 'sync.expired');
    expect((await changes(user, { since: encodeSyncToken(recent, user.id) })).status).toBe(200);
  });

  test('stays as old as it was until its reader holds the whole list', async () => {
    const owner = newUser();
    for (const title of ['a', 'b', 'c']) await create(owner, { title });
    const old = encodeSyncToken({ after: 0, goneAfter: 3, completeAt: Date.now() - 29 * 86_400_000 }, owner.id);

    const first = (await changes(owner, { since: old, limit: '1' })).body;
    const last = (await changes(owner, { since: first.next })).body;

    expect(decodeSyncToken(first.next, owner.id).completeAt).toBe(decodeSyncToken(old, owner.id).completeAt);
    expect(Date.now() - decodeSyncToken(last.next, owner.id).completeAt).toBeLessThan(60_000);
  });
});

describe('The query', () => {
  test.each(['0', '101', '-1', 'ten', ''])('of limit "%s" is refused', async (limit) => {
    expectProblem(await changes(newUser(), { limit }), 400, 'request.invalid', ['/limit']);
  });

  test('of an unknown parameter is refused, and so is another user’s path', async () => {
    const user = newUser();

    expectProblem(await changes(user, { cursor: 'x' }), 400, 'request.invalid');
    const { status, body } = await service.call('GET', `/users/${newUser().id}/changes`, { token: user.token });
    expect([status, body.code]).toEqual([403, 'access.denied']);
    expect((await service.call('GET', '/users/me/changes', { token: user.token })).status).toBe(200);
    expect((await service.call('GET', `/users/${user.id}/changes`)).status).toBe(401);
  });
});

describe('POST /users/{id}/todos/batch', () => {
  test('makes its operations together, and answers each in order', async () => {
    const user = newUser();
    const [a, b] = [await create(user, { title: 'a' }), await create(user, { title: 'b', status: 'done' })];

    const { status, body } = await batch(user, [
      { op: 'delete', id: b.id, ifVersion: 1 },
      { op: 'create', todo: { title: 'c', tags: ['x', 'x'] } },
      { op: 'patch', id: a.id, patch: { status: 'in_progress' }, ifVersion: 1 },
    ]);

    expect(status).toBe(200);
    expect(body.results).toEqual([
      { id: b.id, todo: null },
      { id: expect.any(String), todo: expect.objectContaining({ title: 'c', tags: ['x'], version: 1 }) },
      { id: a.id, todo: expect.objectContaining({ title: 'a', status: 'in_progress', version: 2 }) },
    ]);
    expect((await listed(user)).map(({ title }) => title)).toEqual(['a', 'c']);
    expect(await listOf(user)).toMatchObject({ open: 1, inProgress: 1, done: 0, revision: 5 });
  });

  test('of fifty deletions, or fifty changes, is one', async () => {
    const user = newUser();
    const made = (
      await batch(
        user,
        Array.from({ length: 50 }, (_, turn) => ({ op: 'create', todo: { title: `t${turn}` } })),
      )
    ).body.results as { id: string }[];

    expect(
      (
        await batch(
          user,
          made.map(({ id }) => ({ op: 'patch', id, patch: { status: 'done' } })),
        )
      ).status,
    ).toBe(200);
    expect(await listOf(user)).toMatchObject({ open: 0, done: 50 });
    expect(
      (
        await batch(
          user,
          made.map(({ id }) => ({ op: 'delete', id })),
        )
      ).body.results,
    ).toEqual(made.map(({ id }) => ({ id, todo: null })));
    expect(await listed(user)).toEqual([]);
  });

  test('is nothing at all when one of fifty is stale; the problem is the first’s, and names each', async () => {
    const user = newUser();
    const made = (
      await batch(
        user,
        Array.from({ length: 50 }, (_, turn) => ({ op: 'create', todo: { title: `t${turn}` } })),
      )
    ).body.results as { id: string }[];
    const gone = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';

    const stale = await batch(
      user,
      made.map(({ id }, turn) => ({ op: 'patch', id: turn === 9 ? gone : id, patch: { title: 'y' }, ifVersion: turn === 3 ? 2 : 1 })),
    );

    expectProblem(stale, 412, 'version.stale', ['/operations/3', '/operations/9']);
    expect((await listed(user)).every(({ version }) => version === 1)).toBe(true);
    expect(await listOf(user)).toMatchObject({ open: 50, revision: 50 });
  });

  test('with an idempotency key is made once, and its answer is given again', async () => {
    const user = newUser();
    const operations = [{ op: 'create', todo: { title: 'x' } }];
    const key = { 'Idempotency-Key': 'batch-1' };

    const answers = await Promise.all(Array.from({ length: 10 }, async () => batch(user, operations, key)));

    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('Idempotency-Replayed') === 'true')).toHaveLength(9);
    expect(await listed(user)).toHaveLength(1);
    expectProblem(await batch(user, [{ op: 'create', todo: { title: 'y' } }], key), 422, 'idempotency.key_reused');
  });

  const id = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';
  test.each<[string, readonly unknown[], string[] | undefined]>([
    ['no operation', [], ['/operations']],
    ['51 operations', Array.from({ length: 51 }, () => ({ op: 'create', todo: { title: 'x' } })), ['/operations']],
    [
      'one todo twice',
      [
        { op: 'delete', id },
        { op: 'patch', id: id.toUpperCase(), patch: {} },
      ],
      ['/operations/1/id'],
    ],
    ['an unknown operation', [{ op: 'move', id }], ['/operations/0/op']],
    ['an operation without its name', [{ id }], ['/operations/0/op']],
    ['an unknown field', [{ op: 'delete', id, force: true }], undefined],
    ['a todo that is none', [{ op: 'create', todo: { title: '' } }], ['/operations/0/todo/title']],
    ['a patch that is none', [{ op: 'patch', id, patch: { status: null } }], ['/operations/0/patch/status']],
    ['a version that is none', [{ op: 'delete', id, ifVersion: 0 }], ['/operations/0/ifVersion']],
    ['an id that is none', [{ op: 'delete', id: 'x' }], ['/operations/0/id']],
  ])('of %s is refused', async (_, operations, pointers) => {
    expectProblem(await batch(newUser(), operations), 400, 'request.invalid', pointers);
  });

  test('of a todo that is not there is 404, and another’s is no other', async () => {
    const other = await create(newUser(), { title: 'x' });

    expectProblem(await batch(newUser(), [{ op: 'delete', id: other.id }]), 404, 'todo.not_found', ['/operations/0']);
  });
});
