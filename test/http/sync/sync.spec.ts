import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Todo } from '../../../src/features/todos/todos.js';
import { expectProblem } from '../../support/problems.js';
import { startService, type TestService } from '../../support/service.js';
import type { TokenBearer } from '../../support/tokens.js';
import { todoCalls } from '../todos/todo-calls.js';

// Real here: the service over HTTP and DynamoDB.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service?.stop();
});

const { newUser, create, change, batch, changes, listed, itemOf } = todoCalls(() => service);

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
    const revision = async (): Promise<unknown> => (await itemOf(user, 'LIST'))?.['revision'];
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
