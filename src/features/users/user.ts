/** What a user may do: `admin` may read everyone's, and is granted by an operator only. */
export type Role = 'user' | 'admin';

/** A person, as the service tells of them: never the credentials. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  /** An IANA name. */
  readonly timeZone: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly version: number;
}

/** A user with what proves who they are. */
export interface Account {
  readonly user: User;
  readonly passwordHash: string;
  /** Grows with every new password, so that what was given out under an older one can be told apart. */
  readonly passwordVersion: number;
}

/** What changes in an account; a new hash is a new password. */
export interface AccountChanges {
  readonly email?: string;
  readonly name?: string;
  readonly timeZone?: string;
  readonly role?: Role;
  readonly passwordHash?: string;
}

/** The form of an e-mail address by which accounts are told apart: addresses that differ only in case are one. */
export function accountName(email: string): string {
  return email.toLowerCase();
}
