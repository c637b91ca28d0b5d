import { Injectable } from '@nestjs/common';
import { isForeignKeyBroken } from '../../../platform/postgres/errors.js';
import { Postgres } from '../../../platform/postgres/postgres.js';
import type { Transaction } from '../../../platform/postgres/transaction.js';
import type { Family, RefreshToken, Verdict } from '../refresh-token.js';
import { type NewFamily, RefreshTokensRepository } from '../refresh-tokens.repository.js';
import type { RefreshTokenRow } from './refresh-token.entity.js';

/** {@link RefreshTokensRepository} over the `refresh_tokens` table: one row a family, locked while a token is presented. */
@Injectable()
export class PostgresRefreshTokensRepository extends RefreshTokensRepository {
  constructor(private readonly postgres: Postgres) {
    super();
  }

  override async start(token: RefreshToken, family: NewFamily, maxFamilies: number): Promise<number | null> {
    const { userId, passwordVersion, createdAt } = family;
    try {
      return await this.postgres.transaction(async (transaction) => {
        // One sign-in of a user after the other: two at once would each count without the other.
        await families(transaction).find({
          select: { familyHash: true },
          where: { userId },
          order: { familyHash: 'ASC' },
          lock: { mode: 'pessimistic_write' },
        });
        await families(transaction).insert({ ...family, familyHash: token.familyHash, tokenHash: token.hash });
        await families(transaction)
          .createQueryBuilder()
          .delete()
          .where('user_id = :userId AND (expires_at <= :now OR password_version < :passwordVersion)', { userId, now: createdAt, passwordVersion })
          .execute();
        const [, ended]: [unknown, number] = await transaction.query(
          `DELETE FROM refresh_tokens WHERE family_hash IN (
            SELECT family_hash FROM refresh_tokens WHERE user_id = $1 ORDER BY coalesce(spent_at, created_at) DESC, created_at DESC OFFSET $2)`,
          [userId, maxFamilies],
        );
        return ended;
      });
    } catch (error) {
      if (isForeignKeyBroken(error)) return null;
      throw error;
    }
  }

  override async findFamily({ familyHash }: RefreshToken): Promise<Family | null> {
    return this.postgres.read(async (manager) => families(manager).findOneBy({ familyHash }));
  }

  override async findLive(userId: string, passwordVersion: number, now: Date): Promise<Family[]> {
    return this.postgres.read(async (manager) =>
      families(manager)
        .createQueryBuilder('family')
        .where('family.userId = :userId AND family.passwordVersion = :passwordVersion AND family.expiresAt > :now', { userId, passwordVersion, now })
        .orderBy('coalesce(family.spent_at, family.created_at)', 'DESC')
        .addOrderBy('family.created_at', 'DESC')
        .getMany(),
    );
  }

  override async endSessions(userId: string, sessionId?: string): Promise<number> {
    return this.postgres.transaction(async (transaction) => {
      const { affected } = await families(transaction).delete({ userId, ...(sessionId !== undefined && { id: sessionId }) });
      return affected ?? 0;
    });
  }

  override async present(token: RefreshToken, successor: RefreshToken, judge: (family: Family) => Verdict): Promise<Verdict> {
    const { familyHash } = token;
    return this.postgres.transaction(async (transaction) => {
      const family = await families(transaction).findOne({ where: { familyHash }, lock: { mode: 'pessimistic_write' } });
      const verdict = family === null ? 'end' : judge(family);
      switch (verdict) {
        case 'rotate':
          await families(transaction).update({ familyHash }, { tokenHash: successor.hash, spentHash: token.hash, spentAt: new Date() });
          break;
        case 'repeat':
          // The same hash as is there, unless the service's secret was changed in between: then the new successor takes its place.
          await families(transaction).update({ familyHash }, { tokenHash: successor.hash });
          break;
        case 'end':
          await families(transaction).delete({ familyHash });
          break;
        default:
          verdict satisfies never;
      }
      return verdict;
    });
  }

  override async end({ familyHash }: RefreshToken): Promise<string | null> {
    return this.postgres.transaction(async (transaction) => {
      const family = await families(transaction).findOne({ where: { familyHash }, lock: { mode: 'pessimistic_write' } });
      await families(transaction).delete({ familyHash });
      return family?.userId ?? null;
    });
  }
}

function families(manager: Transaction) {
  return manager.getRepository<RefreshTokenRow>('refresh_tokens');
}
