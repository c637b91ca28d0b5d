import type { Todo, TodoContent, TodoPatch } from '../types.js';
import type { QueuedOperation, QueuedWrite, Records } from './records.js';
import type { MirroredTodo, MirrorOperation, PendingWrite } from './types.js';

/** What an id begins with until the service has given one. */
export const localPrefix = 'local-';

/** A content as the service completes it: what is left out has its default, and tags are a set. */
function completed({ title, description, status, priority, due, tags, checklist }: TodoContent): Required<TodoContent> & Pick<Todo, 'checklist'> {
  return {
    title,
    description: description ?? null,
    status: status ?? 'open',
    priority: priority ?? 'normal',
    due: due ?? null,
    tags: [...new Set(tags)],
    checklist: (checklist ?? []).map(({ title, done = false }) => ({ title, done })),
  };
}

/** A todo whose creation waits, as it will probably be. */
function created(id: string, userId: string, content: TodoContent, since: string): Todo {
  const complete = completed(content);
  const completedAt = complete.status === 'done' ? since : null;
  return { ...complete, id, userId, createdAt: since, updatedAt: since, completedAt, archivedAt: null, version: 0 };
}

/** A todo as a merge patch (RFC 7396) leaves it. */
export function patched(todo: Todo, patch: TodoPatch, since: string): Todo {
  const named = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as TodoPatch;
  const next = completed({ ...todo, ...named } as TodoContent);
  const completedAt = next.status === 'done' ? (todo.completedAt ?? since) : null;
  return { ...todo, ...next, completedAt, updatedAt: since };
}

/** What a caller could write to have this todo. */
export function contentOf(todo: Todo): TodoContent {
  return completed(todo);
}

/** A queued operation as it was given to the mirror. */
export function asGiven(operation: QueuedOperation): MirrorOperation {
  switch (operation.op) {
    case 'create':
      return { op: 'create', todo: operation.todo };
    case 'patch':
      return { op: 'patch', id: operation.id, patch: operation.patch };
    case 'delete':
      return { op: 'delete', id: operation.id };
  }
}

// So that what has not changed is the same object in the next snapshot.
const shown = new WeakMap<Todo, MirroredTodo>();

function asShown(todo: Todo, key = todo.id): MirroredTodo {
  const before = shown.get(todo);
  const mirrored = before?.key === key ? before : { ...todo, pending: false, key };
  shown.set(todo, mirrored);
  return mirrored;
}

/** The todos with the writes that wait applied over them, newest first. */
export function todosOf(records: Records, userId: string): MirroredTodo[] {
  const keys = new Map([...records.aliases.values()].map(({ id, todoId }) => [todoId, id]));
  const held = new Map([...records.todos.values()].map(({ id, todo }) => [id, asShown(todo, keys.get(id))]));
  const local = new Map<string, MirroredTodo>();
  for (const { operations, since } of records.queue) {
    for (const operation of operations) {
      const id = records.todoId(operation.id);
      const todos = id.startsWith(localPrefix) ? local : held;
      const todo = todos.get(id);
      if (operation.op === 'create') {
        todos.set(id, { ...created(id, userId, operation.todo, since), pending: true, key: operation.id });
      } else if (operation.op === 'delete') {
        todos.delete(id);
      } else if (todo !== undefined) {
        todos.set(id, { ...todo, ...patched(todo, operation.patch, since), pending: true });
      }
    }
  }
  // The service's ids grow with time.
  return [...[...local.values()].reverse(), ...[...held.values()].sort((left, right) => (left.id < right.id ? 1 : -1))];
}

/** What a write that waits is shown as. */
export function pendingOf({ id, kind, since, operations }: QueuedWrite, records: Records): PendingWrite {
  return { id, kind, since, todoIds: operations.map((operation) => records.todoId(operation.id)) };
}
