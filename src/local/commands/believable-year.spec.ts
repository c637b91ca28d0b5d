import { expect, test } from '@jest/globals';
import { todoContentSchema } from '../../features/todos/todos.schemas.js';
import { believableYear } from './believable-year.js';

const now = Date.parse('2026-11-26T14:00:00.000Z');
const dayMs = 86_400_000;
const userId = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';
const todos = believableYear(userId, now);
const age = (instant: string): number => (now - Date.parse(instant)) / dayMs;
const done = todos.filter(({ status }) => status === 'done');
const active = todos.filter(({ status }) => status !== 'done');

test('The year has todos of every month, in the order they were created, and none of the future', () => {
  const months = new Set(todos.map(({ createdAt }) => createdAt.slice(0, 7)));

  expect(months.size).toBeGreaterThanOrEqual(12);
  expect(todos.length).toBeGreaterThan(300);
  expect(todos.map(({ createdAt }) => createdAt)).toEqual(todos.map(({ createdAt }) => createdAt).sort());
  expect(todos.every(({ createdAt, updatedAt }) => createdAt <= updatedAt && age(updatedAt) >= 0)).toBe(true);
  expect(new Set(todos.map(({ id }) => id)).size).toBe(todos.length);
});

test('Most of what is past is done, at different times; a little is overdue, and some is still to come', () => {
  expect(done.length / todos.length).toBeGreaterThan(0.8);
  expect(new Set(done.map(({ completedAt }) => completedAt?.slice(0, 10))).size).toBeGreaterThan(150);
  expect(done.every(({ createdAt, completedAt, version }) => completedAt !== null && completedAt > createdAt && version === 2)).toBe(true);
  expect(done.filter(({ completedAt }) => age(completedAt ?? '') < 14).length).toBeGreaterThan(5);
  const overdue = active.filter(({ due }) => due !== null && age(due) > 1);
  expect(overdue.length).toBeGreaterThan(0);
  expect(overdue.length).toBeLessThan(20);
  expect(active.filter(({ due }) => due !== null && age(due) < 0).length).toBeGreaterThan(5);
  expect(active.some(({ status }) => status === 'in_progress')).toBe(true);
});

test('Each is a todo that a user could have written, with checklists, tags and both kinds of due', () => {
  for (const { title, description, status, priority, due, tags, checklist } of todos) {
    expect(todoContentSchema.safeParse({ title, description, status, priority, due, tags, checklist }).error).toBeUndefined();
  }
  expect(new Set(todos.flatMap(({ tags }) => tags)).size).toBeGreaterThan(8);
  expect(todos.filter(({ checklist }) => checklist.length > 0).length).toBeGreaterThan(50);
  expect([10, 24].map((length) => todos.some(({ due }) => due?.length === length))).toEqual([true, true]);
  expect(todos.some(({ due }) => due === null)).toBe(true);
});

test('The same instant gives the same year, but for the ids', () => {
  const again = believableYear(userId, now);

  expect(again.map((todo) => ({ ...todo, id: '' }))).toEqual(todos.map((todo) => ({ ...todo, id: '' })));
});
