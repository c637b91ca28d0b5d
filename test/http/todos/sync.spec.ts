import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { INestApplication } from '@nestjs/common';
import type { Todo } from '../../../src/features/todos/todos.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { expectProblem } from '../../support/problems.js';
import { type Answer, callService, startService, type TestService } from '../../support/service.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';
import { startWireProxy, type WireCall, type WireProxy } from '../../support/faults/wire-proxy.js';

// Real here: the service over HTTP and DynamoDB.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service?.stop();
});

const newUser = (): TokenBearer => tokenBearer(service.config);
const listOf = async (user: TokenBearer): Promise<Record<string, unknown> | undefined> =>
  (
    await service.truth.dynamodb.send(
      new GetCommand({ TableName: service.config.dynamodb.tables.todos, Key: { userId: user.id, itemKey: 'LIST' }, ConsistentRead: true }),
    )
  ).Item;
const changes = async (user: TokenBearer, query: Record<string, string> = {}): Promise<Answer> =>
  service.call('GET', `/users/${user.id}/changes?${new URLSearchParams(query).toString()}`, { token: user.token });
const create = async (user: TokenBearer, content: object): Promise<Todo> =>
  (await service.call('POST', `/users/${user.id}/todos`, { token: user.token, body: content })).body;
const change = async (user: TokenBearer, method: string, id: string, body?: unknown): Promise<Answer> =>
  service.call(method, `/todos/${id}`, { token: user.token, body });
const batch = async (user: TokenBearer, operations: readonly unknown[], headers: Record<string, string> = {}): Promise<Answer> =>
  service.call('POST', `/users/${user.id}/todos/batch`, { token: user.token, body: { operations }, headers });

/** Applies the pages from a token on, as a mirror does, to the todos it holds. */
async function follow(user: TokenBearer, held: Map<string, Todo>, since?: string, limit = '100'): Promise<{ next: string; states: string[] }> {
  const states: string[] = [];
  let token = since;
  for (;;) {
    const { status, body, text } = await changes(user, { limit, ...(token !== undefined && { since: token }) });
    expect([status, status === 200 ? '' : text]).toEqual([200, '']);
    for (const { id, state, todo } of body.changes) {
      states.push(state);
      if (state === 'present') {
        held.set(id, todo);
      } else {
        held.delete(id);
      }
    }
    token = body.next as string;
    if (!body.more) {
      return { next: token, states };
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

  test('gives the whole list at first, in the order of the writes, and leaves out what has gone', async () => {
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

  test('gives from a token on each todo once, as it is now', async () => {
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

    const { states } = await follow(user, held, undefined, '1');

    expect(states).toEqual(['present']);
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

    const { Item: marker } = await service.truth.dynamodb.send(
      new GetCommand({ TableName: service.config.dynamodb.tables.todos, Key: { userId: user.id, itemKey: `TODO#${id}` } }),
    );

    expect(marker).toEqual({ userId: user.id, itemKey: `TODO#${id}`, gone: true, revisionKey: '0000000000000002', expiresAt: expect.any(Number) });
    const days = (Number(marker?.['expiresAt']) - Date.now() / 1000) / 86_400;
    expect(Math.round(days * 100) / 100).toBe(30);
  });

  test('is not found once the user’s tombstone stands', async () => {
    const user = newUser();
    await create(user, { title: 'x' });
    const { next } = (await changes(user)).body;
    await service.truth.dynamodb.send(
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
  let beforeQuery: () => Promise<unknown> = async () => undefined;
  beforeAll(async () => {
    const { config } = service;
    proxy = await startWireProxy(config.dynamodb.endpoint ?? '', async (call, forward) => {
      calls.push(call);
      await (call.operation === 'Query' && beforeQuery());
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
    await create(user, { title: 'y' });
    calls.length = 0;
    await callService(url, 'GET', `/users/${user.id}/changes?since=${next}`, { token: user.token });
    // The index, and what was archived.
    expect(calls.map(({ operation }) => operation)).toEqual(['GetItem', 'Query', 'Query', 'BatchGetItem']);
    expect(calls.map((call) => consistent(call).filter((one) => one !== undefined))).toEqual([[true], [true], [true], [true]]);
  });

  test('for the feed goes on behind what it leaves out, also when the time for a page is up before there is anything to show', async () => {
    const user = newUser();
    const { id } = await create(user, { title: 'kept' });
    for (let turn = 0; turn < 6; turn += 1) await change(user, 'DELETE', (await create(user, { title: 'gone' })).id);
    await change(user, 'PATCH', id, { title: 'last' });
    const pages: string[][] = [];
    let since = '';
    beforeQuery = async () => sleep(700);

    while (pages.length < 10 && pages.flat().length === 0) {
      const { body } = await callService(url, 'GET', `/users/${user.id}/changes?limit=1${since}`, { token: user.token });
      pages.push(body.changes.map((one: { id: string }) => one.id));
      since = `&since=${body.next}`;
    }
    beforeQuery = async () => undefined;

    expect(pages[0]).toEqual([]);
    expect(pages.flat()).toEqual([id]);
  });

  test('for the feed is not over where a query ends, when a todo has moved behind the revision that the list had before', async () => {
    const user = newUser();
    const [moved, gone, ...others] = await Promise.all(Array.from({ length: 7 }, async () => create(user, { title: 'x' })));
    await change(user, 'DELETE', gone?.id ?? '');
    beforeQuery = async () => {
      beforeQuery = async () => undefined;
      await change(user, 'PATCH', moved?.id ?? '', { title: 'moved' });
    };

    // The query takes one more than the page: the five others, and the marker of what has gone, which the page leaves out.
    const { body: first } = await callService(url, 'GET', `/users/${user.id}/changes?limit=5`, { token: user.token });
    const { body: second } = await callService(url, 'GET', `/users/${user.id}/changes?limit=5&since=${first.next}`, { token: user.token });

    const idsOf = (changed: readonly { id: string }[]): string[] => changed.map(({ id }) => id);
    expect([first.more, idsOf(first.changes).sort()]).toEqual([true, idsOf(others).sort()]);
    expect([second.more, idsOf(second.changes)]).toEqual([false, [moved?.id]]);
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
    expect(items.map((item) => Object.keys(item)[0])).toEqual(['Update', 'Put', 'Put', 'Put']);
    expect(items[0]?.['Update']?.ConditionExpression).toBe('attribute_not_exists(deletedAt) AND revision = :read');
    expect(calls.filter(({ operation }) => !['TransactWriteItems', 'BatchGetItem'].includes(operation))).toEqual([]);
  });
});
