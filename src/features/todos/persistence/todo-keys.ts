/** A key of the todos table, or of the archive. */
export type UserItemKey = Readonly<{ userId: string; itemKey: string }>;

const todoPrefix = 'TODO#';
const resultPrefix = 'IDEM#';
const gonePrefix = 'GONE#';
const noticePrefix = 'DELETED#';

/** What a listing of todos looks for among a user's sort keys. */
export const todoKeyPrefix = todoPrefix;

/** A todo, or the marker that it was deleted from the list; the same in the todos and the archive table. */
export function todoKey(userId: string, id: string): UserItemKey {
  return { userId, itemKey: `${todoPrefix}${id}` };
}

/** The user's aggregate: counts, revision and, once the user is deleted, the tombstone. */
export function listKey(userId: string): UserItemKey {
  return { userId, itemKey: 'LIST' };
}

/** The first result of a keyed request. A user's keys are for todos and records together. */
export function resultKey(userId: string, key: string): UserItemKey {
  return { userId, itemKey: `${resultPrefix}${key}` };
}

/** The marker that a todo was archived, or deleted from the archive, at a revision. */
export function goneKey(userId: string, revision: number): UserItemKey {
  return { userId, itemKey: `${gonePrefix}${revisionKeyOf(revision)}` };
}

/** The revision in a key of {@link goneKey}. */
export function goneRevisionIn({ itemKey }: Readonly<Record<string, unknown>>): number {
  return Number(String(itemKey).slice(gonePrefix.length));
}

/** The notice that an archived todo was deleted: the archive has no stream, so its event comes from here. */
export function deletionNoticeKey(userId: string, id: string): UserItemKey {
  return { userId, itemKey: `${noticePrefix}${id}` };
}

/** A revision as the sort key of the index `byRevision`: it sorts as the number does. */
export function revisionKeyOf(revision: number): string {
  return String(revision).padStart(16, '0');
}

/** What kind of item a sort key of the todos table is of, with the id in it where there is one. */
export function parseItemKey(
  itemKey: string,
): { readonly kind: 'todo' | 'deletion'; readonly id: string } | { readonly kind: 'list' | 'result' | 'gone' } | null {
  if (itemKey === listKey('').itemKey) {
    return { kind: 'list' };
  }
  const withId = (
    [
      [todoPrefix, 'todo'],
      [noticePrefix, 'deletion'],
    ] as const
  ).find(([prefix]) => itemKey.startsWith(prefix));
  if (withId !== undefined) {
    return { kind: withId[1], id: itemKey.slice(withId[0].length) };
  }
  const without = (
    [
      [resultPrefix, 'result'],
      [gonePrefix, 'gone'],
    ] as const
  ).find(([prefix]) => itemKey.startsWith(prefix));
  return without === undefined ? null : { kind: without[1] };
}

/** The condition on the aggregate that its user has not been deleted. */
export const notDeleted = 'attribute_not_exists(deletedAt)';
