import { describe, expect, test } from '@jest/globals';
import { UnknownItemError } from '../todos.errors.js';
import { archivedTodo, newTodo, nextTodo } from '../todos.js';
import { changeIn, countsFrom, countSteps, fromItem, toArchiveItem, toDeletionMarker, toDeletionNotice, toGoneMarker, toItem } from './todo-items.js';

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
    expect(changeIn(toItem(todo, 90, 1))?.todo).toEqual(todo);
    expect(Object.keys(changeIn(toItem(todo, 90, 1))?.todo ?? {})).toEqual(Object.keys(todo));
    expect(fromItem(toArchiveItem(todo))).toEqual(todo);
  });

  test('only an active todo has a due key, only a done one expires, and an archived one has neither', () => {
    const extras = (item: object): string[] => Object.keys(item).filter((name) => ['dueKey', 'expiresAt'].includes(name));

    expect(extras(toItem(open, 90, 1))).toEqual(['dueKey']);
    expect(extras(toItem(done, 90, 1))).toEqual(['expiresAt']);
    expect(extras(toItem(nextTodo(done, { status: 'open' }, '2026-11-21T08:00:00.000Z'), 90, 1))).toEqual(['dueKey']);
    expect(extras(toArchiveItem(open))).toEqual([]);
    expect(extras(toArchiveItem(done))).toEqual([]);
  });

  test.each(['LIST', 'IDEM#LIST', 'IDEM#TODO#1', 'GONE#0000000000000001'])('%s is no todo', (itemKey) => {
    expect(changeIn({ userId: open.userId, itemKey })).toBeNull();
  });

  test.each([
    ['no key', {}],
    ['a key of another type', { itemKey: 1 }],
    ['an unknown kind', { ...toItem(open, 90, 1), itemKey: 'LISTS' }],
    ['an id that is none', { ...toItem(open, 90, 1), itemKey: 'TODO#secret' }],
    ['no owner', { ...toItem(open, 90, 1), userId: undefined }],
    ['a title of another type', { ...toItem(open, 90, 1), title: { secret: true } }],
    ['no checklist', { ...toItem(open, 90, 1), checklist: undefined }],
    ['a status that is none', { ...toItem(open, 90, 1), status: 'secret' }],
    ['a version that is none', { ...toItem(open, 90, 1), version: 0 }],
  ])('with %s it is unknown, and the error quotes no value', (_, item) => {
    expect(() => changeIn(item)).toThrow(UnknownItemError);
    expect(() => changeIn(item)).not.toThrow(/secret|Water|019e/);
  });
});

describe('The notice of a deletion', () => {
  const archived = archivedTodo(done, '2026-11-22T06:00:00.000Z');

  test('holds the todo for the stream, for two days and in no index', () => {
    const notice = toDeletionNotice(archived, 1_000);

    expect(changeIn(notice)).toEqual({ kind: 'deletion', todo: archived });
    expect(notice).toMatchObject({ itemKey: `DELETED#${archived.id}`, expiresAt: 1 + 2 * 86_400 });
    expect(Object.keys(notice).filter((name) => name.endsWith('Key'))).toEqual(['itemKey']);
  });
});

describe('A marker', () => {
  test('of a deletion stands in its todo’s place and in the feed, says nothing else of it, and expires after thirty days', () => {
    const marker = toDeletionMarker(open, 8, 1_000);

    expect(marker).toEqual({
      userId: open.userId,
      itemKey: `TODO#${open.id}`,
      gone: true,
      revisionKey: '0000000000000008',
      expiresAt: 1 + 30 * 86_400,
    });
    expect(changeIn(marker)).toBeNull();
  });

  test.each(['archived', 'deleted'] as const)('of what was %s lies at its revision, says nothing else of it, and expires after thirty days', (state) => {
    const marker = toGoneMarker(done, state, 8, 1_000);

    expect(marker).toEqual({ userId: done.userId, itemKey: 'GONE#0000000000000008', id: done.id, state, expiresAt: 1 + 30 * 86_400 });
    expect(changeIn(marker)).toBeNull();
  });
});

describe('The aggregate', () => {
  const archived = archivedTodo(done, '2026-11-22T06:00:00.000Z');
  const change = (before: typeof open | null, after: typeof open | null) => ({ before, after });

  test.each<[string, Parameters<typeof countSteps>[0], ReturnType<typeof countSteps>]>([
    ['created', [change(null, open)], { open: 1 }],
    ['created as done', [change(null, done)], { done: 1 }],
    ['deleted', [change(open, null)], { open: -1 }],
    ['done', [change(open, done)], { open: -1, done: 1 }],
    ['opened again', [change(done, nextTodo(done, { status: 'in_progress' }, done.updatedAt))], { done: -1, inProgress: 1 }],
    ['given another title', [change(open, nextTodo(open, { title: 'Feed' }, done.updatedAt))], {}],
    ['archived', [change(done, archived)], { done: -1, archived: 1 }],
    ['brought back from the archive', [change(archived, nextTodo(archived, { status: 'open' }, done.updatedAt))], { archived: -1, open: 1 }],
    ['deleted from the archive', [change(archived, null)], { archived: -1 }],
    ['one of several', [change(null, open), change(open, done), change(done, null)], {}],
  ])('moves as its todo is %s', (_, changes, steps) => {
    expect(countSteps(changes)).toEqual(steps);
  });

  test('is all zeros before the first todo', () => {
    expect(countsFrom(undefined)).toEqual({ open: 0, inProgress: 0, done: 0, archived: 0 });
    expect(countsFrom({ open: 2 })).toEqual({ open: 2, inProgress: 0, done: 0, archived: 0 });
  });
});
