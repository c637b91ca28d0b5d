import type { KeyedCreation } from '../../common/resources/idempotency-key.js';
import type { TransactItem } from '../../platform/dynamodb/idempotency.js';

/**
 * What a user's partition of the todos table holds for other features: the tombstone, and the results of keyed requests, whose keys are
 * for all features together. The elements are for a transaction of the feature's own.
 */
export abstract class UserPartition {
  /** Refuses the transaction once the user has been deleted. */
  abstract notDeletedCheck(userId: string): TransactItem;

  /** Stores a keyed request's first result; refuses the transaction while an earlier use of the key stands. */
  abstract resultPut(userId: string, keyed: KeyedCreation, response: string): TransactItem;

  /**
   * The stored first result; undefined when there is none, or its window has passed.
   *
   * @throws DuetError `user.not_found` once the user has been deleted; `idempotency.key_reused`
   */
  abstract findResult(userId: string, keyed: KeyedCreation): Promise<string | undefined>;

  /** Which of these users have been deleted, as far as their tombstones still stand. */
  abstract deletedAmong(userIds: readonly string[]): Promise<ReadonlySet<string>>;
}
