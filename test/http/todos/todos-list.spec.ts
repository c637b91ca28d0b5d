import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { newId } from '../../../src/common/ids.js';
import { toItem } from '../../../src/features/todos/persistence/todo-items.js';
import { newTodo, type Todo, type TodoContent } from '../../../src/features/todos/todos.js';
import { expectProblem } from '../../support/problems.js';
import { type Answer, startService, type TestService } from '../../support/service.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';

// Real here: the service over HTTP and DynamoDB. Large sets and the archive are written into the tables directly.

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

const newUser = (timeZone?: string): TokenBearer => tokenBearer(service.config, timeZone);
type Query = Readonly<Record<string, string | readonly string[] | undefined>>;
const list = async (user: TokenBearer, query: Query | string = {}): Promise<Answer> => {
  const parameters =
    typeof query === 'string'
      ? query
      : new URLSearchParams(Object.entries(query).flatMap(([name, value = []]) => [value].flat().map((one): [string, string] => [name, one]))).toString();
  return service.call('GET', `/users/${user.id}/todos?${parameters}`, { token: user.token });
};
const titles = async (user: TokenBearer, query: Parameters<typeof list>[1]): Promise<string[]> => {
  const { status, body, text } = await list(user, query);
  expect([status, text]).toEqual([200, expect.any(String)]);
  return body.items.map(({ title }: Todo) => title);
};
const create = async (user: TokenBearer, content: Partial<TodoContent>): Promise<Todo> => {
  const { status, body, text } = await service.call('POST', `/users/${user.id}/todos`, { token: user.token, body: content });
  expect([status, text]).toEqual([201, expect.any(String)]);
  return body;
};
const contentOf = (content: Partial<TodoContent>): TodoContent => ({
  title: 'x',
  description: null,
  status: 'open',
  priority: 'normal',
  due: null,
  tags: [],
  checklist: [],
  ...content,
});

/** Many todos at once, oldest first, past the service. */
async function put(user: TokenBearer, contents: readonly Partial<TodoContent>[], table = service.config.dynamodb.tables.todos): Promise<Todo[]> {
  const todos = contents.map((content) => newTodo({ ...newId(), userId: user.id }, contentOf(content)));
  for (let start = 0; start < todos.length; start += 25) {
    await tables.send(
      new BatchWriteCommand({ RequestItems: { [table]: todos.slice(start, start + 25).map((todo) => ({ PutRequest: { Item: toItem(todo, 90, 1) } })) } }),
    );
  }
  return todos;
}

/** Every page from first to last: each but the last with a cursor. */
async function walk(user: TokenBearer, query: Query): Promise<{ items: Todo[]; pages: number[] }> {
  const items: Todo[] = [];
  const pages: number[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null && pages.length < 500) {
    const { status, body, text } = await list(user, { ...query, ...(cursor !== undefined && { cursor }) });
    expect([status, text]).toEqual([200, expect.any(String)]);
    items.push(...body.items);
    pages.push(body.items.length);
    cursor = body.nextCursor;
  }
  expect(cursor).toBeNull();
  return { items, pages };
}

describe('A list', () => {
  test('of nothing is empty', async () => {
    expect((await list(newUser())).body).toEqual({ items: [], nextCursor: null });
  });

  test('is the newest first by default, whole todos, the caller’s alone', async () => {
    const [user, other] = [newUser(), newUser()];
    const first = await create(user, { title: 'first', due: '2030-01-01' });
    await create(other, { title: 'other' });
    const second = await create(user, { title: 'second', tags: ['a'] });

    const { status, body, headers } = await list(user);

    expect([status, body]).toEqual([200, { items: [second, first], nextCursor: null }]);
    expect(headers.has('ETag')).toBe(false);
    expect(await titles(user, { sort: '-createdAt' })).toEqual(['second', 'first']);
    expect(await titles(user, { sort: 'createdAt' })).toEqual(['first', 'second']);
  });

  test('shows a change at once', async () => {
    const user = newUser();
    const { id } = await create(user, { title: 'before' });
    await service.call('PATCH', `/todos/${id}`, { token: user.token, body: { title: 'after' } });

    expect(await titles(user, {})).toEqual(['after']);
  });
});

describe('The filter', () => {
  let user: TokenBearer;
  beforeAll(async () => {
    user = newUser();
    await create(user, { title: 'Alpha', description: 'Contains NEEDLE inside', status: 'open', priority: 'low', tags: ['home', 'work'] });
    await create(user, { title: 'The needle itself', status: 'in_progress', priority: 'normal', tags: ['work'] });
    await create(user, { title: 'Gamma', status: 'done', priority: 'high', tags: ['homework'] });
    await create(user, { title: 'ÄRGER mit 😀', status: 'open', priority: 'high', tags: ['Home'] });
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
    expect(await titles(user, query)).toEqual(expected);
    expect(await titles(user, { ...query, sort: 'createdAt' })).toEqual([...expected].reverse());
  });
});

describe('Text that is written in another way', () => {
  let user: TokenBearer;
  beforeAll(async () => {
    user = newUser();
    await create(user, { title: 'ΟΔΟΣΗΜΑΝΣΗ', tags: ['cafe\u0301'] });
    await create(user, { title: 'x', description: 'Die lange Straße', tags: ['café'] });
  });

  test.each([
    ['q', 'ΟΔΟΣ', 'ΟΔΟΣΗΜΑΝΣΗ'],
    ['q', 'οδος', 'ΟΔΟΣΗΜΑΝΣΗ'],
    ['q', 'STRASSE', 'x'],
    ['q', 'strasse', 'x'],
    ['q', 'STRAẞE', 'x'],
  ])('is found by %s=%s', async (name, value, expected) => {
    expect(await titles(user, { [name]: value })).toEqual([expected]);
  });

  test.each(['café', 'cafe\u0301'])('is found by tag=%s, whether its accents are written apart or not', async (tag) => {
    expect(await titles(user, { tag })).toEqual(['x', 'ΟΔΟΣΗΜΑΝΣΗ']);
  });

  test('is found by q whether its accents are written apart or not', async () => {
    const owner = newUser();
    await create(owner, { title: 'Cafe\u0301 au lait' });

    expect(await titles(owner, { q: 'CAFÉ' })).toEqual(['Cafe\u0301 au lait']);
  });
});

describe('Due filters', () => {
  let user: TokenBearer;
  // New York: clocks go forward on 2030-03-10, so that day runs from 05:00Z to 04:00Z of the next.
  beforeAll(async () => {
    user = newUser('America/New_York');
    const dues = [
      '2030-03-09',
      '2030-03-10',
      '2030-03-11',
      '2030-03-10T04:59:59.999Z',
      '2030-03-10T05:00:00.000Z',
      '2030-03-11T03:59:59.999Z',
      '2030-03-11T04:00:00.000Z',
    ];
    for (const due of dues) {
      await create(user, { title: due, due });
    }
    await create(user, { title: 'undated' });
    await create(user, { title: 'done', due: '2030-03-10', status: 'done' });
  });

  const all = [
    '2030-03-10T04:59:59.999Z',
    '2030-03-09',
    '2030-03-10T05:00:00.000Z',
    '2030-03-11T03:59:59.999Z',
    '2030-03-10',
    '2030-03-11T04:00:00.000Z',
    '2030-03-11',
  ];
  const without = (...some: string[]): string[] => all.filter((due) => !some.includes(due));

  test.each<[string, Record<string, string>, string[]]>([
    ['a date after, inclusive: the day’s first instant on', { dueAfter: '2030-03-10' }, without('2030-03-09', '2030-03-10T04:59:59.999Z')],
    ['a date before, exclusive: until the day’s first instant', { dueBefore: '2030-03-10' }, ['2030-03-10T04:59:59.999Z', '2030-03-09']],
    ['one day', { dueAfter: '2030-03-10', dueBefore: '2030-03-11' }, ['2030-03-10T05:00:00.000Z', '2030-03-11T03:59:59.999Z', '2030-03-10']],
    [
      'an instant after: a date counts with the end of its day',
      { dueAfter: '2030-03-11T03:59:59.999Z' },
      ['2030-03-11T03:59:59.999Z', '2030-03-10', '2030-03-11T04:00:00.000Z', '2030-03-11'],
    ],
    ['an instant after, one millisecond later', { dueAfter: '2030-03-11T04:00:00Z' }, ['2030-03-11T04:00:00.000Z', '2030-03-11']],
    ['an instant before, exclusive', { dueBefore: '2030-03-11T03:59:59.999Z' }, ['2030-03-10T04:59:59.999Z', '2030-03-09', '2030-03-10T05:00:00.000Z']],
    ['an instant before, one millisecond later', { dueBefore: '2030-03-11T04:00:00.000Z' }, without('2030-03-11T04:00:00.000Z', '2030-03-11')],
    ['an instant with an offset', { dueAfter: '2030-03-10T00:00:00-05:00', dueBefore: '2030-03-10T00:00:00.001-05:00' }, ['2030-03-10T05:00:00.000Z']],
    ['both kinds together', { dueAfter: '2030-03-10', dueBefore: '2030-03-11T03:59:59Z' }, ['2030-03-10T05:00:00.000Z']],
    ['bounds that exclude each other', { dueAfter: '2030-03-20', dueBefore: '2030-03-01' }, []],
    ['the last day there is', { dueBefore: '9999-12-31' }, all],
    ['the last instant there is', { dueBefore: '9999-12-31T23:59:59.999Z' }, all],
    ['the first day there is', { dueAfter: '0000-01-01' }, all],
    ['nothing before the first day', { dueBefore: '0001-01-01' }, []],
    ['nothing after the last', { dueAfter: '9999-12-31' }, []],
  ])('by %s', async (_, query, expected) => {
    expect((await titles(user, query)).sort()).toEqual([...expected].sort());
    const sorted = await titles(user, { ...query, sort: 'due' });
    expect([...sorted].sort()).toEqual([...expected].sort());
  });

  test('follow the zone of the user’s token, not one that was stored', async () => {
    const inUtc = { id: user.id, token: tokenFor(user.id, 'UTC') };

    expect((await titles(inUtc, { dueAfter: '2030-03-11' })).sort()).toEqual(['2030-03-11', '2030-03-11T03:59:59.999Z', '2030-03-11T04:00:00.000Z']);
  });

  test('go with the other filters', async () => {
    expect(await titles(user, { dueAfter: '2030-03-10', q: 'T05', status: 'open' })).toEqual(['2030-03-10T05:00:00.000Z']);
    expect(await titles(user, { dueAfter: '2030-03-10', status: 'done' })).toEqual([]);
  });

  const tokenFor = (id: string, timeZone: string): string => {
    const { token } = tokenBearer(service.config, timeZone, 'user', id);
    return token;
  };
});

describe('sort=due', () => {
  test('lists what is active and has a due, a date at its end in UTC whatever the zone', async () => {
    const user = newUser('Pacific/Kiritimati');
    for (const due of ['2030-01-02', '2030-01-01T23:59:59.998Z', '2030-01-02T00:00:00.000Z', '2030-01-01', '2030-01-01T23:59:59.999Z', null]) {
      await create(user, { title: String(due), due });
    }
    await create(user, { title: 'done', due: '2030-01-01', status: 'done' });

    expect(await titles(user, { sort: 'due' })).toEqual([
      '2030-01-01T23:59:59.998Z',
      '2030-01-01T23:59:59.999Z',
      '2030-01-01',
      '2030-01-02T00:00:00.000Z',
      '2030-01-02',
    ]);
  });

  test('follows every change of due and status', async () => {
    const user = newUser();
    const a = await create(user, { title: 'a', due: '2030-01-01' });
    const b = await create(user, { title: 'b', due: '2030-01-02' });
    const patch = async ({ id }: Todo, body: object): Promise<number> => (await service.call('PATCH', `/todos/${id}`, { token: user.token, body })).status;

    await patch(a, { due: '2030-01-03' });
    expect(await titles(user, { sort: 'due' })).toEqual(['b', 'a']);
    await patch(b, { status: 'done' });
    expect(await titles(user, { sort: 'due' })).toEqual(['a']);
    await patch(b, { status: 'in_progress' });
    await patch(a, { due: null });
    expect(await titles(user, { sort: 'due' })).toEqual(['b']);
    await service.call('DELETE', `/todos/${b.id}`, { token: user.token });
    expect(await titles(user, { sort: 'due' })).toEqual([]);
  });

  test('takes the filters', async () => {
    const user = newUser();
    await create(user, { title: 'a', due: '2030-01-02', tags: ['x'] });
    await create(user, { title: 'b', due: '2030-01-01', tags: ['x'], status: 'in_progress' });
    await create(user, { title: 'c', due: '2030-01-01' });

    expect(await titles(user, { sort: 'due', tag: 'x' })).toEqual(['b', 'a']);
    expect(await titles(user, { sort: 'due', tag: 'x', status: 'open' })).toEqual(['a']);
    expect(await titles(user, { sort: 'due', status: 'done' })).toEqual([]);
  });
});

describe('archived=true', () => {
  test('lists the archive alone, newest first, with filters and pages', async () => {
    const user = newUser();
    await put(
      user,
      Array.from({ length: 7 }, (_, turn) => ({ title: `archived ${turn}`, status: 'done' as const, tags: turn % 2 ? ['odd'] : [] })),
      service.config.dynamodb.tables.archive,
    );
    await create(user, { title: 'hot', status: 'done' });

    expect(await titles(user, { archived: 'true' })).toEqual([6, 5, 4, 3, 2, 1, 0].map((turn) => `archived ${turn}`));
    expect(await titles(user, { archived: 'true', tag: 'odd', q: 'ARCH' })).toEqual([5, 3, 1].map((turn) => `archived ${turn}`));
    expect(await titles(user, {})).toEqual(['hot']);
    expect((await walk(user, { archived: 'true', limit: '3' })).pages).toEqual([3, 3, 1]);
  });

  test.each([
    ['sort', { sort: 'due' }],
    ['sort', { sort: 'createdAt' }],
    ['dueBefore', { dueBefore: '2030-01-01' }],
    ['dueAfter', { dueAfter: '2030-01-01' }],
  ])('does not go with %s', async (name, query) => {
    expectProblem(await list(newUser(), { archived: 'true', ...query }), 400, 'request.invalid', [`/${name}`]);
  });
});

describe('Pages', () => {
  let user: TokenBearer;
  let todos: Todo[];
  const dues = [null, '2030-01-01', '2030-01-01T12:00:00.000Z', '2029-12-31'];
  beforeAll(async () => {
    user = newUser();
    todos = await put(
      user,
      Array.from({ length: 205 }, (_, turn) => ({ title: `todo ${turn}`, due: dues[turn % 4] ?? null, tags: turn % 3 === 0 ? ['third'] : [] })),
    );
  });

  test('are 25 long by default, and as long as is asked for up to 100', async () => {
    expect((await list(user)).body.items).toHaveLength(25);
    expect((await list(user, { limit: '1' })).body.items).toHaveLength(1);
    expect((await list(user, { limit: '100' })).body.items).toHaveLength(100);
  });

  test.each(['0', '101', '-1', '1.5', 'ten', '', '1e1', ' 5', '1000', '٣'])('of limit "%s" are refused', async (limit) => {
    expectProblem(await list(user, { limit }), 400, 'request.invalid', ['/limit']);
  });

  test.each([
    ['-createdAt', '1'.repeat(2)],
    ['-createdAt', '100'],
    ['createdAt', '7'],
    ['createdAt', '41'],
  ])('in the order %s, %s at a time, give every todo once', async (sort, limit) => {
    const { items, pages } = await walk(user, { sort, limit });

    const ids = todos.map(({ id }) => id);
    expect(items.map(({ id }) => id)).toEqual(sort === 'createdAt' ? ids : ids.reverse());
    expect(pages).toHaveLength(Math.ceil(205 / Number(limit)));
  });

  test('in order of due give every todo with one once', async () => {
    const { items } = await walk(user, { sort: 'due', limit: '17' });

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
    const { items } = await walk(user, query);

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
    const owner = newUser();
    await put(
      owner,
      Array.from({ length: count }, () => ({ due: '2030-01-01', tags: ['t'] })),
    );

    for (const query of [{}, { sort: 'createdAt' }, { sort: 'due' }, { tag: 't' }, { sort: 'due', tag: 't' }]) {
      const { pages } = await walk(owner, { ...query, limit });
      expect(pages).toEqual([...Array(Math.floor(count / Number(limit))).fill(Number(limit)), ...(count % Number(limit) === 0 ? [] : [count % Number(limit)])]);
    }
  });

  test('go on to the end when a filter passes only what lies beyond the first read', async () => {
    const owner = newUser();
    await put(
      owner,
      Array.from({ length: 300 }, (_, turn) => ({ title: turn === 0 ? 'the oldest' : `t${turn}` })),
    );

    const { items, pages } = await walk(owner, { q: 'oldest' });

    expect(items.map(({ title }) => title)).toEqual(['the oldest']);
    expect(pages.slice(0, -1)).toEqual(pages.slice(0, -1).fill(0));
    expect(pages.at(-1)).toBe(1);
  });

  test('go on over deletions and creations between them', async () => {
    const owner = newUser();
    const some = await put(
      owner,
      Array.from({ length: 9 }, (_, turn) => ({ title: `t${turn}` })),
    );
    const first = (await list(owner, { limit: '3' })).body;
    await service.call('DELETE', `/todos/${first.items[2].id}`, { token: owner.token });
    await tables.send(
      new PutCommand({ TableName: service.config.dynamodb.tables.todos, Item: toItem(newTodo({ ...newId(), userId: owner.id }, contentOf({})), 90, 1) }),
    );

    const second = (await list(owner, { limit: '3', cursor: first.nextCursor })).body;

    expect(second.items.map(({ id }: Todo) => id)).toEqual([some[5], some[4], some[3]].map((todo) => todo?.id));
  });
});

describe('A cursor', () => {
  let user: TokenBearer;
  let cursor: string;
  beforeAll(async () => {
    user = newUser();
    await put(
      user,
      Array.from({ length: 6 }, () => ({ due: '2030-01-01', tags: ['t'] })),
    );
    cursor = (await list(user, { limit: '2' })).body.nextCursor;
  });

  test('serves with another limit, and more than once', async () => {
    const once = (await list(user, { limit: '3', cursor })).body;

    expect(once.items).toHaveLength(3);
    expect((await list(user, { limit: '3', cursor })).body).toEqual(once);
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
    expectProblem(await list(user, { cursor: damage(cursor) }), 400, 'cursor.invalid', ['/cursor']);
  });

  test('that is endless is refused', async () => {
    expectProblem(await list(user, { cursor: 'A'.repeat(2_001) }), 400, 'request.invalid', ['/cursor']);
  });

  test('of another user is refused', async () => {
    expectProblem(await list(newUser(), { cursor }), 400, 'cursor.invalid', ['/cursor']);
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
    expectProblem(await list(user, { ...query, cursor }), 400, 'cursor.invalid', ['/cursor']);
  });

  test('that names a position outside the user’s todos is refused, however well it was made', async () => {
    const { encodeCursor } = await import('../../../src/common/resources/cursor.js');
    const binding = ['todos', user.id, {}];
    const position = Buffer.from(cursor, 'base64url').subarray(12).toString();
    expect(encodeCursor(position, binding)).toBe(cursor);
    for (const forged of ['', 'null', '{}', 'LIST', 'TODO#', `${position} `, `${position} 2030`, `${position}\0`, 'IDEM#key', position.toUpperCase()]) {
      const { status, body } = await list(user, { cursor: encodeCursor(forged, binding) });
      expect([forged, status, body.code]).toEqual([forged, 400, 'cursor.invalid']);
    }
  });

  test('that names a position outside the asked range is refused, however well it was made', async () => {
    const { encodeCursor } = await import('../../../src/common/resources/cursor.js');
    const query = { sort: 'due', dueAfter: '2029-01-01', dueBefore: '2031-01-01' };
    const good = (await list(user, { ...query, limit: '2' })).body.nextCursor;
    const binding = ['todos', user.id, { dueBefore: '2031-01-01', dueAfter: '2029-01-01', sort: 'due' }];
    const [itemKey] = Buffer.from(good, 'base64url').subarray(12).toString().split(' ');
    expect((await list(user, { ...query, cursor: encodeCursor(`${itemKey} 2030`, binding) })).status).toBe(200);
    for (const dueKey of ['1999-01-01', '2099-01-01', 'x']) {
      expectProblem(await list(user, { ...query, cursor: encodeCursor(`${itemKey} ${dueKey}`, binding) }), 400, 'cursor.invalid');
    }
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
    expectProblem(await list(newUser(), query), 400, 'request.invalid', pointers);
  });

  test('that cannot be percent-decoded does no harm', async () => {
    expect((await list(newUser(), 'q=%E0%A4%A')).status).toBe(200);
  });
});
