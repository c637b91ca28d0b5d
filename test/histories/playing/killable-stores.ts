import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../../src/config/config.js';
import { startEmbeddedDynamoDb } from '../../../src/local/stores/embedded-dynamodb.js';
import { startEmbeddedPostgres } from '../../../src/local/stores/postgres/embedded-postgres.js';
import { Guardian } from '../../../src/local/processes/guardian.js';

/** A store that can be killed: it comes back on the same data, on another port. */
export interface KillableStore {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Sends SIGKILL, and starts it again. */
  killAndRestart(): Promise<void>;
}

/** Both stores, of this process alone. */
export interface KillableStores {
  /** What leads to them as they are now, and to nothing else. */
  readonly environment: Environment;
  readonly postgres: KillableStore;
  readonly dynamodb: KillableStore;
  stop(): Promise<void>;
}

interface Running {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts stores on empty data in a temporary folder, which goes with them, or with this process should it be killed. */
export async function startKillableStores(): Promise<KillableStores> {
  const dataDir = await mkdtemp(join(tmpdir(), 'duet-histories-'));
  // As root, PostgreSQL runs as another user, who must be able to pass through.
  await chmod(dataDir, 0o711);
  const guardian = new Guardian();
  guardian.removeFolder(dataDir);
  // Durable: without synchronous commits, a kill takes what was acknowledged a moment before.
  const startPostgres = async () => startEmbeddedPostgres({ dataDir, database: 'duet', durable: true, guardian });
  const startDynamoDb = async () => {
    const started = await startEmbeddedDynamoDb({ dataDir, guardian });
    return { ...started, port: Number(new URL(started.endpoint).port) };
  };
  const [{ password, username, database, ...server }, dynamoDb] = await Promise.all([startPostgres(), startDynamoDb()]);
  const [postgres, dynamodb] = [killable(server, startPostgres), killable(dynamoDb, startDynamoDb)];
  return {
    postgres,
    dynamodb,
    environment: {
      RDS_HOST: '127.0.0.1',
      RDS_PORT: String(postgres.port),
      RDS_DATABASE: database,
      RDS_USERNAME: username,
      RDS_PASSWORD: password,
      RDS_SSL: 'disable',
      DYNAMODB_ENDPOINT: `http://127.0.0.1:${dynamodb.port}`,
      JWT_SECRET: randomBytes(48).toString('base64url'),
      DUET_DATA_DIR: dataDir,
    },
    stop: async () => {
      await Promise.all([postgres.stop(), dynamodb.stop()]);
      await rm(dataDir, { recursive: true, force: true });
      await guardian.release();
    },
  };
}

function killable(first: Running, start: () => Promise<Running>): KillableStore & { stop(): Promise<void> } {
  let running = first;
  return {
    host: '127.0.0.1',
    get port() {
      return running.port;
    },
    killAndRestart: async () => {
      process.kill(running.pid, 'SIGKILL');
      await running.stop();
      running = await start();
    },
    stop: async () => running.stop(),
  };
}
