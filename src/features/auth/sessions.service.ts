import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/http/caller.js';
import { DuetError } from '../../common/errors/errors.js';
import { Audit } from '../../platform/observability/audit.js';
import { UsersService } from '../users/users.service.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';
import type { Session } from './session.js';

/** Where a user is signed in, and how that is ended from elsewhere. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly users: UsersService,
    private readonly refreshTokens: RefreshTokensRepository,
    private readonly audit: Audit,
  ) {}

  /** The sessions that can still be refreshed, latest use first. @throws DuetError `user.not_found` */
  async list({ userId, sessionId }: Caller): Promise<Session[]> {
    const account = await this.users.findCredentials(userId);
    if (account === null) {
      throw new DuetError('user.not_found');
    }
    const families = await this.refreshTokens.findLive(userId, account.passwordVersion, new Date());
    return families.map(({ id, createdAt, spentAt, userAgent }) => ({
      id,
      createdAt: createdAt.toISOString(),
      lastUsedAt: (spentAt ?? createdAt).toISOString(),
      userAgent,
      current: id === sessionId,
    }));
  }

  /** Ends one session; its access token runs out by itself. @throws DuetError `session.not_found` */
  async end({ userId }: Caller, sessionId: string): Promise<void> {
    if ((await this.refreshTokens.endSessions(userId, sessionId)) === 0) {
      throw new DuetError('session.not_found');
    }
    this.audit.record('session.ended', { actor: userId, subject: userId, outcome: 'ok' });
  }

  /** Ends every session, the caller's own as well; none is no error. */
  async endAll({ userId }: Caller): Promise<void> {
    if ((await this.refreshTokens.endSessions(userId)) > 0) {
      this.audit.record('session.ended', { actor: userId, subject: userId, outcome: 'ok' });
    }
  }
}
