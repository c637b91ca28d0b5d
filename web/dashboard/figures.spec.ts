import { describe, expect, test } from '@jest/globals';
import type { MirroredTodo } from '../../client/mirror/index.js';
import { activeByPriority, activeByTag, countTodos, doneByDay } from './figures.js';

function todo(rest: Partial<MirroredTodo>): MirroredTodo {
  const at = '2026-11-01T00:00:00.000Z';
  return {
    ...{ id: 'i', key: 'i', userId: 'u', title: 't', description: null, status: 'open', priority: 'normal', due: null, tags: [], checklist: [] },
    ...{ createdAt: at, updatedAt: at, completedAt: null, archivedAt: null, version: 1, pending: false },
    ...rest,
  };
}

const now = new Date('2026-11-26T23:30:00Z');
const zone = 'Europe/Berlin';

describe('The dashboard', () => {
  test('counts by status, and what is late, due on the user’s today, and next', () => {
    const counts = countTodos(
      [
        todo({ title: 'late', due: '2026-11-26' }),
        todo({ title: 'today and late', due: '2026-11-26T23:10:00.000Z' }),
        todo({ title: 'today', due: '2026-11-27', status: 'in_progress' }),
        todo({ title: 'next', due: '2026-11-28' }),
        todo({ title: 'done', due: '2026-11-01', status: 'done' }),
      ],
      now,
      zone,
    );

    expect([counts.open, counts.inProgress, counts.done]).toEqual([3, 1, 1]);
    expect([counts.overdue, counts.today, counts.next].map((todos) => todos.map(({ title }) => title))).toEqual([
      ...[['late', 'today and late'], ['today and late', 'today'], ['next']],
    ]);
  });

  test('counts what was done on each day where the user is, days without any too', () => {
    const done = ['2026-11-26T23:10:00.000Z', '2026-11-26T10:00:00.000Z', '2026-11-26T09:00:00.000Z', '2026-10-01T00:00:00.000Z'];

    expect(
      doneByDay(
        done.map((completedAt) => todo({ status: 'done', completedAt })),
        3,
        now,
        zone,
      ),
    ).toEqual([
      { day: '2026-11-25', value: 0 },
      { day: '2026-11-26', value: 2 },
      { day: '2026-11-27', value: 1 },
    ]);
  });

  test('counts active todos by priority and by their most frequent tags', () => {
    const todos = [todo({ priority: 'high', tags: ['b'] }), todo({ tags: ['a', 'b'] }), todo({ tags: ['c'] }), todo({ status: 'done', tags: ['c', 'c2'] })];

    expect(activeByPriority(todos).map(({ value }) => value)).toEqual([1, 2, 0]);
    expect(activeByTag(todos, 2)).toEqual([
      { name: 'b', value: 2 },
      { name: 'a', value: 1 },
    ]);
  });
});
