import type { KeyedCreation, Replay } from '../../common/resources/idempotency-key.js';
import type { Todo } from './todos.js';

/** A change of one todo: `before` is null for a creation, `after` for a deletion. */
export interface TodoChange {
  readonly before: Todo | null;
  readonly after: Todo | null;
}

/** What a write may change: todos by id. With a key its first result is stored, or replayed if the key was used before. */
export interface WriteTargets {
  readonly userId: string;
  readonly ids: readonly string[];
  readonly keyed?: KeyedCreation | undefined;
}

/** What a write makes of the todos it found. */
export interface WriteDecision<Result> {
  readonly changes: readonly TodoChange[];
  readonly result: Result;
}

/** An item of the todos table as its change stream gives it: attributes by name. */
export type StoredItem = Readonly<Record<string, unknown>>;

/** What an item of the stream holds: a todo, or the notice that an archived one was deleted. */
export interface StoredChange {
  readonly kind: 'todo' | 'deletion';
  readonly todo: Todo;
}

/** What moving a todo to the archive came to: moved now, moved or deleted before, or not at all because its owner has been deleted. */
export type ArchiveOutcome = 'archived' | 'archived_before' | 'owner_gone';

/** Where todos are kept, each with its owner in the key. */
export abstract class TodosRepository {
  /** The todo, in the list or in the archive; null also once its owner has been deleted. */
  abstract find(userId: string, id: string): Promise<Todo | null>;

  /**
   * Writes, in one transaction, what `decide` makes of the todos of these ids, archived ones included; those that are not there are missing from
   * the map. Another write of the same user meanwhile: then again from the start. What `decide` throws ends it.
   *
   * @throws DuetError `user.not_found` once the user has been deleted; `idempotency.key_reused`; `batch.too_large`
   */
  abstract write<Result>(targets: WriteTargets, decide: (todos: ReadonlyMap<string, Todo>) => WriteDecision<Result>): Promise<Replay<Result>>;

  /** Puts into the archive what TTL has removed from the list: in one transaction, exactly once however often it is asked. */
  abstract archive(removed: Todo, archivedAt: string): Promise<ArchiveOutcome>;

  /** Puts a tombstone in the place of the user's aggregate: from then on nothing can be written or read. It goes by itself at `expiresAt`. */
  abstract writeTombstone(userId: string, deletedAt: Date, expiresAt: Date): Promise<void>;

  /** Deletes everything of the user but the tombstone, archive included, until nothing is left; `checkpoint` is called between the batches, and may throw. */
  abstract purge(userId: string, checkpoint: () => Promise<void>): Promise<void>;

  /**
   * What an item of the change stream holds; null for the items that keep counts, results and markers.
   *
   * @throws UnknownItemError
   */
  abstract read(item: StoredItem): StoredChange | null;
}
