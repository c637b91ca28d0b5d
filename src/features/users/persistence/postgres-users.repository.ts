import { Injectable } from '@nestjs/common';
import { DuetError } from '../../../common/errors/errors.js';
import { brokenUniqueConstraint } from '../../../platform/postgres/errors.js';
import { Postgres } from '../../../platform/postgres/postgres.js';
import type { Transaction } from '../../../platform/postgres/transaction.js';
import { OutboxWriter } from '../../outbox/outbox.js';
import { normalizedEmail, type User, type UserChanges, type UserCredentials } from '../user.js';
import { UsersRepository } from '../users.repository.js';
import { type PublicUserRow, userColumns, type UserRow } from './user-row.js';

/** {@link UsersRepository} over the `users` table. */
@Injectable()
export class PostgresUsersRepository extends UsersRepository {
  constructor(
    private readonly postgres: Postgres,
    private readonly outbox: OutboxWriter,
  ) {
    super();
  }

  override async register(user: User, passwordHash: string): Promise<void> {
    const { createdAt, updatedAt, ...rest } = user;
    await this.write(async (transaction) => {
      await users(transaction).insert({ ...rest, createdAt: new Date(createdAt), updatedAt: new Date(updatedAt), passwordHash, passwordVersion: 1 });
      await this.outbox.append(transaction, { kind: 'user.registered', userId: user.id, occurredAt: createdAt, payload: user });
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

  override async change(id: string, decide: (present: UserCredentials) => UserChanges | null): Promise<User | null> {
    return this.write(async (transaction) => {
      const row = await lock(transaction, id);
      if (row === null) {
        return null;
      }
      const changes = decide(toCredentials(row));
      if (changes === null) {
        return toCredentials(row).user;
      }
      const { endsSessions, ...columns } = changes;
      const renewed: UserRow = {
        ...row,
        ...withoutUndefined(columns),
        passwordVersion: row.passwordVersion + (changes.passwordHash !== undefined || endsSessions ? 1 : 0),
        // A clock that was set back must not make a change look older than the one before.
        updatedAt: new Date(Math.max(Date.now(), row.updatedAt.getTime())),
        version: row.version + 1,
      };
      await users(transaction).update({ id }, renewed);
      const { user } = toCredentials(renewed);
      await this.outbox.append(transaction, { kind: 'user.updated', userId: id, occurredAt: user.updatedAt, payload: user });
      return user;
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

function toUser({ id, email, name, timeZone, role, createdAt, updatedAt, version }: PublicUserRow): User {
  return { id, email, name, timeZone, role, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString(), version };
}

function toCredentials(row: UserRow): UserCredentials {
  return { user: toUser(row), passwordHash: row.passwordHash, passwordVersion: row.passwordVersion };
}

function withoutUndefined(changes: UserChanges): UserChanges {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}
