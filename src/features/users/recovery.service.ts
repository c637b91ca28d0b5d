import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/http/caller.js';
import { DuetError, ValidationError } from '../../common/errors/errors.js';
import { newId } from '../../common/ids.js';
import { AppConfig } from '../../config/config.module.js';
import { Audit } from '../../platform/observability/audit.js';
import type { LimitedClient } from '../../platform/rate-limits/client.js';
import { AttemptLimits } from '../credentials/attempt-limits.js';
import { Passwords } from '../credentials/passwords.js';
import { type LinkPurpose, LinkToken } from '../links/link-token.js';
import { type FollowedLink, LinkTokens } from '../links/link-tokens.js';
import { OutboxService } from '../outbox/outbox.service.js';
import type { EmailVerification, ForgottenPassword, PasswordReset } from './recovery.schemas.js';
import { normalizedEmail, type UserChanges, type UserCredentials } from './user.js';
import { UsersRepository } from './users.repository.js';
import { assertHardToGuess } from './users.service.js';

/** What a user can do who has nothing but their e-mail. */
@Injectable()
export class RecoveryService {
  constructor(
    private readonly users: UsersRepository,
    private readonly links: LinkTokens,
    private readonly passwords: Passwords,
    private readonly limits: AttemptLimits,
    private readonly outbox: OutboxService,
    private readonly audit: Audit,
    private readonly config: AppConfig,
  ) {}

  /**
   * Asks for a link that resets the password. All that depends on whether there is such an account is done later, by what writes the mail: here an unknown
   * e-mail costs the same statements, in the same order.
   *
   * @throws DuetError `mail.unavailable`
   */
  async forgot({ email }: ForgottenPassword, client: LimitedClient): Promise<void> {
    this.assertMailIsSetUp();
    const allowed = await this.limits.allowsMail('forgot', ['account', normalizedEmail(email)], client);
    const found = await this.users.findCredentialsByEmail(email);
    if (allowed) {
      await this.users.requestMail(found?.user.id ?? newId().id, { kind: 'mail.reset' });
      this.outbox.notify();
    }
    this.audit.record('auth.reset_requested', { actor: 'anonymous', subject: found?.user.id ?? 'unknown', outcome: allowed ? 'ok' : 'limited' });
  }

  /** Asks for the link again that verifies the e-mail. @throws DuetError `user.not_found`, `mail.unavailable` */
  async requestVerification({ userId }: Caller, client: LimitedClient): Promise<void> {
    this.assertMailIsSetUp();
    if ((await this.users.find(userId)) === null) {
      throw new DuetError('user.not_found');
    }
    if (await this.limits.allowsMail('verification', ['user', userId], client)) {
      await this.users.requestMail(userId, { kind: 'mail.verification' });
      this.outbox.notify();
    }
  }

  /**
   * Sets a new password. Who has the link reads the mails of that address: so the e-mail is verified, and what others may have signed in to ends.
   *
   * @throws DuetError `token.invalid`; ValidationError, which leaves the link as it is; RateLimitedError.
   */
  async reset({ token, password }: PasswordReset): Promise<void> {
    const { userId, link } = await this.follow('reset', token);
    const { user, passwordHash: present } = (await this.users.findCredentials(userId)) ?? invalid();
    await assertHardToGuess(password, user);
    await this.audit.follow(['user.password_changed', 'session.ended'], { actor: userId, subject: userId }, async () => {
      const passwordHash = await this.passwords.inTurn(normalizedEmail(user.email), async ({ hash, verify }) => {
        if (await verify(present, password)) {
          throw new ValidationError([{ pointer: '/password', detail: 'must not be the present password' }]);
        }
        return hash(password);
      });
      const notice = { kind: 'mail.password_changed', payload: { to: user.email } } as const;
      await this.change(userId, () => ({ passwordHash, emailVerified: true, mails: [notice] }), link);
    });
  }

  /** @throws DuetError `token.invalid` */
  async verify({ token }: EmailVerification): Promise<void> {
    const { userId, link } = await this.follow('verification', token);
    await this.audit.follow(['user.email_verified'], { actor: userId, subject: userId }, async () =>
      this.change(userId, ({ user }) => (user.emailVerified ? null : { emailVerified: true }), link),
    );
  }

  private async change(userId: string, decide: (present: UserCredentials) => UserChanges | null, link: FollowedLink): Promise<void> {
    if ((await this.users.change(userId, decide, link)) === null) {
      invalid();
    }
    this.outbox.notify();
  }

  /** Whose link it is; it is used up by the change that it is for. */
  private async follow(purpose: LinkPurpose, text: string): Promise<{ readonly userId: string; readonly link: FollowedLink }> {
    const link = { purpose, token: LinkToken.parse(text) ?? invalid() };
    return { userId: (await this.links.findOwner(link)) ?? invalid(), link };
  }

  private assertMailIsSetUp(): void {
    if (this.config.mail.route.kind === 'none') {
      throw new DuetError('mail.unavailable');
    }
  }
}

function invalid(): never {
  throw new DuetError('token.invalid');
}
