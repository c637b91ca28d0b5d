import { describe, expect, test } from '@jest/globals';
import { UnknownItemError } from '../todos.errors.js';
import { newTodo, nextTodo } from '../todos.js';
import { aggregateSteps, countsFrom, fromItem, toArchiveItem, todoIn, toItem } from './todo-items.js';

const content = {
  title: 'Water',
  description: null,
  status: 'open',
  priority: 'normal',
  due: '2026-12-31',
  tags: ['home'],
  checklist: [{ title: 'Ferns', done: false }],
} as const;
const open = newTodo(
  { id: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c', createdAt: '2026-11-21T06:00:00.000Z', userId: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2d' },
  content,
);
const done = nextTodo(open, { status: 'done' }, '2026-11-21T07:00:00.000Z');

describe('The items of the todos table', () => {
  test.each([
    ['active', open],
    ['done', done],
  ])('an %s todo is read as it was written, and as it was archived', (_, todo) => {
    expect(todoIn(toItem(todo, 90))).toEqual(todo);
    expect(Object.keys(todoIn(toItem(todo, 90)) ?? {})).toEqual(Object.keys(todo));
    expect(fromItem(toArchiveItem(todo))).toEqual(todo);
  });

  test('only an active todo has a due key, only a done one expires, and an archived one has neither', () => {
    const extras = (item: object): string[] => Object.keys(item).filter((name) => ['dueKey', 'expiresAt'].includes(name));

    expect(extras(toItem(open, 90))).toEqual(['dueKey']);
    expect(extras(toItem(done, 90))).toEqual(['expiresAt']);
    expect(extras(toItem(nextTodo(done, { status: 'open' }, '2026-11-21T08:00:00.000Z'), 90))).toEqual(['dueKey']);
    expect(extras(toArchiveItem(open))).toEqual([]);
    expect(extras(toArchiveItem(done))).toEqual([]);
  });

  test.each(['LIST', 'IDEM#LIST', 'IDEM#TODO#1'])('%s is no todo', (itemKey) => {
    expect(todoIn({ userId: open.userId, itemKey })).toBeNull();
  });

  test.each([
    ['no key', {}],
    ['a key of another type', { itemKey: 1 }],
    ['an unknown kind', { ...toItem(open, 90), itemKey: 'LISTS' }],
    ['an id that is none', { ...toItem(open, 90), itemKey: 'TODO#secret' }],
    ['no owner', { ...toItem(open, 90), userId: undefined }],
    ['a title of another type', { ...toItem(open, 90), title: { secret: true } }],
    ['no checklist', { ...toItem(open, 90), checklist: undefined }],
    ['a status that is none', { ...toItem(open, 90), status: 'secret' }],
    ['a version that is none', { ...toItem(open, 90), version: 0 }],
  ])('with %s it is unknown, and the error quotes no value', (_, item) => {
    expect(() => todoIn(item)).toThrow(UnknownItemError);
    expect(() => todoIn(item)).not.toThrow(/secret|Water|019e/);
  });
});

describe('The aggregate', () => {
  const later = '2026-11-21T08:00:00.000Z';

  test.each<[string, Parameters<typeof aggregateSteps>, ReturnType<typeof aggregateSteps>]>([
    ['created', [undefined, open], { open: 1 }],
    ['created as done', [undefined, done], { done: 1 }],
    ['deleted', [open, undefined], { open: -1 }],
    ['deleted when done', [done, undefined], { done: -1 }],
    ['done', [open, done], { open: -1, done: 1 }],
    ['opened again', [done, nextTodo(done, { status: 'in_progress' }, later)], { done: -1, inProgress: 1 }],
    ['given another title', [open, nextTodo(open, { title: 'Feed' }, later)], {}],
  ])('moves as its todo is %s', (_, [before, after], steps) => {
    expect(aggregateSteps(before, after)).toEqual(steps);
  });

  test('is all zeros before the first todo', () => {
    expect(countsFrom(undefined)).toEqual({ open: 0, inProgress: 0, done: 0, archived: 0 });
    expect(countsFrom({ open: 2 })).toEqual({ open: 2, inProgress: 0, done: 0, archived: 0 });
  });
});
