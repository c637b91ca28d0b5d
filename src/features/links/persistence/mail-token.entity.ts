import { EntitySchema } from 'typeorm';

/** A row of `mail_tokens`: the token of one link in one mail. */
export interface MailTokenRow {
  /** SHA-256 of the token. */
  tokenHash: Buffer;
  userId: string;
  purpose: string;
  mailId: string;
  expiresAt: Date;
  usedAt: Date | null;
}

export const mailTokenEntity = new EntitySchema<MailTokenRow>({
  name: 'mail_tokens',
  tableName: 'mail_tokens',
  columns: {
    tokenHash: { name: 'token_hash', type: 'bytea', primary: true },
    userId: { name: 'user_id', type: 'uuid' },
    purpose: { type: 'text' },
    mailId: { name: 'mail_id', type: 'uuid' },
    expiresAt: { name: 'expires_at', type: 'timestamp with time zone', precision: 3 },
    usedAt: { name: 'used_at', type: 'timestamp with time zone', precision: 3, nullable: true },
  },
});
