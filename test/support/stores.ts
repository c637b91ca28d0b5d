import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Environment, parseConfig } from '../../src/config/config.js';

/** A suite's own database and tables on the servers that `shared-stores.mjs` has started. */
export interface SuiteStores {
  /** Enough for `parseConfig`; names a database and tables that no other suite uses. */
  readonly environment: Environment;
  /** Drops the database and removes the data folder. Close what is connected to it first. */
  stop(): Promise<void>;
}

const tables = ['DYNAMODB_TABLE_NAME', 'COUNTERS_TABLE_NAME', 'RECORDS_TABLE_NAME', 'ARCHIVE_TABLE_NAME', 'RATE_LIMITS_TABLE_NAME'];

/** Makes an empty database and chooses names for tables, which are not made yet. */
export async function openStores(): Promise<SuiteStores> {
  const shared = JSON.parse(process.env['DUET_TEST_STORES'] ?? '{}') as Environment;
  const suite = randomBytes(4).toString('hex');
  const database = `duet_${suite}`;
  await asOwner(shared, `CREATE DATABASE ${database}`);
  // Mails are files in it.
  const dataDir = await mkdtemp(join(tmpdir(), 'duet-suite-'));
  return {
    environment: {
      ...shared,
      RDS_DATABASE: database,
      DUET_DATA_DIR: dataDir,
      ...Object.fromEntries(
        tables.map((variable) => [
          variable,
          `duet-${suite}-${variable
            .replace(/_?TABLE_NAME$/, '')
            .toLowerCase()
            .replace('_', '-')}`,
        ]),
      ),
    },
    stop: async () => {
      await asOwner(shared, `DROP DATABASE ${database} WITH (FORCE)`);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function asOwner(environment: Environment, statement: string): Promise<void> {
  const { host, port, database, username, password } = parseConfig(environment).postgres;
  const client = new pg.Client({ host, port, database, user: username, password });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
