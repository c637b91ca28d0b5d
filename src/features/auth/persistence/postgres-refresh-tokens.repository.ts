import { Injectable } from '@nestjs/common';
import { isForeignKeyBroken } from '../../../platform/postgres/errors.js';
import { Postgres } from '../../../platform/postgres/postgres.js';
import type { Transaction } from '../../../platform/postgres/transaction.js';
import type { Family, RefreshToken, Verdict } from '../refresh-token.js';
import { RefreshTokensRepository } from '../refresh-tokens.repository.js';
import type { RefreshTokenRow } from './refresh-token.entity.js';

/** {@link RefreshTokensRepository} over the `refresh_tokens` table: one row a family, locked while a token is presented. */
@Injectable()
export class PostgresRefreshTokensRepository extends RefreshTokensRepository {
  constructor(private readonly postgres: Postgres) {
    super();
  }

  override async start(
    token: RefreshToken,
    { userId, passwordVersion, expiresAt }: Pick<Family, 'userId' | 'passwordVersion' | 'expiresAt'>,
  ): Promise<boolean> {
    const now = new Date();
    try {
      await this.postgres.transaction(async (transaction) => {
        await families(transaction)
          .createQueryBuilder()
          .delete()
          .where('user_id = :userId AND (expires_at <= :now OR password_version < :passwordVersion)', { userId, now, passwordVersion })
          .execute();
        await families(transaction).insert({ familyHash: token.familyHash, userId, passwordVersion, tokenHash: token.hash, createdAt: now, expiresAt });
      });
      return true;
    } catch (error) {
      if (isForeignKeyBroken(error)) return false;
      throw error;
    }
  }

  override async findFamily({ familyHash }: RefreshToken): Promise<Family | null> {
    return this.postgres.read(async (manager) => families(manager).findOneBy({ familyHash }));
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

  override async end({ familyHash }: RefreshToken): Promise<void> {
    await this.postgres.transaction(async (transaction) => families(transaction).delete({ familyHash }));
  }
}

function families(manager: Transaction) {
  return manager.getRepository<RefreshTokenRow>('refresh_tokens');
}
