import { Injectable } from '@nestjs/common';
import { DuetError } from '../../../common/errors/errors.js';
import { brokenUniqueConstraint } from '../../../platform/postgres/errors.js';
import { Postgres } from '../../../platform/postgres/postgres.js';
import type { Transaction } from '../../../platform/postgres/transaction.js';
import { type FollowedLink, LinkTokens } from '../../links/link-tokens.js';
import { type MailRequest, OutboxWriter } from '../../outbox/outbox.js';
import { normalizedEmail, type User, type UserChanges, type UserCredentials } from '../user.js';
import { type IssuedLink, UsersRepository } from '../users.repository.js';
import { type PublicUserRow, userColumns, type UserRow } from './user-row.js';

/** {@link UsersRepository} over the `users` table. */
@Injectable()
export class PostgresUsersRepository extends UsersRepository {
  constructor(
    private readonly postgres: Postgres,
    private readonly outbox: OutboxWriter,
    private readonly links: LinkTokens,
  ) {
    super();
  }

  override async register(user: User, passwordHash: string, mails: readonly MailRequest[]): Promise<void> {
    const { createdAt, updatedAt, ...rest } = user;
    await this.write(async (transaction) => {
      await users(transaction).insert({ ...rest, createdAt: new Date(createdAt), updatedAt: new Date(updatedAt), passwordHash, passwordVersion: 1 });
      await this.outbox.append(transaction, { kind: 'user.registered', userId: user.id, occurredAt: createdAt, payload: user });
      await this.appendMails(transaction, user.id, mails);
    });
  }

  override async find(id: string): Promise<User | null> {
    const [row] = await this.postgres.select<PublicUserRow>(userById, [id]);
    return row === undefined ? null : toUser(row);
  }

  override async findCredentials(id: string): Promise<UserCredentials | null> {
    const row = await this.postgres.read(async (manager) => users(manager).findOneBy({ id }));
    return row && toCredentials(row);
  }

  override async findCredentialsByEmail(email: string): Promise<UserCredentials | null> {
    const row = await this.postgres.read(async (manager) =>
      users(manager)
        .createQueryBuilder('user')
        .where('lower(user.email) = :email', { email: normalizedEmail(email) })
        .getOne(),
    );
    return row && toCredentials(row);
  }

  override async listAfter(afterId: string | null, limit: number): Promise<User[]> {
    const rows = await this.postgres.read(async (manager) => {
      const query = users(manager).createQueryBuilder('user').orderBy('user.id').limit(limit);
      return (afterId === null ? query : query.where('user.id > :afterId', { afterId })).getMany();
    });
    return rows.map((row) => toCredentials(row).user);
  }

  override async change(id: string, decide: (present: UserCredentials) => UserChanges | null, link?: FollowedLink): Promise<User | null> {
    return this.write(async (transaction) => {
      const row = await lock(transaction, id);
      if (row === null) {
        return null;
      }
      if (link !== undefined && !(await this.links.redeem(transaction, id, link))) {
        throw new DuetError('token.invalid');
      }
      const changes = decide(toCredentials(row));
      if (changes === null) {
        return toCredentials(row).user;
      }
      const { endsSessions, endsLinks = [], mails = [], ...columns } = changes;
      const renewed: UserRow = {
        ...row,
        ...withoutUndefined(columns),
        passwordVersion: row.passwordVersion + (changes.passwordHash !== undefined || endsSessions ? 1 : 0),
        // A clock that was set back must not make a change look older than the one before.
        updatedAt: new Date(Math.max(Date.now(), row.updatedAt.getTime())),
        version: row.version + 1,
      };
      await users(transaction).update({ id }, renewed);
      if (endsLinks.length > 0) {
        await this.links.end(transaction, id, endsLinks);
      }
      const { user } = toCredentials(renewed);
      await this.outbox.append(transaction, { kind: 'user.updated', userId: id, occurredAt: user.updatedAt, payload: user });
      await this.appendMails(transaction, id, mails);
      return user;
    });
  }

  override async requestMail(id: string, mail: MailRequest): Promise<void> {
    await this.postgres.transaction(async (transaction) => this.appendMails(transaction, id, [mail]));
  }

  override async issueLink(id: string, link: IssuedLink, isNeeded: (present: User) => boolean): Promise<User | null> {
    return this.postgres.transaction(async (transaction) => {
      // Locked, so that a change of the e-mail ends this link as well, or is seen here.
      const row = await lock(transaction, id);
      if (row === null || !isNeeded(toUser(row))) {
        return null;
      }
      await this.links.issue(transaction, { userId: id, ...link });
      return toUser(row);
    });
  }

  override async remove(id: string, check: (present: User) => void): Promise<boolean> {
    return this.postgres.transaction(async (transaction) => {
      const row = await lock(transaction, id);
      if (row === null) {
        return false;
      }
      const { user } = toCredentials(row);
      check(user);
      await users(transaction).delete({ id });
      const payload = { id, version: user.version };
      await this.outbox.append(transaction, { kind: 'user.deleted', userId: id, occurredAt: new Date().toISOString(), payload });
      return true;
    });
  }

  override async replaceHash(id: string, present: string, next: string): Promise<void> {
    await this.postgres.transaction(async (transaction) => users(transaction).update({ id, passwordHash: present }, { passwordHash: next }));
  }

  private async appendMails(transaction: Transaction, userId: string, mails: readonly MailRequest[]): Promise<void> {
    for (const mail of mails) {
      await this.outbox.append(transaction, { ...mail, userId, occurredAt: new Date().toISOString() });
    }
  }

  private async write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    try {
      return await this.postgres.transaction(work);
    } catch (error) {
      throw brokenUniqueConstraint(error) === 'users_email_unique' ? new DuetError('user.email_taken') : error;
    }
  }
}

function users(manager: Transaction) {
  return manager.getRepository<UserRow>('users');
}

async function lock(transaction: Transaction, id: string): Promise<UserRow | null> {
  return users(transaction).findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
}

// Most cold starts that ask PostgreSQL ask this, so it does without TypeORM.
const columns = Object.entries(userColumns).map(([property, { name }]) => `${name} AS "${property}"`);
const userById = `SELECT ${columns.join(', ')} FROM users WHERE id = $1`;

function toUser({ id, email, emailVerified, name, timeZone, role, createdAt, updatedAt, version }: PublicUserRow): User {
  return { id, email, emailVerified, name, timeZone, role, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString(), version };
}

function toCredentials(row: UserRow): UserCredentials {
  return { user: toUser(row), passwordHash: row.passwordHash, passwordVersion: row.passwordVersion };
}

function withoutUndefined(changes: UserChanges): UserChanges {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}
