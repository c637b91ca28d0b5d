import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import pg from 'pg';
import { type Config, type Environment, parseConfig } from '../../src/config/config.js';

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

/** From where a statement reads the service's connections to a suite's own database, whose server other suites use, too. */
export const ownConnections = "FROM pg_stat_activity WHERE application_name = 'duet' AND datname = current_database()";

/** What the stores hold, past the service and every proxy. */
export interface StoreAccess {
  readonly dynamodb: DynamoDBDocumentClient;
  /** One statement as the owner of the tables, on a connection that the first one opens. */
  // eslint-disable-next-line typescript/no-explicit-any
  query<Row = Record<string, any>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** A connection of its own for the owner; end it. */
  connect(): Promise<pg.Client>;
  close(): Promise<void>;
}

/** Reaches the stores that a configuration leads to; nothing is opened before it is used. */
export function accessStores({ postgres, dynamodb: { endpoint }, region }: Pick<Config, 'postgres' | 'dynamodb' | 'region'>): StoreAccess {
  const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient({ region, endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }));
  const connect = async (): Promise<pg.Client> => {
    const { host, port, database, username, password } = postgres;
    const connection = new pg.Client({ host, port, database, user: username, password, application_name: 'truth' });
    await connection.connect();
    return connection;
  };
  let opened: Promise<pg.Client> | undefined;
  return {
    dynamodb,
    connect,
    query: async (text, values) => (await (opened ??= connect())).query(text, values).then(({ rows }) => rows),
    close: async () => {
      dynamodb.destroy();
      await (await opened)?.end();
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
