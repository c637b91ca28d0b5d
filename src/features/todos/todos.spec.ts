import { describe, expect, test } from '@jest/globals';
import { newTodo, nextTodo, type TodoContent } from './todos.js';

const content: TodoContent = { title: 'x', description: null, status: 'open', priority: 'normal', due: null, tags: [], checklist: [] };
const identity = { id: 'id', userId: 'user', createdAt: '2030-01-01T00:00:00.000Z' };

describe('A todo', () => {
  test('starts at version 1, completed only when it is done', () => {
    expect(newTodo(identity, content)).toEqual({ ...identity, ...content, updatedAt: identity.createdAt, completedAt: null, archivedAt: null, version: 1 });
    expect(newTodo(identity, { ...content, status: 'done' }).completedAt).toBe(identity.createdAt);
  });

  test('counts its versions, keeps what is not named, and never changes the one before', () => {
    const first = Object.freeze(newTodo(identity, content));

    const second = nextTodo(first, { title: 'y' }, '2030-01-02T00:00:00.000Z');

    expect(second).toEqual({ ...first, title: 'y', updatedAt: '2030-01-02T00:00:00.000Z', version: 2 });
  });

  test('is completed when it becomes done, once, and no more when it is taken up again', () => {
    const open = newTodo(identity, content);
    const done = nextTodo(open, { status: 'done' }, 'day 2');
    const renamed = nextTodo(done, { status: 'done', title: 'y' }, 'day 3');
    const reopened = nextTodo(renamed, { status: 'in_progress' }, 'day 4');

    expect([done, renamed, reopened].map(({ completedAt }) => completedAt)).toEqual(['day 2', 'day 2', null]);
    expect(nextTodo(reopened, { status: 'done' }, 'day 5').completedAt).toBe('day 5');
  });
});
