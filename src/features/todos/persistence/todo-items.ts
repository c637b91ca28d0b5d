import { dueKeyOf } from '../due.js';
import type { Todo, TodoCounts, TodoStatus } from '../todos.js';

/** The key of a todo's item; the same in the todos and the archive table. */
export function todoKey(userId: string, id: string): { userId: string; itemKey: string } {
  return { userId, itemKey: `${todoKeyPrefix}${id}` };
}

/** What every todo's sort key starts with. */
export const todoKeyPrefix = 'TODO#';

/** The key of a user's aggregate. */
export function listKey(userId: string): { userId: string; itemKey: string } {
  return { userId, itemKey: 'LIST' };
}

/** The key of an idempotency item; keys are per user, for todos and records together. */
export function idempotencyItemKey(userId: string, key: string): { userId: string; itemKey: string } {
  return { userId, itemKey: `IDEM#${key}` };
}

/** The aggregate's attribute for each status. */
export const countAttribute: Readonly<Record<TodoStatus, 'open' | 'inProgress' | 'done'>> = { open: 'open', in_progress: 'inProgress', done: 'done' };

/** An item as the document client reads it. */
export type Item = Readonly<Record<string, unknown>>;

/**
 * A todo as it is stored. `dueKey` is there only while it is active and has a due, so that the index holds nothing else; `expiresAt`
 * (epoch seconds) only while it is done, for TTL to move it to the archive.
 */
export function toItem(todo: Todo, archiveAfterDays: number): Record<string, unknown> {
  const { id, ...attributes } = todo;
  return {
    ...todoKey(todo.userId, id),
    ...attributes,
    ...(todo.status !== 'done' && todo.due !== null && { dueKey: dueKeyOf(todo.due, id) }),
    ...(todo.completedAt !== null && { expiresAt: Math.floor(Date.parse(todo.completedAt) / 1000 + archiveAfterDays * 86_400) }),
  };
}

/** The todo in an item of {@link toItem}, fields in their published order. */
export function fromItem(item: Item): Todo {
  const { itemKey, userId, title, description, status, priority, due, tags, checklist, createdAt, updatedAt, completedAt, version } = item as unknown as Todo & { itemKey: string };
  return {
    id: itemKey.slice(todoKeyPrefix.length),
    userId,
    title,
    description,
    status,
    priority,
    due,
    tags,
    checklist: checklist.map((step) => ({ title: step.title, done: step.done })),
    createdAt,
    updatedAt,
    completedAt,
    version,
  };
}

/** The counts in a user's aggregate; all zero while there is none. */
export function countsFrom(item: Item | undefined): TodoCounts {
  const count = (name: string): number => Number(item?.[name] ?? 0);
  return { open: count('open'), inProgress: count('inProgress'), done: count('done'), archived: count('archived') };
}
