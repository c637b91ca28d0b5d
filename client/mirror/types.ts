import type { Problem, Todo, TodoContent, TodoPatch } from '../types.js';

/** A todo as the person sees it: what the service answered last, with the writes that still wait applied over it. */
export interface MirroredTodo extends Todo {
  /** Whether a write of it waits. Its `id` is `local-<uuid>` until its creation was answered, and the service's from then on; both name it in every call. */
  readonly pending: boolean;
  /** The id it was first shown by here: stays when `id` changes, so that a list knows it again. */
  readonly key: string;
}

/** A write of a mirror: `id` as the mirror shows it. */
export type MirrorOperation =
  | { readonly op: 'create'; readonly todo: TodoContent }
  | { readonly op: 'patch'; readonly id: string; readonly patch: TodoPatch }
  | { readonly op: 'delete'; readonly id: string };

export type WriteKind = 'create' | 'patch' | 'delete' | 'batch';

/** A write that the service has not answered yet. */
export interface PendingWrite {
  readonly id: string;
  readonly kind: WriteKind;
  readonly todoIds: readonly string[];
  /** When it was made, by this device's clock. */
  readonly since: string;
}

/** A write that was not made, because its todo had changed since the person saw it. Nothing is shown of it until {@link Mirror.resolve}. */
export interface Conflict {
  readonly id: string;
  readonly todoId: string;
  /** What all writes of the todo that waited came to. */
  readonly mine: TodoPatch | 'deleted';
  /** The todo they were made on. */
  readonly base: Todo;
  /** The todo as it is there, in the archive too; null when it was deleted. */
  readonly theirs: Todo | null;
}

/** A write that the service refused for good, with those that built on it. Nothing is shown of it. */
export interface RejectedWrite {
  readonly id: string;
  readonly problem: Problem;
  /** The first todo it was about. */
  readonly todoId?: string;
  /** All that was refused, so that it can be shown, mended and made again. */
  readonly operations: readonly MirrorOperation[];
}

/**
 * - `loading`: the first synchronisation is still under way; what was stored is shown;
 * - `current`: the last one succeeded;
 * - `offline`: the service cannot be reached, or is busy; it is tried again by itself;
 * - `failed`: it cannot go on without help, as `failure` says: no one is signed in, or someone else, or the storage fails. It is tried again, rarely;
 * - `closed`.
 */
export type MirrorStatus = 'loading' | 'current' | 'offline' | 'failed' | 'closed';

/** What a mirror shows at one moment. */
export interface MirrorSnapshot {
  readonly status: MirrorStatus;
  /** Why the status is `offline` or `failed`. */
  readonly failure: string | null;
  /** Newest first, without the archived. */
  readonly todos: readonly MirroredTodo[];
  /** In the order in which they are sent. */
  readonly pending: readonly PendingWrite[];
  readonly conflicts: readonly Conflict[];
  readonly rejected: readonly RejectedWrite[];
  /** When the mirror last held all that the service had, by this device's clock. */
  readonly lastSyncedAt: string | null;
}

/**
 * A copy of a user's todos that follows the service. Writes show at once, are kept until the service has answered them, and are sent in order,
 * each once: they carry their keys, which hold for 24 hours, and the versions they were made on.
 */
export interface Mirror {
  /** The same object until something changes, as React's `useSyncExternalStore` takes it. */
  getSnapshot(): MirrorSnapshot;
  /** Has `listener` called after each change; returns what ends that. */
  subscribe(listener: () => void): () => void;
  /** Returns the id to show the todo by. */
  create(todo: TodoContent): string;
  /** @throws UnknownTodoError for a todo that is not in the snapshot. */
  patch(id: string, patch: TodoPatch): void;
  /** @throws UnknownTodoError for a todo that is not in the snapshot. */
  delete(id: string): void;
  /**
   * Makes up to 50 writes together. When some of them meet a conflict, the others are made, together.
   *
   * @throws UnknownTodoError; RangeError without an operation, with more than 50, or with two of one todo.
   */
  batch(operations: readonly MirrorOperation[]): void;
  /**
   * Ends a conflict: by writing `mine` over what is there, or anew where that was deleted; or by leaving `theirs`. Nothing happens when there is
   * no such conflict any more.
   */
  resolve(conflictId: string, keep: 'mine' | 'theirs'): void;
  /** Forgets a rejected write. */
  dismiss(rejectedId: string): void;
  /** Synchronises now; resolves when that has succeeded or failed, as the status says. */
  refresh(): Promise<void>;
  /** Stops, and keeps what is stored. */
  close(): Promise<void>;
  /** Stops, and removes everything of this user that is stored here, writes that wait included: for signing out. */
  clear(): Promise<void>;
}

/** A todo that the mirror does not have: it was never there, or has gone meanwhile. */
export class UnknownTodoError extends Error {
  override readonly name = 'UnknownTodoError';

  constructor(readonly todoId: string) {
    super(`The mirror has no todo ${todoId}: it has gone, or was never there. Take the id from the present snapshot.`);
  }
}
