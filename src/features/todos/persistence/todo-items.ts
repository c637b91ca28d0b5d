import { dueKeyOf } from '../due.js';
import { UnknownItemError } from '../todos.errors.js';
import { todoSchema } from '../todos.schemas.js';
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
  return { userId, itemKey: `${idempotencyKeyPrefix}${key}` };
}

const idempotencyKeyPrefix = 'IDEM#';

/** The aggregate's attribute for each status. */
export const countAttribute: Readonly<Record<TodoStatus, 'open' | 'inProgress' | 'done'>> = { open: 'open', in_progress: 'inProgress', done: 'done' };

/** An item as the document client reads it. */
export type Item = Readonly<Record<string, unknown>>;

/**
 * A todo as it is stored. `dueKey` is there only while it is active and has a due, so that the index holds nothing else; `expiresAt`
 * (epoch seconds) only while it is done, for TTL to move it to the archive.
 */
export function toItem(todo: Todo, archiveAfterDays: number): Record<string, unknown> {
  return {
    ...toArchiveItem(todo),
    ...(todo.status !== 'done' && todo.due !== null && { dueKey: dueKeyOf(todo.due, todo.id) }),
    ...(todo.completedAt !== null && { expiresAt: Math.floor(Date.parse(todo.completedAt) / 1000 + archiveAfterDays * 86_400) }),
  };
}

/** A todo as the archive holds it: the todo alone, for nothing is looked up by due there, and nothing expires. */
export function toArchiveItem(todo: Todo): Record<string, unknown> {
  const { id, ...attributes } = todo;
  return { ...todoKey(todo.userId, id), ...attributes };
}

/** The todo in an item of {@link toItem}, fields in their published order. */
export function fromItem(item: Item): Todo {
  const { itemKey, userId, title, description, status, priority, due, tags, checklist, createdAt, updatedAt, completedAt, version } =
    item as unknown as Todo & { itemKey: string };
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

/**
 * What an item of the todos table is to someone who did not ask for it by its key: a todo, or null for the aggregate and idempotency items.
 *
 * @throws UnknownItemError when it is none of these.
 */
export function todoIn(item: Item): Todo | null {
  const itemKey = item['itemKey'];
  if (typeof itemKey !== 'string') {
    throw new UnknownItemError('it has no itemKey');
  }
  if (itemKey === listKey('').itemKey || itemKey.startsWith(idempotencyKeyPrefix)) {
    return null;
  }
  if (!itemKey.startsWith(todoKeyPrefix)) {
    throw new UnknownItemError('its itemKey is of no known kind');
  }
  // Only whether it fits: what is stored has been through the schema before.
  const { success, error } = todoSchema.safeParse({ ...item, id: itemKey.slice(todoKeyPrefix.length) });
  if (!success) {
    throw new UnknownItemError(`it is no todo: ${[...new Set(error.issues.map(({ path }) => path.join('.')))].join(', ')}`);
  }
  return fromItem(item);
}

/** The counts in a user's aggregate; all zero while there is none. */
export function countsFrom(item: Item | undefined): TodoCounts {
  const count = (name: string): number => Number(item?.[name] ?? 0);
  return { open: count('open'), inProgress: count('inProgress'), done: count('done'), archived: count('archived') };
}
