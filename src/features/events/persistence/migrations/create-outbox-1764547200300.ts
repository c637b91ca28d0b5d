import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The outbox: one row for each committed change of a user that is still to be told, or was. */
export class CreateOutbox1764547200300 implements MigrationInterface {
  name = 'CreateOutbox1764547200300';

  async up(runner: QueryRunner): Promise<void> {
    // No foreign key: the row that tells of a deletion outlives the user.
    await runner.query(`
      CREATE TABLE outbox (
        id uuid PRIMARY KEY,
        sequence bigserial NOT NULL UNIQUE,
        user_id uuid NOT NULL,
        kind text NOT NULL,
        payload jsonb NOT NULL,
        occurred_at timestamptz(3) NOT NULL,
        status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'dead')),
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz(3) NOT NULL DEFAULT now(),
        done_at timestamptz(3)
      )
    `);
    await runner.query('CREATE INDEX outbox_due ON outbox (status, next_attempt_at, sequence)');
    await runner.query('CREATE INDEX outbox_by_user ON outbox (user_id, sequence)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE outbox');
  }
}
