import type { Transaction } from '../../platform/postgres/transaction.js';
import type { DeletedUserData, UserData } from '../events/catalogue/user-data.js';

/** The kinds of change in the outbox. */
export type OutboxKind = 'user.registered' | 'user.updated' | 'user.deleted';

/** A change to publish: of which user, and the user after it; of a deleted one only id and version. */
export type OutboxEntry = { readonly userId: string; readonly occurredAt: string } & (
  { readonly kind: 'user.registered' | 'user.updated'; readonly payload: UserData } | { readonly kind: 'user.deleted'; readonly payload: DeletedUserData }
);

/** Where a feature writes its changes, in the transaction that makes them: both are committed, or neither. */
export abstract class OutboxWriter {
  /** Appends an entry; the entries of one user keep the order in which their transactions took the user's row. */
  abstract append(transaction: Transaction, entry: OutboxEntry): Promise<void>;
}
