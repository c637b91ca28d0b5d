import type { KeyedCreation } from '../../common/idempotency-key.js';
import type { DueBounds, DueKeyRange } from './due.js';
import type { Todo, TodoCounts, TodoPriority, TodoStatus } from './todos.js';

/** Which todos, in which order. `archived` lists the archive instead of the todos that are kept hot. */
export interface TodoSelection {
  readonly archived: boolean;
  readonly sort: '-createdAt' | 'createdAt' | 'due';
  readonly statuses?: readonly TodoStatus[];
  readonly priority?: TodoPriority;
  readonly tag?: string;
  readonly due: DueBounds;
  /** Whether some todos may not pass: then more are read at a time than are asked for. */
  readonly filtered: boolean;
  /** What the store cannot decide by itself. */
  readonly matches: (todo: Todo) => boolean;
}

/** A page: `next` is the position to go on from, null exactly when nothing follows. It may be short: a request reads a bounded number of items. */
export interface TodoPage {
  readonly items: readonly Todo[];
  readonly next: string | null;
}

/** An item of the todos table as its change stream gives it: attributes by name. */
export type StoredItem = Readonly<Record<string, unknown>>;

/** What moving a todo to the archive came to: moved now, moved before, or not at all because its owner has been deleted. */
export type ArchiveOutcome = 'archived' | 'archived_before' | 'owner_gone';

/** Where todos are kept, each with its owner in the key; the owner's counts move in the same transaction as the todo. */
export abstract class TodosRepository {
  /**
   * Stores a new todo; with a key, at most once within the key's window: then the first result, `replayed`.
   *
   * @throws DuetError `user.not_found`, `idempotency.key_reused`
   */
  abstract create(todo: Todo, keyed?: KeyedCreation): Promise<{ todo: Todo; replayed: boolean }>;

  abstract find(userId: string, id: string): Promise<Todo | null>;

  /**
   * Reads a todo and stores what `change` makes of it, unless it changed meanwhile: then again from the start. Null when there is none.
   * What `change` throws ends it.
   *
   * @throws DuetError `user.not_found`
   */
  abstract update(userId: string, id: string, change: (todo: Todo) => Todo): Promise<Todo | null>;

  /** Deletes a todo; `check` may throw to prevent it. Tells whether there was one. */
  abstract delete(userId: string, id: string, check: (todo: Todo) => void): Promise<boolean>;

  /** At most `limit` todos from `position` on, or from the start. */
  abstract list(userId: string, selection: TodoSelection, limit: number, position?: string): Promise<TodoPage>;

  abstract counts(userId: string): Promise<TodoCounts>;

  /** How many active todos have a due key in the ranges; counting ends at `limit`. */
  abstract countDue(userId: string, ranges: readonly DueKeyRange[], limit: number): Promise<number>;

  /** The first `limit` active todos by due key in the ranges. */
  abstract firstDue(userId: string, ranges: readonly DueKeyRange[], limit: number): Promise<Todo[]>;

  /** Puts a tombstone in the place of the user's aggregate: from now on nothing can be created or changed. It goes by itself at `expiresAt`. */
  abstract bury(userId: string, deletedAt: Date, expiresAt: Date): Promise<void>;

  /** Deletes everything of the user but the tombstone, archive included, until nothing is left; `checkpoint` is called between the batches, and may throw. */
  abstract purge(userId: string, checkpoint: () => Promise<void>): Promise<void>;

  /**
   * Puts a todo that has expired into the archive and moves its owner's counts, in one transaction, exactly once however often it is asked.
   */
  abstract archive(todo: Todo): Promise<ArchiveOutcome>;

  /**
   * The todo in an item of the store; null for the items that keep counts and results.
   *
   * @throws UnknownItemError
   */
  abstract read(item: StoredItem): Todo | null;
}
