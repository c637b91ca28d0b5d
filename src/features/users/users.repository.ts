import type { LinkPurpose, LinkToken } from '../links/link-token.js';
import type { FollowedLink } from '../links/link-tokens.js';
import type { MailRequest } from '../outbox/outbox.js';
import type { User, UserChanges, UserCredentials } from './user.js';

/** A link that is about to be sent. */
export interface IssuedLink {
  readonly purpose: LinkPurpose;
  readonly mailId: string;
  readonly token: LinkToken;
  readonly expiresAt: Date;
}

/** Where users are kept. Every change appends its event to the outbox, in the same transaction. */
export abstract class UsersRepository {
  /** @throws DuetError `user.email_taken` when another account has the e-mail, in whatever case. */
  abstract register(user: User, passwordHash: string, mails: readonly MailRequest[]): Promise<void>;

  abstract find(id: string): Promise<User | null>;

  abstract findCredentials(id: string): Promise<UserCredentials | null>;

  /** By e-mail, in whatever case. */
  abstract findCredentialsByEmail(email: string): Promise<UserCredentials | null>;

  /** Users in the order they registered, from behind `afterId`. */
  abstract listAfter(afterId: string | null, limit: number): Promise<User[]>;

  /**
   * Changes a user as `decide` says of its present state, locked meanwhile; null changes nothing.
   * Gives back the user afterwards, or null when there is none. What `decide` throws undoes everything.
   *
   * With a link, that is used up by it, also when nothing changes.
   *
   * @throws DuetError `user.email_taken` when another account has the new e-mail; `token.invalid` when the link does not hold.
   */
  abstract change(id: string, decide: (present: UserCredentials) => UserChanges | null, link?: FollowedLink): Promise<User | null>;

  /** Asks for a mail to a user; an id of no user costs as much, and nothing is sent. */
  abstract requestMail(id: string, mail: MailRequest): Promise<void>;

  /** Keeps the token of a link in a mail to a user, unless `isNeeded` says no. Gives the user that the link is for, or null when there is none or it is not needed. */
  abstract issueLink(id: string, link: IssuedLink, isNeeded: (present: User) => boolean): Promise<User | null>;

  /** Deletes a user, and with them their sessions, unless `check` throws. False when there is none. */
  abstract remove(id: string, check: (present: User) => void): Promise<boolean>;

  /** Stores the same password's hash at another cost, unless the password has changed since. */
  abstract replaceHash(id: string, present: string, next: string): Promise<void>;
}
