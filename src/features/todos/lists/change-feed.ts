import type { Todo } from '../todos.js';

/** What became of a todo: what it is now, or how it left the list. */
export type ListChange =
  { readonly id: string; readonly state: 'present'; readonly todo: Todo } | { readonly id: string; readonly state: 'deleted' | 'archived' };

/** Where in a user's revisions to read on. */
export interface FeedPosition {
  /** The last revision that has been read. */
  readonly after: number;
  /** Todos that left the list up to this revision are left out: the reader has never seen them. */
  readonly goneAfter: number;
}

/** Changes in the order of their revisions, each id once. */
export interface FeedPage {
  readonly changes: readonly ListChange[];
  /** The last revision that was read, whether or not it shows in `changes`. */
  readonly readTo: number;
  /** Whether a change follows. */
  readonly more: boolean;
}

/** A user's list as a feed of changes, in the order in which they were committed. */
export abstract class ChangeFeed {
  /** The revision of the last write; null once the user has been deleted. */
  abstract head(userId: string): Promise<number | null>;

  /**
   * At most `limit` changes behind a position and up to the revision `to`, which must have been the head; see `PageBuilder` for where a page ends.
   * Every write that was acknowledged before is in the pages up to the first without `more`, or a later one of the same todo.
   */
  abstract read(userId: string, position: FeedPosition, to: number, limit: number): Promise<FeedPage>;
}
