import { EntitySchema } from 'typeorm';

/** A row of `refresh_tokens`: one sign-in's family, with its present token and the one spent last. */
export interface RefreshTokenRow {
  /** Names the session. */
  id: string;
  /** SHA-256 of the part that all tokens of the family share. */
  familyHash: Buffer;
  userId: string;
  passwordVersion: number;
  /** SHA-256 of the token that is good now. */
  tokenHash: Buffer;
  /** SHA-256 of the one it was made from. */
  spentHash: Buffer | null;
  spentAt: Date | null;
  createdAt: Date;
  expiresAt: Date;
  userAgent: string | null;
}

export const refreshTokenEntity = new EntitySchema<RefreshTokenRow>({
  name: 'refresh_tokens',
  tableName: 'refresh_tokens',
  columns: {
    id: { name: 'session_id', type: 'uuid' },
    familyHash: { name: 'family_hash', type: 'bytea', primary: true },
    userId: { name: 'user_id', type: 'uuid' },
    passwordVersion: { name: 'password_version', type: 'integer' },
    tokenHash: { name: 'token_hash', type: 'bytea' },
    spentHash: { name: 'spent_hash', type: 'bytea', nullable: true },
    spentAt: { name: 'spent_at', type: 'timestamp with time zone', precision: 3, nullable: true },
    createdAt: { name: 'created_at', type: 'timestamp with time zone', precision: 3 },
    expiresAt: { name: 'expires_at', type: 'timestamp with time zone', precision: 3 },
    userAgent: { name: 'user_agent', type: 'text', nullable: true },
  },
});
