import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Todo } from '../../../src/features/todos/todos.js';
import { expectProblem } from '../../support/problems.js';
import { type TokenBearer } from '../../support/tokens.js';
import { encodeCursor } from '../../../src/common/resources/cursor.js';
import { startTodoLists, type TodoLists } from './todo-lists-harness.js';

// Real here: the service over HTTP and DynamoDB. Large sets and the archive are written into the tables directly.

let lists: TodoLists;
beforeAll(async () => {
  lists = await startTodoLists();
});
afterAll(async () => lists?.stop());

describe('Pages', () => {
  let user: TokenBearer;
  let todos: Todo[];
  const dues = [null, '2030-01-01', '2030-01-01T12:00:00.000Z', '2029-12-31'];
  beforeAll(async () => {
    user = lists.newUser();
    todos = await lists.put(
      user,
      Array.from({ length: 205 }, (_, turn) => ({ title: `todo ${turn}`, due: dues[turn % 4] ?? null, tags: turn % 3 === 0 ? ['third'] : [] })),
    );
  });

  test('are 25 long by default, and as long as is asked for up to 100', async () => {
    expect((await lists.list(user)).body.items).toHaveLength(25);
    expect((await lists.list(user, { limit: '1' })).body.items).toHaveLength(1);
    expect((await lists.list(user, { limit: '100' })).body.items).toHaveLength(100);
  });

  test.each(['0', '101', '-1', '1.5', 'ten', '', '1e1', ' 5', '1000', '٣'])('of limit "%s" are refused', async (limit) => {
    expectProblem(await lists.list(user, { limit }), 400, 'request.invalid', ['/limit']);
  });

  test.each([
    ['-createdAt', '1'.repeat(2)],
    ['-createdAt', '100'],
    ['createdAt', '7'],
    ['createdAt', '41'],
  ])('in the order %s, %s at a time, give every todo once', async (sort, limit) => {
    const { items, pages } = await lists.walk(user, { sort, limit });

    const ids = todos.map(({ id }) => id);
    expect(items.map(({ id }) => id)).toEqual(sort === 'createdAt' ? ids : ids.reverse());
    expect(pages).toHaveLength(Math.ceil(205 / Number(limit)));
  });

  test('in order of due give every todo with one once', async () => {
    const { items } = await lists.walk(user, { sort: 'due', limit: '17' });

    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
    expect(items.map(({ due }) => due)).toEqual([
      ...Array(51).fill('2029-12-31'),
      ...Array(51).fill('2030-01-01T12:00:00.000Z'),
      ...Array(51).fill('2030-01-01'),
    ]);
  });

  test.each([
    [{ tag: 'third', limit: '10' }, 69],
    [{ q: 'todo 1', limit: '9', sort: 'createdAt' }, 111],
    [{ dueAfter: '2030-01-01', limit: '20' }, 102],
    [{ sort: 'due', dueBefore: '2030-01-01', limit: '6' }, 51],
    [{ status: ['done'], limit: '5' }, 0],
  ])('filtered by %j give each of the %i that pass once', async (query, count) => {
    const { items } = await lists.walk(user, query);

    expect(items).toHaveLength(count);
    expect(new Set(items.map(({ id }) => id)).size).toBe(count);
  });

  test.each([
    [25, '25'],
    [26, '25'],
    [24, '25'],
    [1, '1'],
    [100, '100'],
    [50, '25'],
  ])('of %i todos, %s at a time, end with a null cursor and never with an empty page', async (count, limit) => {
    const owner = lists.newUser();
    await lists.put(
      owner,
      Array.from({ length: count }, () => ({ due: '2030-01-01', tags: ['t'] })),
    );

    for (const query of [{}, { sort: 'createdAt' }, { sort: 'due' }, { tag: 't' }, { sort: 'due', tag: 't' }]) {
      const { pages } = await lists.walk(owner, { ...query, limit });
      expect(pages).toEqual([...Array(Math.floor(count / Number(limit))).fill(Number(limit)), ...(count % Number(limit) === 0 ? [] : [count % Number(limit)])]);
    }
  });

  test('go on to the end when a filter passes only what lies beyond the first read', async () => {
    const owner = lists.newUser();
    await lists.put(
      owner,
      Array.from({ length: 300 }, (_, turn) => ({ title: turn === 0 ? 'the oldest' : `t${turn}` })),
    );

    const { items, pages } = await lists.walk(owner, { q: 'oldest' });

    expect(items.map(({ title }) => title)).toEqual(['the oldest']);
    expect(pages.slice(0, -1)).toEqual(pages.slice(0, -1).fill(0));
    expect(pages.at(-1)).toBe(1);
  });

  test('are full over what was deleted, and the last says that nothing follows although what was deleted does', async () => {
    const owner = lists.newUser();
    const some = await lists.put(
      owner,
      Array.from({ length: 90 }, (_, turn) => ({ title: `t${turn}` })),
    );
    const deleted = [...some.slice(0, 30), ...some.slice(40, 85)].map(({ id }) => ({ op: 'delete', id }));
    for (const operations of [deleted.slice(0, 50), deleted.slice(50)]) {
      expect((await lists.service.call('POST', `/users/${owner.id}/todos/batch`, { token: owner.token, body: { operations } })).status).toBe(200);
    }

    const { items, pages } = await lists.walk(owner, { limit: '5' });

    expect(items.map(({ id }) => id)).toEqual([...some.slice(30, 40), ...some.slice(85)].map(({ id }) => id).reverse());
    expect(pages).toHaveLength(3);
  });

  test('go on over deletions and creations between them', async () => {
    const owner = lists.newUser();
    const some = await lists.put(
      owner,
      Array.from({ length: 9 }, (_, turn) => ({ title: `t${turn}` })),
    );
    const first = (await lists.list(owner, { limit: '3' })).body;
    await lists.service.call('DELETE', `/todos/${first.items[2].id}`, { token: owner.token });
    await lists.put(owner, [{}]);

    const second = (await lists.list(owner, { limit: '3', cursor: first.nextCursor })).body;

    expect(second.items.map(({ id }: Todo) => id)).toEqual([some[5], some[4], some[3]].map((todo) => todo?.id));
  });
});

describe('A cursor', () => {
  let user: TokenBearer;
  let cursor: string;
  beforeAll(async () => {
    user = lists.newUser();
    await lists.put(
      user,
      Array.from({ length: 6 }, () => ({ due: '2030-01-01', tags: ['t'] })),
    );
    cursor = (await lists.list(user, { limit: '2' })).body.nextCursor;
  });

  test('serves with another limit, and more than once', async () => {
    const once = (await lists.list(user, { limit: '3', cursor })).body;

    expect(once.items).toHaveLength(3);
    expect((await lists.list(user, { limit: '3', cursor })).body).toEqual(once);
  });

  test('is opaque and fits into a URL', () => {
    expect(cursor).toMatch(/^[\w-]+$/);
  });

  test.each<[string, (cursor: string) => string]>([
    ['is empty', () => ''],
    ['is garbage', () => 'garbage'],
    ['lost its end', (good) => good.slice(0, -3)],
    ['has more at its end', (good) => `${good}AAAA`],
    ['has padding', (good) => `${good}=`],
    ['has a space', (good) => `${good} `],
    ['has one letter changed at the start', (good) => (good.startsWith('A') ? 'B' : 'A') + good.slice(1)],
    ['has one letter changed in the middle', (good) => good.slice(0, 40) + (good[40] === 'A' ? 'B' : 'A') + good.slice(41)],
  ])('that %s is refused', async (_, damage) => {
    expectProblem(await lists.list(user, { cursor: damage(cursor) }), 400, 'cursor.invalid', ['/cursor']);
  });

  test('that is endless is refused', async () => {
    expectProblem(await lists.list(user, { cursor: 'A'.repeat(2_001) }), 400, 'request.invalid', ['/cursor']);
  });

  test('of another user is refused', async () => {
    expectProblem(await lists.list(lists.newUser(), { cursor }), 400, 'cursor.invalid', ['/cursor']);
  });

  test.each([
    { tag: 't' },
    { sort: 'due' },
    { sort: 'createdAt' },
    { status: 'open' },
    { q: 'x' },
    { archived: 'true' },
    { dueBefore: '2031-01-01' },
    { priority: 'normal' },
  ])('under other filters, such as %j, is refused', async (query) => {
    expectProblem(await lists.list(user, { ...query, cursor }), 400, 'cursor.invalid', ['/cursor']);
  });

  test('that names a position outside the user’s todos is refused, however well it was made', async () => {
    const binding = ['todos', user.id, {}];
    const position = Buffer.from(cursor, 'base64url').subarray(12).toString();
    expect(encodeCursor(position, binding)).toBe(cursor);
    for (const forged of ['', 'null', '{}', 'LIST', 'TODO#', `${position} `, `${position} 2030`, `${position}\0`, 'IDEM#key', position.toUpperCase()]) {
      const { status, body } = await lists.list(user, { cursor: encodeCursor(forged, binding) });
      expect([forged, status, body.code]).toEqual([forged, 400, 'cursor.invalid']);
    }
  });

  test('that names a position outside the asked range is refused, however well it was made', async () => {
    const query = { sort: 'due', dueAfter: '2029-01-01', dueBefore: '2031-01-01' };
    const good = (await lists.list(user, { ...query, limit: '2' })).body.nextCursor;
    const binding = ['todos', user.id, { dueBefore: '2031-01-01', dueAfter: '2029-01-01', sort: 'due' }];
    const [itemKey] = Buffer.from(good, 'base64url').subarray(12).toString().split(' ');
    expect((await lists.list(user, { ...query, cursor: encodeCursor(`${itemKey} 2030`, binding) })).status).toBe(200);
    for (const dueKey of ['1999-01-01', '2099-01-01', 'x']) {
      expectProblem(await lists.list(user, { ...query, cursor: encodeCursor(`${itemKey} ${dueKey}`, binding) }), 400, 'cursor.invalid');
    }
  });
});
