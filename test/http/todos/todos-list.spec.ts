import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectProblem } from '../../support/problems.js';
import { type TokenBearer } from '../../support/tokens.js';
import { startTodoLists, type TodoLists } from './todo-lists-harness.js';

// Real here: the service over HTTP and DynamoDB. Large sets and the archive are written into the tables directly.

let lists: TodoLists;
beforeAll(async () => {
  lists = await startTodoLists();
});
afterAll(async () => lists?.stop());

describe('A list', () => {
  test('of nothing is empty', async () => {
    expect((await lists.list(lists.newUser())).body).toEqual({ items: [], nextCursor: null });
  });

  test('is the newest first by default, whole todos, the caller’s alone', async () => {
    const [user, other] = [lists.newUser(), lists.newUser()];
    const first = await lists.create(user, { title: 'first', due: '2030-01-01' });
    await lists.create(other, { title: 'other' });
    const second = await lists.create(user, { title: 'second', tags: ['a'] });

    const { status, body, headers } = await lists.list(user);

    expect([status, body]).toEqual([200, { items: [second, first], nextCursor: null }]);
    expect(headers.has('ETag')).toBe(false);
    expect(await lists.titles(user, { sort: '-createdAt' })).toEqual(['second', 'first']);
    expect(await lists.titles(user, { sort: 'createdAt' })).toEqual(['first', 'second']);
  });

  test('shows a change at once', async () => {
    const user = lists.newUser();
    const { id } = await lists.create(user, { title: 'before' });
    await lists.service.call('PATCH', `/todos/${id}`, { token: user.token, body: { title: 'after' } });

    expect(await lists.titles(user, {})).toEqual(['after']);
  });
});

describe('The filter', () => {
  let user: TokenBearer;
  beforeAll(async () => {
    user = lists.newUser();
    await lists.create(user, { title: 'Alpha', description: 'Contains NEEDLE inside', status: 'open', priority: 'low', tags: ['home', 'work'] });
    await lists.create(user, { title: 'The needle itself', status: 'in_progress', priority: 'normal', tags: ['work'] });
    await lists.create(user, { title: 'Gamma', status: 'done', priority: 'high', tags: ['homework'] });
    await lists.create(user, { title: 'ÄRGER mit 😀', status: 'open', priority: 'high', tags: ['Home'] });
  });

  test.each<[string, Record<string, string | string[]>, string[]]>([
    ['status', { status: 'open' }, ['ÄRGER mit 😀', 'Alpha']],
    ['status, repeated', { status: ['open', 'done'] }, ['ÄRGER mit 😀', 'Gamma', 'Alpha']],
    ['status, the same one twice', { status: ['done', 'done'] }, ['Gamma']],
    ['priority', { priority: 'high' }, ['ÄRGER mit 😀', 'Gamma']],
    ['tag, whole and in its own case', { tag: 'home' }, ['Alpha']],
    ['tag', { tag: 'work' }, ['The needle itself', 'Alpha']],
    ['tag that none has', { tag: 'none' }, []],
    ['q in title and description, whatever the case', { q: 'nEEdle' }, ['The needle itself', 'Alpha']],
    ['q beyond ASCII', { q: 'ärger MIT 😀' }, ['ÄRGER mit 😀']],
    ['q that looks like a pattern', { q: '.*' }, []],
    ['q with status', { q: 'needle', status: 'open' }, ['Alpha']],
    ['all together', { q: 'a', status: ['open', 'in_progress'], priority: 'low', tag: 'home' }, ['Alpha']],
    ['archived=false', { archived: 'false', status: 'done' }, ['Gamma']],
  ])('%s', async (_, query, expected) => {
    expect(await lists.titles(user, query)).toEqual(expected);
    expect(await lists.titles(user, { ...query, sort: 'createdAt' })).toEqual([...expected].reverse());
  });
});

describe('Text that is written in another way', () => {
  let user: TokenBearer;
  beforeAll(async () => {
    user = lists.newUser();
    await lists.create(user, { title: 'ΟΔΟΣΗΜΑΝΣΗ', tags: ['cafe\u0301'] });
    await lists.create(user, { title: 'x', description: 'Die lange Straße', tags: ['café'] });
  });

  test.each([
    ['q', 'ΟΔΟΣ', 'ΟΔΟΣΗΜΑΝΣΗ'],
    ['q', 'οδος', 'ΟΔΟΣΗΜΑΝΣΗ'],
    ['q', 'STRASSE', 'x'],
    ['q', 'strasse', 'x'],
    ['q', 'STRAẞE', 'x'],
  ])('is found by %s=%s', async (name, value, expected) => {
    expect(await lists.titles(user, { [name]: value })).toEqual([expected]);
  });

  test.each(['café', 'cafe\u0301'])('is found by tag=%s, whether its accents are written apart or not', async (tag) => {
    expect(await lists.titles(user, { tag })).toEqual(['x', 'ΟΔΟΣΗΜΑΝΣΗ']);
  });

  test('is found by q whether its accents are written apart or not', async () => {
    const owner = lists.newUser();
    await lists.create(owner, { title: 'Cafe\u0301 au lait' });

    expect(await lists.titles(owner, { q: 'CAFÉ' })).toEqual(['Cafe\u0301 au lait']);
  });
});

describe('archived=true', () => {
  test('lists the archive alone, newest first, with filters and pages', async () => {
    const user = lists.newUser();
    await lists.put(
      user,
      Array.from({ length: 7 }, (_, turn) => ({ title: `archived ${turn}`, status: 'done' as const, tags: turn % 2 ? ['odd'] : [] })),
      lists.service.config.dynamodb.tables.archive,
    );
    await lists.create(user, { title: 'hot', status: 'done' });

    expect(await lists.titles(user, { archived: 'true' })).toEqual([6, 5, 4, 3, 2, 1, 0].map((turn) => `archived ${turn}`));
    expect(await lists.titles(user, { archived: 'true', tag: 'odd', q: 'ARCH' })).toEqual([5, 3, 1].map((turn) => `archived ${turn}`));
    expect(await lists.titles(user, {})).toEqual(['hot']);
    expect((await lists.walk(user, { archived: 'true', limit: '3' })).pages).toEqual([3, 3, 1]);
  });

  test.each([
    ['sort', { sort: 'due' }],
    ['sort', { sort: 'createdAt' }],
    ['dueBefore', { dueBefore: '2030-01-01' }],
    ['dueAfter', { dueAfter: '2030-01-01' }],
  ])('does not go with %s', async (name, query) => {
    expectProblem(await lists.list(lists.newUser(), { archived: 'true', ...query }), 400, 'request.invalid', [`/${name}`]);
  });
});

describe('A query', () => {
  test.each([
    ['status=closed', ['/status']],
    ['status=open&status=closed', ['/status']],
    ['status=', ['/status']],
    ['priority=urgent', ['/priority']],
    ['priority=low&priority=high', ['/priority']],
    ['tag=a&tag=b', ['/tag']],
    ['tag=', ['/tag']],
    [`tag=${'x'.repeat(51)}`, ['/tag']],
    ['q=', ['/q']],
    [`q=${'x'.repeat(201)}`, ['/q']],
    ['q=a%00b', ['/q']],
    ['tag=%00', ['/tag']],
    ['archived=yes', ['/archived']],
    ['sort=title', ['/sort']],
    ['sort=-due', ['/sort']],
    ['dueBefore=tomorrow', ['/dueBefore']],
    ['dueBefore=2030-02-30', ['/dueBefore']],
    ['dueAfter=2030-01-01T25:00:00Z', ['/dueAfter']],
    ['dueAfter=2030-01-01T10:00:00', ['/dueAfter']],
    ['unknown=1', ['/unknown']],
    ['Status=open', ['/Status']],
    ['__proto__=x', ['/__proto__']],
    ['constructor=x', ['/constructor']],
    ['status[]=open', ['/status[]']],
    ['limit=0&sort=x&unknown=1', ['/limit', '/sort', '/unknown']],
  ])('%s is refused, and what is wrong is pointed at', async (query, pointers) => {
    expectProblem(await lists.list(lists.newUser(), query), 400, 'request.invalid', pointers);
  });

  test('that cannot be percent-decoded does no harm', async () => {
    expect((await lists.list(lists.newUser(), 'q=%E0%A4%A')).status).toBe(200);
  });
});
