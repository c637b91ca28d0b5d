import type { Todo, TodoContent, TodoOperation, TodoPatch } from '../types.js';
import type { Conflict, RejectedWrite, WriteKind } from './types.js';

/** A todo as the service gave it last, and what the last write of this mirror made of it. */
export interface HeldTodo {
  readonly id: string;
  readonly todo: Todo;
  readonly own?: { readonly writeId: string; readonly todo: Todo };
}

/** A change of a todo is sent with the version that it was made on: that of `base`, or the one which the write `after` left, where that waited then. */
export type QueuedOperation =
  | { readonly op: 'create'; readonly id: string; readonly todo: TodoContent }
  | { readonly op: 'patch'; readonly id: string; readonly patch: TodoPatch; readonly base: Todo; readonly after?: string }
  | { readonly op: 'delete'; readonly id: string; readonly base: Todo; readonly after?: string };

/** A change of a todo that there is. */
export type QueuedChange = Exclude<QueuedOperation, { readonly op: 'create' }>;

/** A write that waits for its answer. */
export interface QueuedWrite {
  readonly id: string;
  /** Its place in the queue. */
  readonly order: number;
  readonly kind: WriteKind;
  readonly since: string;
  readonly idempotencyKey: string;
  readonly operations: readonly QueuedOperation[];
  /** What it was sent as; kept before the first attempt, for the key holds for the same request only. */
  readonly request?: readonly TodoOperation[];
}

/** The name by which a todo was shown before its creation was answered. */
export interface Alias {
  readonly id: string;
  readonly todoId: string;
}

/** Where the feed goes on. */
export interface Position {
  readonly id: 'position';
  readonly next: string;
  readonly at: string;
}

/** All that a mirror keeps, by kind; each has an `id` that is unique in its kind. */
export interface StoredKinds {
  todos: HeldTodo;
  writes: QueuedWrite;
  conflicts: Conflict;
  rejected: RejectedWrite;
  aliases: Alias;
  positions: Position;
}

export type StoredKind = keyof StoredKinds;

export const storedKinds = ['todos', 'writes', 'conflicts', 'rejected', 'aliases', 'positions'] as const satisfies readonly StoredKind[];

/** One change of what is stored. */
export type StoreChange = { [K in StoredKind]: { readonly kind: K; readonly put: StoredKinds[K] } | { readonly kind: K; readonly remove: string } }[StoredKind];

/** What a mirror keeps, in memory. What it holds is never changed in place. */
export class Records {
  readonly todos = new Map<string, HeldTodo>();
  readonly writes = new Map<string, QueuedWrite>();
  readonly conflicts = new Map<string, Conflict>();
  readonly rejected = new Map<string, RejectedWrite>();
  readonly aliases = new Map<string, Alias>();
  readonly positions = new Map<string, Position>();

  apply(changes: readonly StoreChange[]): void {
    for (const change of changes) {
      const records: Map<string, unknown> = this[change.kind];
      if ('put' in change) {
        records.set(change.put.id, change.put);
      } else {
        records.delete(change.remove);
      }
    }
  }

  /** The writes that wait, in order. */
  get queue(): QueuedWrite[] {
    return [...this.writes.values()].sort((left, right) => left.order - right.order || (left.id < right.id ? -1 : 1));
  }

  /** The service's id of a todo; the one it is shown by while its creation waits. */
  todoId(shownId: string): string {
    return this.aliases.get(shownId)?.todoId ?? shownId;
  }

  /** The last write of a todo that waits. */
  lastWriteOf(id: string): QueuedWrite | undefined {
    return this.queue.findLast(({ operations }) => operations.some((operation) => this.todoId(operation.id) === id));
  }

  /** Removes a todo, and the names it had. */
  *withoutTodo(id: string): Generator<StoreChange> {
    yield { kind: 'todos', remove: id };
    for (const alias of this.aliases.values()) {
      if (alias.todoId === id) {
        yield { kind: 'aliases', remove: alias.id };
      }
    }
  }
}
