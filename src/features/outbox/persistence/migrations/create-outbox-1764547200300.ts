import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The outbox: one row for each committed change of a user, published or not. */
export class CreateOutbox1764547200300 implements MigrationInterface {
  name = 'CreateOutbox1764547200300';

  async up(runner: QueryRunner): Promise<void> {
    // `next_attempt_at` is kept to the microsecond: rounded up to the millisecond, a row would not be due at once.
    // No foreign key: the row of a deletion outlives the user.
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
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        lease uuid,
        erased_at timestamptz(3),
        last_error text,
        done_at timestamptz(3)
      )
    `);
    // What workers look for is few; what is done is many, and in none of these but the last two.
    await runner.query(`CREATE INDEX outbox_due ON outbox (next_attempt_at, sequence) WHERE status = 'pending'`);
    await runner.query(
      `CREATE INDEX outbox_to_erase ON outbox (next_attempt_at, sequence) WHERE status = 'pending' AND kind = 'user.deleted' AND erased_at IS NULL`,
    );
    await runner.query(`CREATE INDEX outbox_pending_by_user ON outbox (user_id, sequence) WHERE status = 'pending'`);
    await runner.query(`CREATE INDEX outbox_dead ON outbox (sequence) WHERE status = 'dead'`);
    await runner.query('CREATE INDEX outbox_by_user ON outbox (user_id)');
    await runner.query(`CREATE INDEX outbox_done ON outbox (done_at) WHERE status = 'done'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE outbox');
  }
}
