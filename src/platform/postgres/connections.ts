import type { Client, Pool, PoolConfig } from 'pg';
import type { AppConfig } from '../../config/config.module.js';
import { postgresCredentials } from './credentials.js';

type Driver = Pick<typeof import('pg'), 'Client' | 'Pool' | 'escapeIdentifier'>;

/** The name under which the service's sessions stand in `pg_stat_activity`. */
const applicationName = 'duet';

/**
 * The driver, loaded on first use. Its clients send nothing at their start but `user`, `database`, `application_name` and, by the driver itself,
 * `client_encoding`: RDS Proxy refuses anything else, and the driver would add what `PG…` variables of the shell say.
 */
export async function loadDriver(): Promise<Driver> {
  const { default: driver } = await import('pg');
  return {
    Pool: driver.Pool,
    escapeIdentifier: driver.escapeIdentifier,
    Client: class extends driver.Client {
      // The driver's own method, which its types do not name.
      protected getStartupConf(): Record<string, string | undefined> {
        return { user: this.user, database: this.database, application_name: applicationName };
      }
    },
  };
}

/** For a connection that breaks: that also fails the statement on it, and an event without a listener would end the process. */
function ignore(): void {}

/** Options of a pool for requests. */
async function poolOptions(config: AppConfig): Promise<PoolConfig> {
  const { host, port, database, tls } = config.postgres;
  const { tryMs, queryMs } = config.storeTimeouts;
  const { username, password } = await postgresCredentials(config);
  const lambda = config.lambda;
  return {
    host,
    port,
    database,
    user: username,
    password,
    ssl: tls ? { rejectUnauthorized: true } : false,
    connectionTimeoutMillis: tryMs,
    query_timeout: queryMs,
    // A Lambda environment serves one request at a time; two leave room for the outbox beside it.
    max: lambda ? 2 : 10,
    idleTimeoutMillis: lambda ? 60_000 : 10_000,
    keepAlive: true,
    allowExitOnIdle: true,
  };
}

/**
 * Opens a pool and its first connection, which may take most of a request's time, since RDS Proxy or a resumed server may be cold. Those that follow
 * have a try's time.
 */
export async function openPool(config: AppConfig, onError: () => void, overrides: PoolConfig = {}): Promise<Pool> {
  const [driver, options] = await Promise.all([loadDriver(), poolOptions(config)]);
  const { firstConnectMs } = config.storeTimeouts;
  const pool = new driver.Pool({ ...options, ...overrides, Client: driver.Client, connectionTimeoutMillis: firstConnectMs });
  pool.on('error', onError);
  // Between the pool's hand and the caller's nothing else listens; the next statement on a connection that broke there fails.
  pool.on('connect', (client) => void client.on('error', ignore));
  try {
    (await pool.connect()).release();
  } catch (error) {
    await pool.end();
    throw error;
  }
  pool.options.connectionTimeoutMillis = options.connectionTimeoutMillis;
  return pool;
}

/** Opens a single connection, whose statements may take as long as they need. The caller ends it. */
export async function openConnection(config: AppConfig): Promise<Client> {
  const [driver, options] = await Promise.all([loadDriver(), poolOptions(config)]);
  const client = new driver.Client({ ...options, query_timeout: 0 });
  client.on('error', ignore);
  await client.connect();
  return client;
}
