import { describe, expect, test } from '@jest/globals';
import type { MirroredTodo } from '../../client/mirror/index.js';
import { filterTodos, firstView, linesOf, sortTodos, tagsOf } from './find-todos.js';

let made = 0;

function todo(title: string, rest: Partial<MirroredTodo> = {}): MirroredTodo {
  made += 1;
  const createdAt = new Date(Date.UTC(2026, 10, 1, 0, made)).toISOString();
  return {
    ...{ id: String(made), userId: 'u', title, description: null, status: 'open', priority: 'normal', due: null, tags: [], checklist: [] },
    ...{ createdAt, updatedAt: createdAt, completedAt: null, archivedAt: null, version: 1, pending: false, key: String(made) },
    ...rest,
  };
}

const titles = (todos: readonly MirroredTodo[]): string[] => todos.map(({ title }) => title);
const all = { ...firstView, show: 'all' as const };

describe('Todos are found', () => {
  test('by a part of title or description, whatever its case', () => {
    const todos = [todo('Straße fegen'), todo('Wege', { description: 'ΟΔΟΣ' }), todo('Café'.normalize('NFD')), todo('Other')];

    expect(titles(filterTodos(todos, { ...all, text: ' strasse ' }))).toEqual(['Straße fegen']);
    expect(titles(filterTodos(todos, { ...all, text: 'οδος' }))).toEqual(['Wege']);
    expect(titles(filterTodos(todos, { ...all, text: 'CAFÉ' }))).toHaveLength(1);
  });

  test('by status, priority and tag together', () => {
    const todos = [
      todo('a', { status: 'done', tags: ['x'] }),
      todo('b', { tags: ['x'], priority: 'high' }),
      todo('c', { status: 'in_progress', tags: ['x'] }),
      todo('d'),
    ];

    expect(titles(filterTodos(todos, { ...all, show: 'active', tag: 'x' }))).toEqual(['b', 'c']);
    expect(titles(filterTodos(todos, { ...all, tag: 'x', priority: 'high' }))).toEqual(['b']);
    expect(titles(filterTodos(todos, { ...all, show: 'done' }))).toEqual(['a']);
    expect(tagsOf(todos)).toEqual(['x']);
  });

  test('in the order asked for; without a due last, and the more important first of one due', () => {
    const todos = [
      todo('none'),
      todo('late', { due: '2026-12-02' }),
      todo('soon', { due: '2026-12-01' }),
      todo('soon and high', { due: '2026-12-01', priority: 'high' }),
    ];

    expect(titles(sortTodos(todos, 'due'))).toEqual(['soon and high', 'soon', 'late', 'none']);
    expect(titles(sortTodos(todos, 'newest'))[0]).toBe('soon and high');
    expect(titles(sortTodos(todos, 'priority'))[0]).toBe('soon and high');
  });
});

describe('Lines', () => {
  test('stand under headings by due, as days are where the user is', () => {
    const now = new Date('2026-11-26T23:30:00Z');
    const todos = [
      todo('late', { due: '2026-11-26' }),
      todo('today', { due: '2026-11-27T20:00:00.000Z' }),
      todo('tomorrow', { due: '2026-11-28' }),
      todo('week', { due: '2026-12-04' }),
      todo('later', { due: '2026-12-05' }),
      todo('none'),
      todo('done', { due: '2026-11-01', status: 'done' }),
    ];

    const lines = linesOf(todos, firstView, now, 'Europe/Berlin').map((line) => ('todo' in line ? line.todo.title : `${line.heading} ${line.count}`));

    expect(lines).toEqual([
      ...['Overdue 1', 'late', 'Today 1', 'today', 'Tomorrow 1', 'tomorrow', 'Next 7 days 1', 'week'],
      ...['Later 1', 'later', 'No date 1', 'none', 'Done 1', 'done'],
    ]);
    expect(linesOf(todos, { ...firstView, grouped: false }, now, 'UTC')).toHaveLength(7);
  });
});
