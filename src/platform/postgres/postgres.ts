import { setImmediate as turn } from 'node:timers/promises';
import { types } from 'node:util';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Pool as PgPool, PoolConfig, QueryResultRow } from 'pg';
import type { DataSource, DataSourceOptions, EntityManager, EntitySchema, MigrationInterface, QueryRunner } from 'typeorm';
import { withTimeout } from '../../common/async.js';
import { remainingStoreMs } from '../../common/request-context.js';
import type { StoreTimeouts } from '../../config/config.js';
import { AppConfig } from '../../config/config.module.js';
import { StoreCall } from '../store-call.js';
import { admitApplicationRole } from './application-role.js';
import { type PostgresCredentials, postgresCredentials, type StoredCredentials } from './credentials.js';

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

/**
 * The one door to PostgreSQL: a pool of connections and TypeORM over it, each made on first use, replaced whole at the first dead connection.
 *
 * Lambda freezes connections and failovers cut them, and a pool then holds several dead ones: replacing the pool makes it one
 * reconnect for the next request instead of one error for each connection. Requests that are being served on the old pool's good
 * connections finish there.
 */
@Injectable()
export class Postgres implements OnApplicationShutdown {
  private current: Pool | undefined;
  private readonly closing = new Set<Promise<void>>();
  private readonly timeouts: StoreTimeouts;

  constructor(
    @Inject(AppConfig) private readonly config: AppConfig,
    @Inject(loadPostgresSchema) private readonly loadSchema: LoadPostgresSchema,
  ) {
    this.timeouts = config.get('storeTimeouts', { infer: true });
  }

  /**
   * Runs reads, and once more on fresh connections when the first met a dead one.
   *
   * @throws StoreUnavailableError when PostgreSQL cannot be reached in time; ServiceBusyError when the request's time was up before; whatever else `work` throws.
   */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.reading(async (pool) => work((await pool.source()).manager));
  }

  /**
   * The rows of one statement that reads, as {@link read}, but without TypeORM: for what a cold start must not wait for, since loading
   * TypeORM and its mappings takes longer than most questions.
   *
   * @throws as {@link read}.
   */
  async select<Row extends QueryResultRow>(statement: string, values: readonly unknown[]): Promise<Row[]> {
    return this.reading(async (pool) => (await (await pool.connections).query<Row>(statement, [...values])).rows);
  }

  /**
   * Runs `work` in one transaction. A connection lost before the commit is sent has changed nothing, so the whole is run once
   * more on fresh ones; lost at the commit, nobody knows: that is reported and not repeated.
   *
   * @throws StoreUnavailableError when PostgreSQL cannot be reached in time; ServiceBusyError when the request's time was up before; whatever else `work` throws, after a rollback.
   */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.withReconnect(async (pool, { deadline }) => {
      const runner = (await pool.source()).createQueryRunner();
      let client: Ending | undefined;
      let committing = false;
      try {
        client = (await runner.connect()) as Ending;
        await within(this.timeouts.beginMs, async () => runner.startTransaction(), NoAnswerError);
        const result = await work(runner.manager);
        // The caller has been told already that it failed: it must not come true afterwards.
        if (performance.now() >= deadline) {
          throw new OutOfTimeError('The transaction was not committed in time');
        }
        committing = true;
        await runner.commitTransaction();
        return result;
      } catch (error) {
        const lost = isConnectionLost(error);
        if (lost || !(await rolledBack(runner))) {
          // It may still be within the transaction, and then nobody else may get it: the pool takes no ended connection back.
          void client?.end();
        }
        throw lost && committing && !neverSent.test((error as Error).message)
          ? new CommitUnknownError('The connection was lost at the commit', { cause: error })
          : error;
      } finally {
        await runner.release();
      }
    });
  }

  /** Begins to connect, for a request that is known to come; whether that succeeds is for the request to find out. */
  connectSoon(): void {
    this.pool();
  }

  /** Runs the migrations that are still to run, each in its transaction. Safe when several start at once: one runs, the others wait. */
  async migrate(onProgress: (line: string) => void = () => {}): Promise<void> {
    await this.asOnlyOwner(async (source) => {
      for (const { name } of await source.runMigrations({ transaction: 'each' })) {
        onProgress(`Migration ${name} done`);
      }
    });
  }

  /** Makes the role that the other functions connect as, or gives it this password and whatever it lacks. The tables must be there. */
  async admitApplicationRole(role: StoredCredentials): Promise<void> {
    await this.asOnlyOwner(async (source, runner) =>
      admitApplicationRole(
        runner,
        role,
        source.entityMetadatas.map(({ tableName }) => tableName),
      ),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.current !== undefined) {
      this.retire(this.current);
    }
    await Promise.all(this.closing);
  }

  /** One at a time changes what is in the database besides the rows; the others wait. */
  private async asOnlyOwner(work: (source: DataSource, runner: QueryRunner) => Promise<void>): Promise<void> {
    // On connections of their own: an index takes the time it takes, and so does whoever holds the lock.
    const pool = new Pool(
      async () => this.connect({ statement_timeout: 0, query_timeout: 0 }),
      async (connections) => this.over(connections),
    );
    // Any constant will do; it only has to be the same in every Duet that migrates this database.
    const lock = 0x64756574;
    try {
      const source = await pool.source();
      const runner = source.createQueryRunner();
      try {
        await runner.query('SELECT pg_advisory_lock($1)', [lock]);
        await work(source, runner);
      } finally {
        await runner.release();
      }
    } finally {
      // The lock ends with its session.
      await pool.retire();
    }
  }

  private async reading<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    return this.withReconnect(async (pool, { first }) => {
      const reading = async (): Promise<T> => work(pool);
      return first ? within(this.timeouts.readMs, reading, NoAnswerError) : reading();
    });
  }

  private async withReconnect<T>(work: (pool: Pool, attempt: Attempt) => Promise<T>): Promise<T> {
    const call = new StoreCall('postgres', this.timeouts);
    for (let first = true; ; first = false) {
      const pool = this.pool();
      const patience = remainingStoreMs(this.timeouts.requestMs);
      const deadline = performance.now() + patience;
      try {
        return await within(patience, async () => pool.use(async () => work(pool, { first, deadline })), OutOfTimeError);
      } catch (error) {
        if (isBusy(error)) {
          throw call.unavailableError(error);
        }
        if (!isConnectionLost(error)) {
          throw error;
        }
        // A pool in full use is not a dead one: a second would only add to the server's load.
        if (!poolInFullUse.test((error as Error).message)) {
          this.retire(pool);
        }
        if (error instanceof OutOfTimeError) {
          throw call.timeoutError(error);
        }
        if (!first || error instanceof CommitUnknownError || remainingStoreMs(this.timeouts.requestMs) < this.timeouts.tryMs / 2) {
          throw call.unavailableError(error);
        }
      }
    }
  }

  private pool(): Pool {
    if (this.current === undefined) {
      const made: Pool = new Pool(
        async () => this.connect({}, () => this.retire(made)),
        async (connections) => this.over(connections),
        () => this.retire(made),
      );
      this.current = made;
    }
    return this.current;
  }

  // Only the pool that failed: by now another request may have replaced it, with one that works.
  private retire(pool: Pool): void {
    if (this.current === pool) {
      this.current = undefined;
    }
    const closing = pool.retire();
    this.closing.add(closing);
    void closing.finally(() => this.closing.delete(closing));
  }

  /** A pool that holds its first connection. */
  private async connect(settings: Record<string, unknown>, onError: () => void = () => {}): Promise<PgPool> {
    const [{ default: driver }, credentials] = await Promise.all([import('pg'), postgresCredentials(this.config)]);
    const pool = new driver.Pool({ ...this.poolOptions(credentials), ...settings });
    pool.on('error', onError);
    try {
      (await pool.connect()).release();
      return pool;
    } catch (error) {
      await pool.end();
      throw error;
    }
  }

  /** TypeORM over a pool of ours: it would make one of its own. */
  private async over(pool: PgPool): Promise<DataSource> {
    const asking = pool.query<{ version: string; searchSchema: string }>(
      `SELECT split_part(current_setting('server_version'), ' ', 1) AS version, current_schema() AS "searchSchema"`,
    );
    // Awaited below; until then its failure is nobody's.
    asking.catch(() => undefined);
    // The server answers while TypeORM is loaded.
    await turn();
    const [{ default: driver }, { DataSource }] = await Promise.all([import('pg'), import('typeorm')]);
    const { entities, migrations } = await this.loadSchema();
    const options: DataSourceOptions = {
      type: 'postgres',
      driver: { ...driver, Pool: givenPool(pool) },
      synchronize: false,
      logging: false,
      entities,
      migrations,
      migrationsTableName: 'migrations',
      poolErrorHandler: () => undefined,
    };
    const source = new DataSource(options);
    // What its driver would ask in three queries, one after another.
    Object.assign(source.driver, { database: this.config.get('postgres', { infer: true }).database, ...(await asking).rows[0] });
    return source.initialize();
  }

  private poolOptions({ username, password }: PostgresCredentials): PoolConfig {
    const { host, port, database, tls } = this.config.get('postgres', { infer: true });
    const lambda = this.config.get('lambda', { infer: true });
    return {
      host,
      port,
      database,
      user: username,
      password,
      ssl: tls ? { rejectUnauthorized: true } : false,
      connectionTimeoutMillis: this.timeouts.tryMs,
      application_name: 'duet',
      // A Lambda environment serves one request at a time; two leave room for the outbox beside it.
      max: lambda ? 2 : 10,
      statement_timeout: this.timeouts.statementMs,
      query_timeout: this.timeouts.queryMs,
      // A client that vanished within a transaction keeps its locks no longer than this.
      idle_in_transaction_session_timeout: 10_000,
      idleTimeoutMillis: lambda ? 60_000 : 10_000,
      keepAlive: true,
      allowExitOnIdle: true,
    };
  }
}

/** One try at a piece of work. */
interface Attempt {
  readonly first: boolean;
  /** When the caller is told that it took too long, in `performance.now()` milliseconds. */
  readonly deadline: number;
}

/** A connection that can be ended. */
interface Ending {
  end(): Promise<void>;
}

/**
 * Connections, TypeORM over them once somebody needs it, and those who are using them. All is closed when it has been retired and the last
 * user is done: TypeORM, asked to close, would take the connections of running transactions away and hand them, as they are, to whoever
 * waits for one.
 */
class Pool {
  readonly connections: Promise<PgPool>;
  private users = 0;
  private made: Promise<DataSource> | undefined;
  private readonly closed: Promise<void>;
  private close: (() => void) | undefined;
  private retired = false;

  constructor(
    connect: () => Promise<PgPool>,
    private readonly over: (connections: PgPool) => Promise<DataSource>,
    private readonly onFailure: () => void = () => {},
  ) {
    this.connections = connect();
    // A failed start must not be remembered: the next request tries again.
    this.connections.catch(onFailure);
    this.closed = new Promise<void>((resolve) => (this.close = resolve)).then(async () => {
      const connections = await this.connections.catch(() => undefined);
      // The connections may be dead already; what matters is that nobody uses them again.
      await connections?.end().catch(() => undefined);
    });
  }

  /** TypeORM over these connections. */
  async source(): Promise<DataSource> {
    if (this.made === undefined) {
      this.made = this.connections.then(this.over);
      this.made.catch(this.onFailure);
    }
    return this.made;
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    this.users += 1;
    try {
      return await work();
    } finally {
      this.users -= 1;
      this.closeWhenUnused();
    }
  }

  /** Takes no new users; resolves when it is closed. */
  async retire(): Promise<void> {
    this.retired = true;
    this.closeWhenUnused();
    return this.closed;
  }

  private closeWhenUnused(): void {
    if (this.retired && this.users === 0) {
      this.close?.();
    }
  }
}

/** The whole piece of work took longer than the request may. */
class OutOfTimeError extends Error {}
/** An open connection did not answer what any living one answers at once. */
class NoAnswerError extends Error {}
/** The commit was sent, and its answer was lost. */
class CommitUnknownError extends Error {}

/** A constructor that gives what is there already. */
function givenPool(pool: PgPool): new () => PgPool {
  return class {
    constructor() {
      // A constructor may return another object than the one it was called for: ECMA-262, section 10.2.2.
      return pool;
    }
  } as new () => PgPool;
}

async function within<T>(ms: number, work: () => Promise<T>, Late: new (message: string) => Error): Promise<T> {
  return withTimeout(ms, work, () => {
    throw new Late(`PostgreSQL took longer than ${Math.round(ms)} ms`);
  });
}

async function rolledBack(runner: QueryRunner): Promise<boolean> {
  if (!runner.isTransactionActive) {
    return true;
  }
  try {
    await runner.rollbackTransaction();
    return true;
  } catch (error) {
    // What is left of the transaction ends with the connection. Anything but an error of the store is a defect.
    if (isConnectionLost(error) || (error as { driverError?: unknown }).driverError !== undefined) {
      return false;
    }
    throw error;
  }
}

// Class 08, 57P01 to 57P05, 53300 and 28P01 (a rotated password) of https://www.postgresql.org/docs/current/errcodes-appendix.html
const lostStates = /^(08...|57P0[1-5]|53300|28P01|28000)$/;
const lostCodes = /^E(CONNREFUSED|CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN)$/;
// pg gives these no code.
const lostMessages =
  /Connection terminated|connection timeout|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Cannot use a pool after calling end|Connection ended|not queryable|Connection is not established|Query runner already released/i;
const poolInFullUse = /timeout exceeded when trying to connect/;
// pg or TypeORM knew the connection to be dead before they wrote to it.
const neverSent = /not queryable|Query runner already released/i;
// A statement cancelled by its time limit, a deadlock, and a server short of memory, disk or other means (class 53): it lives, and may do it later.
const busyStates = /^(57014|40P01|40001|53[124]..)$/;

/** Whether an error says that the connection, not the statement, was at fault. */
export function isConnectionLost(error: unknown): boolean {
  // Not `instanceof`: Node's own errors, such as a refused connection, are of another realm where the code runs in a `vm` context (jest).
  if (!types.isNativeError(error)) {
    return false;
  }
  const { code, driverError } = error as Error & { code?: unknown; driverError?: unknown };
  return (
    error instanceof OutOfTimeError ||
    error instanceof NoAnswerError ||
    error instanceof CommitUnknownError ||
    (typeof code === 'string' && (lostStates.test(code) || lostCodes.test(code))) ||
    lostMessages.test(error.message) ||
    (driverError !== undefined && driverError !== error && isConnectionLost(driverError)) ||
    ('errors' in error && Array.isArray(error.errors) && error.errors.some(isConnectionLost))
  );
}

function isBusy(error: unknown): boolean {
  const { code } = ((error as { driverError?: unknown }).driverError ?? error) as { code?: unknown };
  return typeof code === 'string' && busyStates.test(code);
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
