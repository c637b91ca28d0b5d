import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { DataSource, DataSourceOptions, EntityManager, EntitySchema, MigrationInterface, QueryRunner } from 'typeorm';
import { StoreUnavailableError } from '../../common/errors.js';
import { remainingStoreMs } from '../../common/request-context.js';
import { AppConfig } from '../../config/config.module.js';
import { postgresCredentials } from './credentials.js';

/** The tables' mappings and the migrations that make them. */
export interface PostgresSchema {
  readonly entities: EntitySchema[];
  readonly migrations: (new () => MigrationInterface)[];
}

/** A transaction in progress: what one feature's adapter hands to another's, so that both write in it or neither does. */
export type Transaction = EntityManager;

/** Loads the schema when PostgreSQL is first used, so that a request that does not need it never loads TypeORM. */
export type LoadPostgresSchema = () => Promise<PostgresSchema>;

/** Injection token of the {@link LoadPostgresSchema} that the application gives. */
export const loadPostgresSchema = Symbol('loadPostgresSchema');

const connectTimeoutMs = 1_000;
const statementTimeoutMs = 2_000;

/**
 * The one door to PostgreSQL: a TypeORM data source made on first use, dropped whole at the first dead connection.
 *
 * Lambda freezes connections and failovers cut them, and a pool then holds several dead ones: dropping the pool makes it one
 * reconnect for the next request instead of one error for each connection.
 */
@Injectable()
export class Postgres implements OnApplicationShutdown {
  private source: Promise<DataSource> | undefined;

  constructor(
    @Inject(AppConfig) private readonly config: AppConfig,
    @Inject(loadPostgresSchema) private readonly loadSchema: LoadPostgresSchema,
  ) {}

  /**
   * Runs reads, and once more on fresh connections when the first met a dead one.
   *
   * @throws StoreUnavailableError when PostgreSQL cannot be reached in time; whatever else `work` throws.
   */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.withReconnect(async (source) => work(source.manager));
  }

  /**
   * Runs `work` in one transaction. A connection lost before the commit is sent has changed nothing, so the whole is run once
   * more on fresh ones; lost at the commit, nobody knows: that is reported and not repeated.
   *
   * @throws StoreUnavailableError when PostgreSQL cannot be reached in time; whatever else `work` throws, after a rollback.
   */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.withReconnect(async (source) => {
      const runner = source.createQueryRunner();
      let committing = false;
      try {
        await runner.startTransaction();
        const result = await work(runner.manager);
        committing = true;
        await runner.commitTransaction();
        return result;
      } catch (error) {
        await rollBack(runner);
        throw committing && isConnectionLost(error) ? new StoreUnavailableError('postgres', { cause: error }) : error;
      } finally {
        await runner.release();
      }
    });
  }

  /** Runs the migrations that are still to run, each in its transaction. Safe when several start at once: one runs, the others wait. */
  async migrate(onProgress: (line: string) => void = () => {}): Promise<void> {
    const source = await this.dataSource();
    const runner = source.createQueryRunner();
    // Any constant will do; it only has to be the same in every Duet that migrates this database.
    const lock = 0x64756574;
    try {
      await runner.query('SELECT set_config($1, $2, false)', ['statement_timeout', '0']);
      await runner.query('SELECT pg_advisory_lock($1)', [lock]);
      const done = await source.runMigrations({ transaction: 'each' });
      for (const { name } of done) {
        onProgress(`Migration ${name} done`);
      }
      await runner.query('SELECT pg_advisory_unlock($1)', [lock]);
    } finally {
      await runner.query('RESET statement_timeout');
      await runner.release();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.drop();
  }

  private async withReconnect<T>(work: (source: DataSource) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await within(remainingStoreMs(), async () => work(await this.dataSource()));
      } catch (error) {
        if (!isConnectionLost(error)) {
          throw error;
        }
        void this.drop();
        if (attempt === 2 || error instanceof OutOfTimeError || remainingStoreMs() < connectTimeoutMs / 2) {
          throw new StoreUnavailableError('postgres', { cause: error });
        }
      }
    }
  }

  private async dataSource(): Promise<DataSource> {
    const opening = (this.source ??= this.open());
    try {
      return await opening;
    } catch (error) {
      // A failed start must not be remembered: the next request tries again.
      if (this.source === opening) {
        this.source = undefined;
      }
      throw error;
    }
  }

  private async open(): Promise<DataSource> {
    const [{ DataSource }, { default: driver }, schema, credentials] = await Promise.all([import('typeorm'), import('pg'), this.loadSchema(), postgresCredentials(this.config)]);
    const { host, port, database, tls } = this.config.get('postgres', { infer: true });
    const lambda = this.config.get('lambda', { infer: true });
    const options: DataSourceOptions = {
      type: 'postgres',
      driver,
      host,
      port,
      database,
      username: credentials.username,
      password: credentials.password,
      ssl: tls ? { rejectUnauthorized: true } : false,
      connectTimeoutMS: connectTimeoutMs,
      applicationName: 'duet',
      // A Lambda environment serves one request at a time; two leave room for the outbox beside it.
      poolSize: lambda ? 2 : 10,
      synchronize: false,
      logging: false,
      entities: schema.entities,
      migrations: schema.migrations,
      migrationsTableName: 'migrations',
      poolErrorHandler: () => void this.drop(),
      extra: {
        statement_timeout: statementTimeoutMs,
        // The server's own limit cannot tell of a connection that no longer carries anything; the client's can.
        query_timeout: statementTimeoutMs + 300,
        idle_in_transaction_session_timeout: 10_000,
        idleTimeoutMillis: lambda ? 60_000 : 10_000,
        keepAlive: true,
        allowExitOnIdle: true,
      } satisfies Record<string, unknown>,
    };
    return new DataSource(options).initialize();
  }

  private async drop(): Promise<void> {
    const dropped = this.source;
    this.source = undefined;
    const source = await dropped?.catch(() => undefined);
    if (source?.isInitialized) {
      // The connections may be dead already; what matters is that nobody uses them again.
      await source.destroy().catch(() => undefined);
    }
  }
}

class OutOfTimeError extends Error {}

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new OutOfTimeError(`PostgreSQL took longer than ${Math.round(ms)} ms`)), ms);
    });
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function rollBack(runner: QueryRunner): Promise<void> {
  if (runner.isTransactionActive) {
    // On a lost connection the rollback fails too, and the server has rolled back by itself.
    await runner.rollbackTransaction().catch(() => undefined);
  }
}

// Class 08, 57P01 to 57P05, 53300 and 28P01 (a rotated password) of https://www.postgresql.org/docs/current/errcodes-appendix.html
const lostStates = /^(08...|57P0[1-5]|53300|28P01|28000)$/;
const lostCodes = /^E(CONNREFUSED|CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN)$/;
// pg gives these no code.
const lostMessages = /Connection terminated|connection timeout|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Cannot use a pool after calling end|Connection ended|not queryable|Connection is not established|DataSource is not initialized/i;

/** Whether an error says that the connection, not the statement, was at fault. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) {
    return false;
  }
  const { code, driverError } = error as Error & { code?: unknown; driverError?: unknown };
  return (
    error instanceof OutOfTimeError ||
    (typeof code === 'string' && (lostStates.test(code) || lostCodes.test(code))) ||
    lostMessages.test(error.message) ||
    (driverError !== undefined && driverError !== error && isConnectionLost(driverError)) ||
    (error instanceof AggregateError && error.errors.some(isConnectionLost))
  );
}

/** The name of the unique constraint a statement broke (SQLSTATE 23505); undefined for any other error. */
export function brokenUniqueConstraint(error: unknown): string | undefined {
  const { code, constraint } = ((error as { driverError?: unknown }).driverError ?? error) as { code?: unknown; constraint?: unknown };
  return code === '23505' && typeof constraint === 'string' ? constraint : undefined;
}

/** Whether a statement named a row of another table that is not there (SQLSTATE 23503). */
export function isForeignKeyBroken(error: unknown): boolean {
  const { code } = ((error as { driverError?: unknown }).driverError ?? error) as { code?: unknown };
  return code === '23503';
}
