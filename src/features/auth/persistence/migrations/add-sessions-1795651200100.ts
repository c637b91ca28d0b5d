import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A family of refresh tokens is a session that its user can see and end. */
export class AddSessions1795651200100 implements MigrationInterface {
  name = 'AddSessions1795651200100';

  async up(runner: QueryRunner): Promise<void> {
    // With a default, because functions of the version before still insert rows while this one is rolled out.
    await runner.query('ALTER TABLE refresh_tokens ADD COLUMN session_id uuid NOT NULL DEFAULT gen_random_uuid(), ADD COLUMN user_agent text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE refresh_tokens DROP COLUMN session_id, DROP COLUMN user_agent');
  }
}
