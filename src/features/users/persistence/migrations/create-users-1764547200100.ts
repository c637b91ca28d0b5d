import type { MigrationInterface, QueryRunner } from 'typeorm';

/** People and their credentials. */
export class CreateUsers1764547200100 implements MigrationInterface {
  name = 'CreateUsers1764547200100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE users (
        id uuid PRIMARY KEY,
        email text NOT NULL,
        name text NOT NULL,
        time_zone text NOT NULL,
        role text NOT NULL CHECK (role IN ('user', 'admin')),
        password_hash text NOT NULL,
        password_version integer NOT NULL,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        version integer NOT NULL
      )
    `);
    // The database decides a race between two registrations; the form given is kept for display.
    await runner.query('CREATE UNIQUE INDEX users_email_unique ON users (lower(email))');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE users');
  }
}
