import { dueKeyOf } from '../lists/due.js';
import { UnknownItemError } from '../todos.errors.js';
import { todoSchema } from '../todos.schemas.js';
import type { StoredChange, TodoChange } from '../todos.repository.js';
import type { Todo, TodoCounts, TodoStatus } from '../todos.js';
import { deletionNoticeKey, goneKey, parseItemKey, revisionKeyOf, todoKey } from './todo-keys.js';

/** An item as the document client reads it. */
export type Item = Readonly<Record<string, unknown>>;

const daySeconds = 86_400;
/** How long it is kept that a todo has left the list: a token of the change feed is good for as long. */
const goneSeconds = 30 * daySeconds;
/** How long a deleted todo's content is kept: its stream may be read a day late (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html). */
const noticeSeconds = 2 * daySeconds;

/** The aggregate's attribute for each status. */
export const countAttribute: Readonly<Record<TodoStatus, 'open' | 'inProgress' | 'done'>> = { open: 'open', in_progress: 'inProgress', done: 'done' };

/** The numbers in the aggregate. */
export const aggregateAttributes = [...Object.values(countAttribute), 'archived', 'revision'] as const;

type CountAttribute = Exclude<(typeof aggregateAttributes)[number], 'revision'>;

/** What changes add to the counts in their owner's aggregate. */
export function countSteps(changes: readonly TodoChange[]): Partial<Record<CountAttribute, number>> {
  const steps: Partial<Record<CountAttribute, number>> = {};
  const add = (todo: Todo | null, step: number): void => {
    if (todo !== null) {
      const attribute = todo.archivedAt === null ? countAttribute[todo.status] : 'archived';
      steps[attribute] = (steps[attribute] ?? 0) + step;
    }
  };
  for (const { before, after } of changes) {
    add(before, -1);
    add(after, 1);
  }
  return Object.fromEntries(Object.entries(steps).filter(([, step]) => step !== 0));
}

/** A todo's place in the `byDue` index. It has one only while it is active and has a due, so that the index holds nothing else. */
function dueKeyIn({ id, status, due }: Todo): string | undefined {
  return status === 'done' || due === null ? undefined : dueKeyOf(due, id);
}

/** A todo as it is stored. `expiresAt` (epoch seconds) is there only while it is done, for TTL to move it to the archive. */
export function toItem(todo: Todo, archiveAfterDays: number, revision: number): Item {
  const dueKey = dueKeyIn(todo);
  return {
    ...toArchiveItem(todo),
    revisionKey: revisionKeyOf(revision),
    ...(dueKey !== undefined && { dueKey }),
    ...(todo.completedAt !== null && { expiresAt: expiryOf(todo.completedAt, todo.updatedAt, archiveAfterDays * daySeconds) }),
  };
}

// From its completion on; from its last write on where that is over, or what comes back from the archive would return there at once.
function expiryOf(completedAt: string, updatedAt: string, seconds: number): number {
  const expiry = Date.parse(completedAt) / 1000 + seconds;
  const writtenAt = Date.parse(updatedAt) / 1000;
  return Math.floor(expiry > writtenAt ? expiry : writtenAt + seconds);
}

/** A todo as the archive holds it: the todo alone, for it is in no index there, and nothing expires. */
export function toArchiveItem(todo: Todo): Item {
  const { id, ...attributes } = todo;
  return { ...todoKey(todo.userId, id), ...attributes };
}

/** The marker of a todo that was deleted from the list. It takes the todo's place: one beside it would cost two write units more. */
export function toDeletionMarker({ userId, id }: Todo, revision: number, now: number): Item {
  return { ...todoKey(userId, id), gone: true, revisionKey: revisionKeyOf(revision), expiresAt: secondsAfter(now, goneSeconds) };
}

/** The marker of a todo whose place it cannot take, because TTL or the archive's move has removed it. Without an entry in the index it costs one write unit less. */
export function toGoneMarker({ userId, id }: Todo, state: 'archived' | 'deleted', revision: number, now: number): Item {
  return { ...goneKey(userId, revision), id, state, expiresAt: secondsAfter(now, goneSeconds) };
}

/** The notice that an archived todo was deleted, for the stream. */
export function toDeletionNotice(todo: Todo, now: number): Item {
  return { ...toArchiveItem(todo), ...deletionNoticeKey(todo.userId, todo.id), expiresAt: secondsAfter(now, noticeSeconds) };
}

function secondsAfter(now: number, seconds: number): number {
  return Math.floor(now / 1000) + seconds;
}

/** The condition on an item at a todo's key that it is no marker. */
export const isTodo = 'attribute_not_exists(gone)';

/** Whether an item at a todo's key is the marker that the todo was deleted. */
export function isDeletionMarker(item: Item): boolean {
  return item['gone'] !== undefined;
}

/** The todo in an item of {@link toItem}, {@link toArchiveItem} or {@link toDeletionNotice}, fields in their published order. */
export function fromItem(item: Item): Todo {
  const { itemKey, userId, title, description, status, priority, due, tags, checklist, createdAt, updatedAt, completedAt, archivedAt, version } =
    item as unknown as Todo & { itemKey: string };
  return {
    id: itemKey.slice(itemKey.indexOf('#') + 1),
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
    archivedAt: archivedAt ?? null,
    version,
  };
}

/**
 * What an item of the todos table means to a reader of its stream: a todo, the notice that one was deleted, or null for all other items.
 * A todo whose place a marker takes has been deleted.
 *
 * @throws UnknownItemError when it is none of these.
 */
export function changeIn(item: Item): StoredChange | null {
  const itemKey = item['itemKey'];
  if (typeof itemKey !== 'string') {
    throw new UnknownItemError('it has no itemKey');
  }
  const key = parseItemKey(itemKey);
  if (key === null) {
    throw new UnknownItemError('its itemKey is of no known kind');
  }
  if ((key.kind !== 'todo' && key.kind !== 'deletion') || isDeletionMarker(item)) {
    return null;
  }
  // Only whether it fits: what is stored has been through the schema before.
  const { success, error } = todoSchema.safeParse({ archivedAt: null, ...item, id: key.id });
  if (!success) {
    throw new UnknownItemError(`it is no todo: ${[...new Set(error.issues.map(({ path }) => path.join('.')))].join(', ')}`);
  }
  return { kind: key.kind, todo: fromItem(item) };
}

/** The counts in a user's aggregate; all zero while there is none. */
export function countsFrom(item: Item | undefined): TodoCounts {
  const count = (name: CountAttribute): number => Number(item?.[name] ?? 0);
  return { open: count('open'), inProgress: count('inProgress'), done: count('done'), archived: count('archived') };
}
