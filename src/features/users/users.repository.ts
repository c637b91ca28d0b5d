import type { User, UserChanges, UserCredentials } from './user.js';

/** Where users are kept. Every change appends its event to the outbox, in the same transaction. */
export abstract class UsersRepository {
  /** @throws DuetError `user.email_taken` when another account has the e-mail, in whatever case. */
  abstract register(user: User, passwordHash: string): Promise<void>;

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
   * @throws DuetError `user.email_taken` when another account has the new e-mail.
   */
  abstract change(id: string, decide: (present: UserCredentials) => UserChanges | null): Promise<User | null>;

  /** Deletes a user, and with them their sessions, unless `check` throws. False when there is none. */
  abstract remove(id: string, check: (present: User) => void): Promise<boolean>;

  /** Stores the same password's hash at another cost, unless the password has changed since. */
  abstract replaceHash(id: string, present: string, next: string): Promise<void>;
}
