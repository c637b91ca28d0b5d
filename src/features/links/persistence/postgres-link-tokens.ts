import { Injectable } from '@nestjs/common';
import { Postgres } from '../../../platform/postgres/postgres.js';
import type { Transaction } from '../../../platform/postgres/transaction.js';
import type { LinkPurpose } from '../link-token.js';
import { type FollowedLink, LinkTokens, type NewLinkToken } from '../link-tokens.js';
import type { MailTokenRow } from './mail-token.entity.js';

const holds = 'used_at IS NULL AND expires_at > now()';

/** {@link LinkTokens} over the `mail_tokens` table. */
@Injectable()
export class PostgresLinkTokens extends LinkTokens {
  constructor(private readonly postgres: Postgres) {
    super();
  }

  override async issue(transaction: Transaction, { userId, purpose, mailId, token, expiresAt }: NewLinkToken): Promise<void> {
    await transaction.query('DELETE FROM mail_tokens WHERE user_id = $1 AND purpose = $2 AND (mail_id <> $3 OR expires_at <= now())', [
      userId,
      purpose,
      mailId,
    ]);
    await transaction.getRepository<MailTokenRow>('mail_tokens').insert({ tokenHash: token.hash, userId, purpose, mailId, expiresAt });
  }

  override async redeem(transaction: Transaction, userId: string, { purpose, token: { hash } }: FollowedLink): Promise<boolean> {
    const [, used]: [unknown, number] = await transaction.query(
      `UPDATE mail_tokens SET used_at = now() WHERE token_hash = $1 AND user_id = $2 AND purpose = $3 AND ${holds}`,
      [hash, userId, purpose],
    );
    if (used > 0) {
      await transaction.query('DELETE FROM mail_tokens WHERE user_id = $1 AND purpose = $2 AND token_hash <> $3', [userId, purpose, hash]);
    }
    return used > 0;
  }

  override async end(transaction: Transaction, userId: string, purposes: readonly LinkPurpose[]): Promise<void> {
    await transaction.query('DELETE FROM mail_tokens WHERE user_id = $1 AND purpose = ANY ($2)', [userId, purposes]);
  }

  override async findOwner({ purpose, token: { hash } }: FollowedLink): Promise<string | null> {
    const [row] = await this.postgres.select<{ user_id: string }>(`SELECT user_id FROM mail_tokens WHERE token_hash = $1 AND purpose = $2 AND ${holds}`, [
      hash,
      purpose,
    ]);
    return row?.user_id ?? null;
  }
}
