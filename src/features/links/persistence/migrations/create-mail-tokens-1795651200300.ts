import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens of links in mails, as hashes only. */
export class CreateMailTokens1795651200300 implements MigrationInterface {
  name = 'CreateMailTokens1795651200300';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE mail_tokens (
        token_hash bytea PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        purpose text NOT NULL CHECK (purpose IN ('verification', 'reset')),
        mail_id uuid NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        used_at timestamptz(3)
      )
    `);
    await runner.query('CREATE INDEX mail_tokens_by_user ON mail_tokens (user_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE mail_tokens');
  }
}
