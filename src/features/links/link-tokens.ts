import type { Transaction } from '../../platform/postgres/transaction.js';
import type { LinkPurpose, LinkToken } from './link-token.js';

/** A token as it is kept. */
export interface NewLinkToken {
  readonly userId: string;
  readonly purpose: LinkPurpose;
  /** The mail that carries it. */
  readonly mailId: string;
  readonly token: LinkToken;
  readonly expiresAt: Date;
}

/** A link that was followed. */
export interface FollowedLink {
  readonly purpose: LinkPurpose;
  readonly token: LinkToken;
}

/** Where tokens of links are kept, as hashes. What writes is part of a transaction that has locked the user. */
export abstract class LinkTokens {
  /**
   * Keeps a token, and ends those of the same purpose that earlier mails carried. Those of the same mail go on: it is sent once more when an answer was lost,
   * and either copy may be the one that is read.
   */
  abstract issue(transaction: Transaction, token: NewLinkToken): Promise<void>;

  /** Uses a user's token, and ends the others of its purpose; false when it is unknown, used or expired. */
  abstract redeem(transaction: Transaction, userId: string, link: FollowedLink): Promise<boolean>;

  /** Ends a user's tokens of these purposes. */
  abstract end(transaction: Transaction, userId: string, purposes: readonly LinkPurpose[]): Promise<void>;

  /** Whose a token is; null when it is unknown, used or expired. */
  abstract findOwner(link: FollowedLink): Promise<string | null>;
}
