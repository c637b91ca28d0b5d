import type { LinkPurpose } from '../links/link-token.js';
import type { MailRequest } from '../outbox/outbox.js';

/** What a user may do: `admin` may read everyone's, and is granted by an operator only. */
export type Role = 'user' | 'admin';

/** A user as published: never the credentials. */
export interface User {
  readonly id: string;
  readonly email: string;
  /** Whether a link was followed that was sent there. */
  readonly emailVerified: boolean;
  readonly name: string;
  /** An IANA name. */
  readonly timeZone: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly version: number;
}

/** A user with the credentials that prove who they are: never published. */
export interface UserCredentials {
  readonly user: User;
  readonly passwordHash: string;
  /** Grows with every new password, and with a role that is taken away, so that what was given out under an older one is recognised. */
  readonly passwordVersion: number;
}

/** What changes in a user; a new hash is a new password. */
export interface UserChanges {
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
  readonly timeZone?: string;
  readonly role?: Role;
  readonly passwordHash?: string;
  /** Ends every session, as a new password does. */
  readonly endsSessions?: boolean;
  /** Links that were sent and hold no longer. */
  readonly endsLinks?: readonly LinkPurpose[];
  /** Mails that tell of it. */
  readonly mails?: readonly MailRequest[];
}

/** The form in which e-mail addresses are compared: those that differ only in case are one. */
export function normalizedEmail(email: string): string {
  return email.toLowerCase();
}
