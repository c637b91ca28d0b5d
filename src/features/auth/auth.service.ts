import { Injectable } from '@nestjs/common';
import { DuetError } from '../../common/errors/errors.js';
import { newId } from '../../common/ids.js';
import type { LimitedClient } from '../../platform/rate-limits/client.js';
import { Audit } from '../../platform/observability/audit.js';
import { ServiceSecret } from '../../platform/secrets/service-secret.js';
import type { User } from '../users/user.js';
import { UsersService } from '../users/users.service.js';
import { AccessTokens, accessTokenSeconds } from './access-tokens.js';
import type { Credentials, RefreshRequest, Tokens } from './auth.schemas.js';
import { type Family, familyLifetimeMs, judge, maxFamilies, RefreshToken } from './refresh-token.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';

/** Sign-in, refresh and sign-out. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokensRepository,
    private readonly secret: ServiceSecret,
    private readonly audit: Audit,
  ) {}

  /** @throws DuetError `auth.invalid_credentials`; RateLimitedError. */
  async login({ email, password }: Credentials, client: LimitedClient, userAgent: string | null): Promise<Tokens> {
    const account = await this.users.authenticate(email, password, client);
    if (account === null) {
      throw new DuetError('auth.invalid_credentials');
    }
    const { user, passwordVersion } = account;
    const token = RefreshToken.first();
    const { id } = newId();
    const createdAt = new Date();
    const family = { id, userId: user.id, passwordVersion, createdAt, expiresAt: new Date(createdAt.getTime() + familyLifetimeMs), userAgent };
    const ended = await this.refreshTokens.start(token, family, maxFamilies);
    if (ended === null) {
      throw new DuetError('auth.invalid_credentials');
    }
    if (ended > 0) {
      this.audit.record('session.ended', { actor: user.id, subject: user.id, outcome: 'ok' });
    }
    return this.tokens(user, token, family);
  }

  /**
   * Exchanges a refresh token for the next pair. The user is read afresh, so that role, time zone and deletion count from here on.
   *
   * @throws DuetError `auth.invalid_refresh_token`; a token that was spent before ends its family then.
   */
  async refresh({ refreshToken }: RefreshRequest): Promise<Tokens> {
    const token = RefreshToken.parse(refreshToken) ?? refuse();
    const family = (await this.refreshTokens.findFamily(token)) ?? refuse();
    const account = (await this.users.findCredentials(family.userId)) ?? refuse();
    // A new password has ended every family that was begun with an older one.
    const current = family.passwordVersion === account.passwordVersion;
    const successor = token.successor(await this.secret.keyFor('refresh-tokens'));
    const verdict = await this.refreshTokens.present(token, successor, (present) => (current ? judge(present, token, new Date()) : 'end'));
    if (verdict === 'end') {
      if (current && new Date() < family.expiresAt) {
        // Two have had the same token: one of them has stolen it, and which one cannot be known.
        this.audit.record('auth.refresh_reused', { actor: 'anonymous', subject: family.userId, outcome: 'failed' });
      }
      refuse();
    }
    return this.tokens(account.user, successor, family);
  }

  /** Ends a session; a token that is unknown or ended already is no error. */
  async logout({ refreshToken }: RefreshRequest): Promise<void> {
    const token = RefreshToken.parse(refreshToken);
    const userId = token === null ? null : await this.refreshTokens.end(token);
    if (userId !== null) {
      this.audit.record('session.ended', { actor: userId, subject: userId, outcome: 'ok' });
    }
  }

  private async tokens(user: User, refreshToken: RefreshToken, family: Pick<Family, 'id' | 'createdAt'>): Promise<Tokens> {
    return {
      accessToken: await this.accessTokens.issue(user, family),
      tokenType: 'Bearer',
      expiresIn: accessTokenSeconds,
      refreshToken: refreshToken.toString(),
      user,
    };
  }
}

function refuse(): never {
  throw new DuetError('auth.invalid_refresh_token');
}
