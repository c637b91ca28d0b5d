import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Todo } from '../../../src/features/todos/todos.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';
import { startTodoLists, type TodoLists } from './todo-lists-harness.js';

// Real here: the service over HTTP and DynamoDB.

let lists: TodoLists;
beforeAll(async () => {
  lists = await startTodoLists();
});
afterAll(async () => lists?.stop());

describe('Due filters', () => {
  let user: TokenBearer;
  // New York: clocks go forward on 2030-03-10, so that day runs from 05:00Z to 04:00Z of the next.
  beforeAll(async () => {
    user = lists.newUser('America/New_York');
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
      await lists.create(user, { title: due, due });
    }
    await lists.create(user, { title: 'undated' });
    await lists.create(user, { title: 'done', due: '2030-03-10', status: 'done' });
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
    expect((await lists.titles(user, query)).sort()).toEqual([...expected].sort());
    const sorted = await lists.titles(user, { ...query, sort: 'due' });
    expect([...sorted].sort()).toEqual([...expected].sort());
  });

  test('follow the zone of the user’s token, not one that was stored', async () => {
    const inUtc = { id: user.id, token: tokenFor(user.id, 'UTC') };

    expect((await lists.titles(inUtc, { dueAfter: '2030-03-11' })).sort()).toEqual(['2030-03-11', '2030-03-11T03:59:59.999Z', '2030-03-11T04:00:00.000Z']);
  });

  test('go with the other filters', async () => {
    expect(await lists.titles(user, { dueAfter: '2030-03-10', q: 'T05', status: 'open' })).toEqual(['2030-03-10T05:00:00.000Z']);
    expect(await lists.titles(user, { dueAfter: '2030-03-10', status: 'done' })).toEqual([]);
  });

  const tokenFor = (id: string, timeZone: string): string => {
    const { token } = tokenBearer(lists.service.config, timeZone, 'user', id);
    return token;
  };
});

describe('sort=due', () => {
  test('lists what is active and has a due, a date at its end in UTC whatever the zone', async () => {
    const user = lists.newUser('Pacific/Kiritimati');
    for (const due of ['2030-01-02', '2030-01-01T23:59:59.998Z', '2030-01-02T00:00:00.000Z', '2030-01-01', '2030-01-01T23:59:59.999Z', null]) {
      await lists.create(user, { title: String(due), due });
    }
    await lists.create(user, { title: 'done', due: '2030-01-01', status: 'done' });

    expect(await lists.titles(user, { sort: 'due' })).toEqual([
      '2030-01-01T23:59:59.998Z',
      '2030-01-01T23:59:59.999Z',
      '2030-01-01',
      '2030-01-02T00:00:00.000Z',
      '2030-01-02',
    ]);
  });

  test('follows every change of due and status', async () => {
    const user = lists.newUser();
    const a = await lists.create(user, { title: 'a', due: '2030-01-01' });
    const b = await lists.create(user, { title: 'b', due: '2030-01-02' });
    const patch = async ({ id }: Todo, body: object): Promise<number> =>
      (await lists.service.call('PATCH', `/todos/${id}`, { token: user.token, body })).status;

    await patch(a, { due: '2030-01-03' });
    expect(await lists.titles(user, { sort: 'due' })).toEqual(['b', 'a']);
    await patch(b, { status: 'done' });
    expect(await lists.titles(user, { sort: 'due' })).toEqual(['a']);
    await patch(b, { status: 'in_progress' });
    await patch(a, { due: null });
    expect(await lists.titles(user, { sort: 'due' })).toEqual(['b']);
    await lists.service.call('DELETE', `/todos/${b.id}`, { token: user.token });
    expect(await lists.titles(user, { sort: 'due' })).toEqual([]);
  });

  test('takes the filters', async () => {
    const user = lists.newUser();
    await lists.create(user, { title: 'a', due: '2030-01-02', tags: ['x'] });
    await lists.create(user, { title: 'b', due: '2030-01-01', tags: ['x'], status: 'in_progress' });
    await lists.create(user, { title: 'c', due: '2030-01-01' });

    expect(await lists.titles(user, { sort: 'due', tag: 'x' })).toEqual(['b', 'a']);
    expect(await lists.titles(user, { sort: 'due', tag: 'x', status: 'open' })).toEqual(['a']);
    expect(await lists.titles(user, { sort: 'due', status: 'done' })).toEqual([]);
  });
});
