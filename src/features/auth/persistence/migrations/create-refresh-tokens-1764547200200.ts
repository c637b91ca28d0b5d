import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Refresh tokens, as hashes only: a row a sign-in. */
export class CreateRefreshTokens1764547200200 implements MigrationInterface {
  name = 'CreateRefreshTokens1764547200200';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE refresh_tokens (
        family_hash bytea PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        password_version integer NOT NULL,
        token_hash bytea NOT NULL,
        spent_hash bytea,
        spent_at timestamptz(3),
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL
      )
    `);
    await runner.query('CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE refresh_tokens');
  }
}
