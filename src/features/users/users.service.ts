import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { decodeIdCursor, encodeCursor } from '../../common/cursor.js';
import { DuetError, ValidationError } from '../../common/errors.js';
import type { VersionCondition } from '../../common/etag.js';
import { newId } from '../../common/ids.js';
import { OutboxWorker } from '../outbox/outbox-worker.js';
import { Log } from '../../platform/observability/log.js';
import type { LimitedClient } from '../../platform/rate-limits/quota.js';
import { RateLimiter } from '../../platform/rate-limits/rate-limiter.js';
import { isGuessable, needsRehash, Passwords } from './passwords.js';
import { type Account, accountName, type User } from './user.js';
import { UsersRepository } from './users.repository.js';
import type { Registration, UserList, UserListQuery, UserPatch } from './users.schemas.js';

/** People: registration, profile, password and role. */
@Injectable()
export class UsersService {
  constructor(
    private readonly users: UsersRepository,
    private readonly passwords: Passwords,
    private readonly limiter: RateLimiter,
    private readonly outbox: OutboxWorker,
    private readonly log: Log,
  ) {}

  /** @throws ValidationError for a password anyone would guess; RateLimitedError; DuetError `user.email_taken`. */
  async register({ email, name, password, timeZone }: Registration, client: LimitedClient): Promise<User> {
    assertHardToGuess(password, { email, name });
    await this.limiter.countRegistration(client);
    const { id, createdAt } = newId();
    const user: User = { id, email, name, timeZone, role: 'user', createdAt, updatedAt: createdAt, version: 1 };
    await this.users.register(user, await this.passwords.hash(password));
    this.outbox.kick();
    return user;
  }

  /** @throws DuetError `user.not_found` */
  async getUser(id: string): Promise<User> {
    return (await this.findProfile(id)) ?? absent();
  }

  /** A user's profile, or null when there is none (any more). */
  async findProfile(id: string): Promise<User | null> {
    return this.users.find(id);
  }

  /** A user with their password's version, or null when there is none (any more). */
  async findAccount(id: string): Promise<Pick<Account, 'user' | 'passwordVersion'> | null> {
    return this.users.findAccount(id);
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
    const account = (await this.users.findAccount(id)) ?? absent();
    condition?.assertHolds(account.user.version);
    const { password, currentPassword, ...profile } = patch;
    const guarded = password !== undefined || (profile.email !== undefined && profile.email !== account.user.email);
    if (password !== undefined) {
      assertHardToGuess(password, { email: profile.email ?? account.user.email, name: profile.name ?? account.user.name });
    }
    if (guarded) {
      await this.assertPassword(account, currentPassword, client);
    }
    const passwordHash = password === undefined ? undefined : await this.passwords.hash(password);
    // An e-mail that was the present one needs no proof, and changes nothing, even if another request changes it meanwhile.
    const changes = { ...profile, email: guarded ? profile.email : undefined, passwordHash };
    const user = await this.users.change(id, (present) => {
      condition?.assertHolds(present.user.version);
      // What was proven above was another password, if it changed meanwhile.
      if (guarded && present.passwordVersion !== account.passwordVersion) {
        throw new DuetError('user.wrong_password');
      }
      return Object.values(changes).some((value) => value !== undefined) ? changes : null;
    });
    this.outbox.kick();
    return user ?? absent();
  }

  /**
   * Deletes a user. What they have elsewhere is erased by the outbox's worker, which the same transaction tells: normally before
   * this returns, after a second at most it is waited for no longer.
   *
   * @throws DuetError `user.not_found`, `version.stale`.
   */
  async remove(id: string, condition: VersionCondition | undefined): Promise<void> {
    if (!(await this.users.remove(id, ({ version }) => condition?.assertHolds(version)))) {
      absent();
    }
    await this.outbox.settleDeletion(id);
  }

  /**
   * The account whose e-mail and password these are, or null; in the same time for an unknown e-mail. Failures are counted
   * against account and address. A hash made at an older cost is renewed.
   *
   * @throws RateLimitedError after too many failures.
   */
  async authenticate(email: string, password: string, client: LimitedClient): Promise<Pick<Account, 'user' | 'passwordVersion'> | null> {
    return this.limiter.countFailures(accountName(email), client, async () => {
      const account = await this.users.findAccountByEmail(email);
      const holds = await this.passwords.verify(account?.passwordHash, password);
      if (account === null || !holds) {
        return { failed: true, result: null };
      }
      await this.renewHash(account, password);
      return { failed: false, result: account };
    });
  }

  private async assertPassword({ user, passwordHash }: Account, currentPassword: string | undefined, client: LimitedClient): Promise<void> {
    if (currentPassword === undefined) {
      throw new ValidationError([{ pointer: '/currentPassword', detail: 'is required for a new password or e-mail' }]);
    }
    const holds = await this.limiter.countFailures(accountName(user.email), client, async () => {
      const result = await this.passwords.verify(passwordHash, currentPassword);
      return { failed: !result, result };
    });
    if (!holds) {
      throw new DuetError('user.wrong_password');
    }
  }

  // Signing in does not depend on it: the next sign-in tries again.
  private async renewHash({ user, passwordHash }: Account, password: string): Promise<void> {
    if (!needsRehash(passwordHash)) {
      return;
    }
    try {
      await this.users.replaceHash(user.id, passwordHash, await this.passwords.hash(password));
    } catch (error) {
      this.log.warn('a password hash could not be renewed', { error: error as Error });
    }
  }
}

function assertHardToGuess(password: string, of: Pick<User, 'email' | 'name'>): void {
  if (isGuessable(password, of)) {
    throw new ValidationError([{ pointer: '/password', detail: 'must be neither the e-mail nor the name' }]);
  }
}

function absent(): never {
  throw new DuetError('user.not_found');
}
