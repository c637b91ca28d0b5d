import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the sending of mails looks for. */
export class IndexDueMails1795651200400 implements MigrationInterface {
  name = 'IndexDueMails1795651200400';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX outbox_mails_due ON outbox (next_attempt_at, sequence) WHERE status = 'pending' AND kind LIKE 'mail.%'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX outbox_mails_due');
  }
}
