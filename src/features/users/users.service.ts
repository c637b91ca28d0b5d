import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/http/caller.js';
import { decodeIdCursor, encodeCursor } from '../../common/resources/cursor.js';
import { DuetError, RateLimitedError, ValidationError } from '../../common/errors/errors.js';
import type { VersionCondition } from '../../common/resources/etag.js';
import { newId } from '../../common/ids.js';
import { OutboxService } from '../outbox/outbox.service.js';
import { AppConfig } from '../../config/config.module.js';
import { Audit, type AuditEntry } from '../../platform/observability/audit.js';
import { Log } from '../../platform/observability/log.js';
import type { LimitedClient } from '../../platform/rate-limits/client.js';
import { AttemptLimits } from '../credentials/attempt-limits.js';
import { findWeakness, type PasswordOwner } from '../credentials/password-rules.js';
import { needsRehash, type PasswordHasher, Passwords } from '../credentials/passwords.js';
import { normalizedEmail, type User, type UserChanges, type UserCredentials } from './user.js';
import { UsersRepository } from './users.repository.js';
import type { Registration, UserList, UserListQuery, UserPatch } from './users.schemas.js';

/** How long after the password was given it need not be given again for what cannot be undone, in seconds. */
const reauthenticationSeconds = 10 * 60;

/** People: registration, profile, password and role. */
@Injectable()
export class UsersService {
  constructor(
    private readonly users: UsersRepository,
    private readonly passwords: Passwords,
    private readonly limits: AttemptLimits,
    private readonly outbox: OutboxService,
    private readonly audit: Audit,
    private readonly log: Log,
    private readonly config: AppConfig,
  ) {}

  /** @throws ValidationError for a password anyone would guess; RateLimitedError; DuetError `user.email_taken`. */
  async register({ email, name, password, timeZone }: Registration, client: LimitedClient): Promise<User> {
    await assertHardToGuess(password, { email, name });
    const { id, createdAt } = newId();
    return this.audit.follow(['user.registered'], { actor: 'anonymous', subject: id }, async () => {
      await this.limits.registration(client);
      const user: User = { id, email, emailVerified: false, name, timeZone, role: 'user', createdAt, updatedAt: createdAt, version: 1 };
      const passwordHash = await this.passwords.inTurn(normalizedEmail(email), async ({ hash }) => hash(password));
      await this.users.register(user, passwordHash, [{ kind: 'mail.verification' }]);
      this.outbox.notify();
      return user;
    });
  }

  /** @throws DuetError `user.not_found` */
  async getUser(id: string): Promise<User> {
    return (await this.findProfile(id)) ?? notFound();
  }

  /** A user's profile, or null when there is none (any more). */
  async findProfile(id: string): Promise<User | null> {
    return this.users.find(id);
  }

  /** A user with their password's version, or null when there is none (any more). */
  async findCredentials(id: string): Promise<Pick<UserCredentials, 'user' | 'passwordVersion'> | null> {
    return this.users.findCredentials(id);
  }

  /** All users in the order they registered, a page at a time; the cursor is bound to the caller. */
  async list(caller: Caller, { limit, cursor }: UserListQuery): Promise<UserList> {
    const binding = ['users', caller.userId];
    const after = cursor === undefined ? null : decodeIdCursor(cursor, binding);
    const found = await this.users.listAfter(after, limit + 1);
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return { items, nextCursor: found.length > limit && last !== undefined ? encodeCursor(last.id, binding) : null };
  }

  /**
   * Changes what the patch names; a new password or e-mail only against the present password.
   *
   * @throws DuetError `user.not_found`, `version.stale`, `user.wrong_password`, `user.email_taken`; ValidationError; RateLimitedError.
   */
  async update(id: string, patch: UserPatch, condition: VersionCondition | undefined, client: LimitedClient): Promise<User> {
    const known = (await this.users.findCredentials(id)) ?? notFound();
    condition?.assertHolds(known.user.version);
    const { password, currentPassword, ...profile } = patch;
    const movesEmail = profile.email !== undefined && profile.email !== known.user.email;
    const guarded = password !== undefined || movesEmail;
    if (password !== undefined) {
      await assertHardToGuess(password, { email: profile.email ?? known.user.email, name: profile.name ?? known.user.name });
    }
    const acts = [...(password === undefined ? [] : ['user.password_changed' as const]), ...(movesEmail ? ['user.email_changed' as const] : [])];
    return this.audit.follow(acts, { actor: id, subject: id }, async () => {
      const passwordHash = guarded ? await this.provePassword(known, currentPassword, password, client) : undefined;
      if (movesEmail) {
        await this.limits.emailChange(id, client);
      }
      // An e-mail that was the present one needs no proof, and changes nothing, even if another request changes it meanwhile.
      const changes: UserChanges = { ...profile, email: guarded ? profile.email : undefined, passwordHash };
      const user = await this.users.change(id, (present) => {
        condition?.assertHolds(present.user.version);
        // What was proven above was another password, if it changed meanwhile.
        if (guarded && present.passwordVersion !== known.passwordVersion) {
          throw new DuetError('user.wrong_password');
        }
        return Object.values(changes).some((value) => value !== undefined) ? { ...changes, ...consequencesOf(changes, present.user) } : null;
      });
      this.outbox.notify();
      return user ?? notFound();
    });
  }

  /**
   * Deletes a user. What they have elsewhere is erased by way of an outbox row of the same transaction: normally before
   * this returns, after a second at most it is waited for no longer.
   *
   * @throws DuetError `auth.reauthentication_required`, `user.not_found`, `version.stale`.
   */
  async remove(id: string, { authenticatedAt }: Caller, condition: VersionCondition | undefined): Promise<void> {
    await this.audit.follow(['user.deleted'], { actor: id, subject: id }, async () => {
      if (Date.now() / 1000 - authenticatedAt > reauthenticationSeconds) {
        throw new DuetError('auth.reauthentication_required');
      }
      if (!(await this.users.remove(id, ({ version }) => condition?.assertHolds(version)))) {
        notFound();
      }
    });
    await this.outbox.eraseNow(id);
  }

  /**
   * The user whose e-mail and password these are, or null; in the same time for an unknown e-mail. Failures are counted against account and address, successes
   * against the account. A hash made at an older cost is renewed.
   *
   * @throws RateLimitedError after too many of either, or when too much is waiting; DuetError `auth.email_unverified`.
   */
  async authenticate(email: string, password: string, client: LimitedClient): Promise<Pick<UserCredentials, 'user' | 'passwordVersion'> | null> {
    const account = normalizedEmail(email);
    let subject = 'unknown';
    const record = (outcome: AuditEntry['outcome']): void =>
      this.audit.record('auth.sign_in', { actor: outcome === 'ok' ? subject : 'anonymous', subject, outcome });
    const attempt = this.passwords.inTurn(account, async (hasher) =>
      this.limits.signIn(account, client, async () => {
        const found = await this.users.findCredentialsByEmail(email);
        subject = found?.user.id ?? subject;
        const holds = await hasher.verify(found?.passwordHash, password);
        if (found === null || !holds) {
          return { failed: true, result: null };
        }
        await this.renewHash(found, password, hasher);
        return { failed: false, result: found };
      }),
    );
    try {
      const found = await attempt;
      if (this.config.mail.requireVerified && found?.user.emailVerified === false) {
        throw new DuetError('auth.email_unverified');
      }
      record(found === null ? 'failed' : 'ok');
      return found;
    } catch (error) {
      if (error instanceof RateLimitedError) record('limited');
      if (error instanceof DuetError && error.code === 'auth.email_unverified') record('failed');
      throw error;
    }
  }

  /** Checks the present password, and gives the hash of the new one if there is one. */
  private async provePassword(
    { user, passwordHash }: UserCredentials,
    currentPassword: string | undefined,
    newPassword: string | undefined,
    client: LimitedClient,
  ): Promise<string | undefined> {
    if (currentPassword === undefined) {
      throw new ValidationError([{ pointer: '/currentPassword', detail: 'is required for a new password or e-mail' }]);
    }
    const account = normalizedEmail(user.email);
    return this.passwords.inTurn(account, async ({ hash, verify }) => {
      const holds = await this.limits.confirmation(account, client, async () => {
        const result = await verify(passwordHash, currentPassword);
        return { failed: !result, result };
      });
      if (!holds) {
        throw new DuetError('user.wrong_password');
      }
      if (newPassword?.normalize('NFC') === currentPassword.normalize('NFC')) {
        throw new ValidationError([{ pointer: '/password', detail: 'must not be the present password' }]);
      }
      return newPassword === undefined ? undefined : hash(newPassword);
    });
  }

  // Signing in does not depend on it: the next sign-in tries again.
  private async renewHash({ user, passwordHash }: UserCredentials, password: string, { hash }: PasswordHasher): Promise<void> {
    if (!needsRehash(passwordHash)) {
      return;
    }
    try {
      await this.users.replaceHash(user.id, passwordHash, await hash(password));
    } catch (error) {
      this.log.warn('a password hash could not be renewed', { error: error as Error });
    }
  }
}

/** What a new e-mail or password entails: a new e-mail is not verified, and the old address gets a notice; a link that was sent to reset the password has no more use. */
function consequencesOf({ email, passwordHash }: UserChanges, present: User): UserChanges {
  const movesEmail = email !== undefined && email !== present.email;
  return {
    ...(movesEmail && { emailVerified: false }),
    endsLinks: [...(movesEmail ? ['verification' as const] : []), ...(movesEmail || passwordHash !== undefined ? ['reset' as const] : [])],
    mails: [
      ...(movesEmail ? [{ kind: 'mail.verification' as const }, { kind: 'mail.email_changed' as const, payload: { to: present.email } }] : []),
      ...(passwordHash === undefined ? [] : [{ kind: 'mail.password_changed' as const, payload: { to: present.email } }]),
    ],
  };
}

/** @throws ValidationError for a password anyone would guess. */
export async function assertHardToGuess(password: string, owner: PasswordOwner): Promise<void> {
  const weakness = await findWeakness(password, owner);
  if (weakness !== undefined) {
    throw new ValidationError([{ pointer: '/password', detail: weakness }]);
  }
}

function notFound(): never {
  throw new DuetError('user.not_found');
}
