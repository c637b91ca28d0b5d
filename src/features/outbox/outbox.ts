import type { Transaction } from '../../platform/postgres/postgres.js';

/** The kinds of change the outbox tells of. */
export type OutboxKind = 'user.registered' | 'user.updated' | 'user.deleted';

/** A change to tell of: who it happened to, and the resource after it (before it, for a deletion). Never credentials. */
export interface OutboxEntry {
  readonly kind: OutboxKind;
  readonly userId: string;
  readonly occurredAt: string;
  readonly payload: object;
}

/** Where a feature leaves word of its changes, in the transaction that makes them: both are committed, or neither. */
export abstract class OutboxWriter {
  /** Appends an entry; the entries of one user keep the order in which their transactions took the user's row. */
  abstract append(transaction: Transaction, entry: OutboxEntry): Promise<void>;
}
