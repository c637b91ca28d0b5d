import { setImmediate as turn } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { DataSource, DataSourceOptions, EntitySchema, MigrationInterface } from 'typeorm';

/** The tables' mappings and the migrations that make them. */
export interface PostgresSchema {
  readonly entities: EntitySchema[];
  readonly migrations: (new () => MigrationInterface)[];
}

/** Loads the schema when PostgreSQL is first used, so that a request that does not need it never loads TypeORM. */
export type LoadPostgresSchema = () => Promise<PostgresSchema>;

/** Injection token of the application's {@link LoadPostgresSchema}. */
export const loadPostgresSchema = Symbol('loadPostgresSchema');

/** TypeORM over a pool of ours, on the database of that name: it would make a pool of its own. */
export async function createDataSource(pool: Pool, database: string, loadSchema: LoadPostgresSchema): Promise<DataSource> {
  const answer = pool.query<{ version: string; searchSchema: string }>(
    `SELECT split_part(current_setting('server_version'), ' ', 1) AS version, current_schema() AS "searchSchema"`,
  );
  // It is awaited below: until then its failure would count as unhandled.
  answer.catch(() => undefined);
  // The server answers while TypeORM is loaded.
  await turn();
  const [{ default: driver }, { DataSource }] = await Promise.all([import('pg'), import('typeorm')]);
  const { entities, migrations } = await loadSchema();
  const options: DataSourceOptions = {
    type: 'postgres',
    driver: { ...driver, Pool: constructorOf(pool) },
    synchronize: false,
    logging: false,
    entities,
    migrations,
    migrationsTableName: 'migrations',
    poolErrorHandler: () => undefined,
  };
  const source = new DataSource(options);
  // What its driver would ask in three queries, one after another.
  Object.assign(source.driver, { database, ...(await answer).rows[0] });
  return source.initialize();
}

/** A constructor that returns an existing pool, as a constructor may: ECMA-262, section 10.2.2. */
function constructorOf(pool: Pool): new () => Pool {
  return class {
    constructor() {
      return pool;
    }
  } as new () => Pool;
}
