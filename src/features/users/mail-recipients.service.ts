import { Injectable } from '@nestjs/common';
import { linkLifetimeMs, type LinkPurpose, LinkToken } from '../links/link-token.js';
import type { User } from './user.js';
import { UsersRepository } from './users.repository.js';

/** A link to a user, and whom it is for. */
export interface RecipientLink {
  readonly user: User;
  readonly token: LinkToken;
}

/** Whom mails are written to, for what writes them. */
@Injectable()
export class MailRecipients {
  constructor(private readonly users: UsersRepository) {}

  /** The user as they are now, or null when there is none (any more). */
  async find(userId: string): Promise<User | null> {
    return this.users.find(userId);
  }

  /** Makes the token of a mail; null when the user is gone, or has verified the e-mail that it was to verify. */
  async issueLink(userId: string, purpose: LinkPurpose, mailId: string): Promise<RecipientLink | null> {
    const token = LinkToken.random();
    const expiresAt = new Date(Date.now() + linkLifetimeMs[purpose]);
    const user = await this.users.issueLink(userId, { purpose, mailId, token, expiresAt }, ({ emailVerified }) => purpose === 'reset' || !emailVerified);
    return user && { user, token };
  }
}
