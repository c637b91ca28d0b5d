import type { Transaction } from '../../platform/postgres/transaction.js';
import type { DeletedUserData, UserData } from '../events/catalogue/user-data.js';

/** The kinds of change in the outbox whose events are published. */
export type EventKind = 'user.registered' | 'user.updated' | 'user.deleted';

/** What a mail is about: a link that verifies the e-mail, one that resets the password, or a notice. */
export type MailKind = 'mail.verification' | 'mail.reset' | 'mail.email_changed' | 'mail.password_changed';

/** Whether a row is of a mail, and not of an event. */
export const isMail = (kind: string): boolean => kind.startsWith('mail.');

/** A mail that is to be written: why, and for a notice to which address. Never the token of its link, which is made when it is written. */
export type MailRequest =
  | { readonly kind: 'mail.verification' | 'mail.reset' }
  | { readonly kind: 'mail.email_changed' | 'mail.password_changed'; readonly payload: { readonly to: string } };

/** A change to publish: of which user, and the user after it; of a deleted one only id and version. Or a mail to that user. */
export type OutboxEntry = { readonly userId: string; readonly occurredAt: string } & (
  | { readonly kind: 'user.registered' | 'user.updated'; readonly payload: UserData }
  | { readonly kind: 'user.deleted'; readonly payload: DeletedUserData }
  | MailRequest
);

/** Where a feature writes its changes, in the transaction that makes them: both are committed, or neither. */
export abstract class OutboxWriter {
  /** Appends an entry, unless it is a mail and there is no way to send one; the entries of one user keep the order in which their transactions took the user's row. */
  abstract append(transaction: Transaction, entry: OutboxEntry): Promise<void>;
}
