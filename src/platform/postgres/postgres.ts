import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';
import { withTimeout } from '../../common/async.js';
import { remainingStoreMs } from '../../common/http/request-context.js';
import type { StoreTimeouts } from '../../config/store-timeouts.js';
import { AppConfig } from '../../config/config.module.js';
import { StoreCalls } from '../store-call.js';
import { ConnectionPool } from './connection-pool.js';
import { openPool } from './connections.js';
import { createDataSource, loadPostgresSchema, type LoadPostgresSchema } from './data-source.js';
import { CommitUnknownError, isBusy, isConnectionLost, isPoolExhausted, NoAnswerError, OutOfTimeError } from './errors.js';
import { runTransaction, type Transaction } from './transaction.js';

/** One try at a piece of work. */
interface Attempt {
  readonly first: boolean;
  /** When the caller gets its error, as `performance.now()` counts. */
  readonly deadline: number;
}

/**
 * PostgreSQL for the features: a pool of connections and TypeORM over it, each made on first use, replaced as a whole at the first dead connection.
 *
 * Lambda freezes connections and failovers cut them, and a pool then holds several dead ones: replacing the pool makes it one reconnect for the next request
 * instead of one error for each connection. Requests that the old pool's good connections are serving finish there.
 */
@Injectable()
export class Postgres implements OnApplicationShutdown {
  private current: ConnectionPool | undefined;
  private readonly closing = new Set<Promise<void>>();
  private readonly timeouts: StoreTimeouts;
  private readonly calls: StoreCalls;

  constructor(
    private readonly config: AppConfig,
    @Inject(loadPostgresSchema) private readonly loadSchema: LoadPostgresSchema,
  ) {
    this.timeouts = config.storeTimeouts;
    this.calls = new StoreCalls('postgres', this.timeouts);
  }

  /**
   * Runs reads, and once more on fresh connections when the first met a dead one.
   *
   * @throws StoreUnavailableError when PostgreSQL cannot be reached in time; ServiceBusyError when the request's time was up before; whatever else `work` throws.
   */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.reading(async (pool) => work((await pool.dataSource()).manager));
  }

  /**
   * The rows of one reading statement, as {@link read}, but without TypeORM: loading that and its mappings takes a cold start longer than most queries.
   *
   * @throws as {@link read}.
   */
  async select<Row extends QueryResultRow>(statement: string, values: readonly unknown[]): Promise<Row[]> {
    return this.reading(async (pool) => (await (await pool.connections).query<Row>(statement, [...values])).rows);
  }

  /**
   * Runs `work` in one transaction. A connection lost before the commit is sent has changed nothing, so the whole is run once more on fresh ones. One lost at
   * the commit leaves the outcome unknown: that is reported and not repeated.
   *
   * @throws StoreUnavailableError when PostgreSQL cannot be reached in time; ServiceBusyError when the request's time was up before; whatever else `work`
   * throws, after a rollback.
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const { beginMs } = this.timeouts;
    return this.withReconnect(async (pool, { deadline }) => runTransaction((await pool.dataSource()).createQueryRunner(), { beginMs, deadline }, work));
  }

  /** Begins to connect, for a request that is known to come; that request meets the failure, if there is one. */
  connectSoon(): void {
    this.pool();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.current !== undefined) {
      this.retire(this.current);
    }
    await Promise.all(this.closing);
  }

  private async reading<T>(work: (pool: ConnectionPool) => Promise<T>): Promise<T> {
    return this.withReconnect(async (pool, { first }) => {
      const reading = async (): Promise<T> => work(pool);
      return first && pool.isOpen ? within(this.timeouts.readMs, reading, NoAnswerError) : reading();
    });
  }

  private async withReconnect<T>(work: (pool: ConnectionPool, attempt: Attempt) => Promise<T>): Promise<T> {
    const { requestMs, tryMs } = this.timeouts;
    const call = this.calls.begin();
    for (let first = true; ; first = false) {
      const pool = this.pool();
      const remainingMs = remainingStoreMs(requestMs);
      const deadline = performance.now() + remainingMs;
      try {
        const result = await within(remainingMs, async () => pool.use(async () => work(pool, { first, deadline })), OutOfTimeError);
        call.answered();
        return result;
      } catch (error) {
        if (isBusy(error)) {
          throw call.unavailableError(error);
        }
        if (!isConnectionLost(error)) {
          call.answered();
          throw error;
        }
        // A pool in full use is not a dead one: a second would only add to the server's load.
        if (!isPoolExhausted(error)) {
          this.retire(pool);
        }
        if (error instanceof OutOfTimeError) {
          throw call.timeoutError(error);
        }
        if (!first || error instanceof CommitUnknownError || remainingStoreMs(requestMs) < tryMs / 2) {
          throw call.unavailableError(error);
        }
      }
    }
  }

  private pool(): ConnectionPool {
    if (this.current === undefined) {
      const { database } = this.config.postgres;
      const pool: ConnectionPool = new ConnectionPool(
        async () => openPool(this.config, () => this.retire(pool)),
        async (connections) => createDataSource(connections, database, this.loadSchema),
        () => this.retire(pool),
      );
      this.current = pool;
    }
    return this.current;
  }

  // Only the pool that failed: by now another request may have replaced it, with one that works.
  private retire(pool: ConnectionPool): void {
    if (this.current === pool) {
      this.current = undefined;
    }
    const closing = pool.retire();
    this.closing.add(closing);
    void closing.finally(() => this.closing.delete(closing));
  }
}

async function within<T>(ms: number, work: () => Promise<T>, Late: new (message: string) => Error): Promise<T> {
  return withTimeout(ms, work, () => {
    throw new Late(`PostgreSQL took longer than ${Math.round(ms)} ms`);
  });
}
