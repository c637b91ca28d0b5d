/**
 * What a user's partition of the todos table holds beside the todos, for all features that write in a user's name: the aggregate, which
 * becomes the tombstone, and the results of keyed requests. A feature that writes checks the tombstone in the same transaction.
 */

/** A key of the todos table. */
export type UserItemKey = Readonly<{ userId: string; itemKey: string }>;

/** The key of the user's aggregate. */
export function aggregateKey(userId: string): UserItemKey {
  return { userId, itemKey: 'LIST' };
}

/** The key of an idempotency item; a user's keys are for todos and records together. */
export function idempotencyItemKey(userId: string, key: string): UserItemKey {
  return { userId, itemKey: `${idempotencyKeyPrefix}${key}` };
}

const idempotencyKeyPrefix = 'IDEM#';

/** Whether an item's sort key is one of these. */
export function isKeptBesideTodos(itemKey: string): boolean {
  return itemKey === aggregateKey('').itemKey || itemKey.startsWith(idempotencyKeyPrefix);
}

/** The condition on the aggregate that its user has not been deleted. */
export const noTombstone = 'attribute_not_exists(deletedAt)';
