import { isKeptBesideTodos, type UserItemKey } from '../../../platform/dynamodb/user-partition.js';
import { dueKeyOf } from '../due.js';
import { UnknownItemError } from '../todos.errors.js';
import { todoSchema } from '../todos.schemas.js';
import type { Todo, TodoCounts, TodoStatus } from '../todos.js';

/** The key of a todo's item; the same in the todos and the archive table. */
export function todoKey(userId: string, id: string): UserItemKey {
  return { userId, itemKey: `${todoKeyPrefix}${id}` };
}

/** What every todo's sort key starts with. */
export const todoKeyPrefix = 'TODO#';

/** The aggregate's attribute for each status. */
export const countAttribute: Readonly<Record<TodoStatus, 'open' | 'inProgress' | 'done'>> = { open: 'open', in_progress: 'inProgress', done: 'done' };

/** The numbers in the aggregate. */
export const aggregateAttributes = [...Object.values(countAttribute), 'archived'] as const;

/** An item as the document client reads it. */
export type Item = Readonly<Record<string, unknown>>;

/** A todo's place in the `byDue` index. It has one only while it is active and has a due, so that the index holds nothing else. */
export function dueKeyIn({ id, status, due }: Todo): string | undefined {
  return status === 'done' || due === null ? undefined : dueKeyOf(due, id);
}

/** What a todo's write adds to the numbers in its owner's aggregate; there is none before a creation and none after a deletion. */
export function aggregateSteps(before: Todo | undefined, after: Todo | undefined): Partial<Record<(typeof aggregateAttributes)[number], number>> {
  if (before?.status === after?.status) {
    return {};
  }
  return {
    ...(before !== undefined && { [countAttribute[before.status]]: -1 }),
    ...(after !== undefined && { [countAttribute[after.status]]: 1 }),
  };
}

/** A todo as it is stored. `expiresAt` (epoch seconds) is there only while it is done, for TTL to move it to the archive. */
export function toItem(todo: Todo, archiveAfterDays: number): Record<string, unknown> {
  const dueKey = dueKeyIn(todo);
  return {
    ...toArchiveItem(todo),
    ...(dueKey !== undefined && { dueKey }),
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
  if (isKeptBesideTodos(itemKey)) {
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
  const count = (name: (typeof aggregateAttributes)[number]): number => Number(item?.[name] ?? 0);
  return {
    open: count('open'),
    inProgress: count('inProgress'),
    done: count('done'),
    archived: count('archived'),
  };
}
