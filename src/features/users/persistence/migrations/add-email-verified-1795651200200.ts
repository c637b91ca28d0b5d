import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a user's e-mail is known to be theirs: of those who are there already, it is not. */
export class AddEmailVerified1795651200200 implements MigrationInterface {
  name = 'AddEmailVerified1795651200200';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users ADD COLUMN email_verified boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP COLUMN email_verified');
  }
}
