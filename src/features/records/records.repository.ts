import type { KeyedCreation } from '../../common/resources/idempotency-key.js';
import type { Page } from '../../common/resources/paging.js';
import type { CreatedRecord, UserRecord } from './records.js';

/** Where the records are kept. Of a user who has been deleted there is none, even before the record is purged. */
export abstract class RecordsRepository {
  abstract find(userId: string): Promise<UserRecord | null>;

  /** At most `limit` records, those after `after` (a user's id) or the first, in a stable order; see `PageBuilder` for where a page ends. */
  abstract list(limit: number, after?: string): Promise<Page<UserRecord>>;

  /**
   * Stores a record if its user stands and has none; with a key, at most once within the key's window.
   *
   * @throws DuetError `user.not_found`, `record.exists`, `idempotency.key_reused`
   */
  abstract create(record: UserRecord, keyed?: KeyedCreation): Promise<CreatedRecord>;

  /**
   * Sets one attribute of a record; null when there is none.
   *
   * @throws DuetError `record.full` when the record would grow past what one item can hold.
   */
  abstract setAttribute(userId: string, name: string, value: unknown): Promise<UserRecord | null>;

  /** Deletes a record; true when there was one. */
  abstract delete(userId: string): Promise<boolean>;

  /** Makes sure that there is no record. */
  abstract purge(userId: string): Promise<void>;
}
