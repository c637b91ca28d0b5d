import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { embeddedNeeds, type EmbeddedNeeds, type Environment } from '../../config/config.js';
import { isAlive, lock, openDataFolder, ourselves, parseHolder, readOrCreateSecret, writePrivately } from './data-folder.js';
import { startEmbeddedDynamoDb } from './embedded-dynamodb.js';
import { startEmbeddedPostgres } from './postgres/embedded-postgres.js';
import { hasCode } from '../errors/system-errors.js';
import { Guardian } from '../processes/guardian.js';
import type { OnProgress } from '../processes/processes.js';

/** Running local stores: the environment that leads to them, and the way to end them. */
export interface LocalStores {
  /** The given environment, with what was embedded filled in: enough for `parseConfig`. */
  readonly environment: Environment;
  /** Stops what was started. Call it after the last request was answered. */
  stop(): Promise<void>;
}

/** Options of the functions that start local stores. */
export interface LocalStoresOptions {
  readonly onProgress?: OnProgress;
}

interface InternalOptions extends LocalStoresOptions {
  readonly durable?: boolean;
  /** Whether operator commands may find these stores. */
  readonly announce?: boolean;
  readonly guardian?: Guardian;
}

const dataDirOf = (environment: Environment): string => resolve(environment['DUET_DATA_DIR'] || '.data');
const nothingNeeded = (needs: EmbeddedNeeds): boolean => !needs.postgres && !needs.dynamodb && !needs.jwtSecret;

/**
 * Starts the stores that the environment names none for, side by side, and makes a signing key if it has none. If one
 * fails, the other is stopped before the error is thrown.
 *
 * @throws LocalStoreError
 */
export async function startLocalStores(environment: Environment, options: LocalStoresOptions = {}): Promise<LocalStores> {
  return start(environment, options);
}

/**
 * For a command beside the service: leads to the stores of the Duet that is running on this data folder, or starts
 * them for as long as the command takes. What the environment itself names goes first.
 *
 * @throws LocalStoreError
 */
export async function attachOrStartLocalStores(environment: Environment, options: LocalStoresOptions = {}): Promise<LocalStores> {
  const running = await readRunning(dataDirOf(environment));
  return start({ ...environment, ...(running === null ? {} : missingFrom(environment, running)) }, { ...options, announce: false });
}

/**
 * Stores for tests: empty, in a temporary folder, fast instead of durable, and gone after `stop`, or after this process
 * if it is killed.
 */
export async function startEphemeralStores(options: LocalStoresOptions = {}): Promise<LocalStores> {
  const dataDir = await mkdtemp(join(tmpdir(), 'duet-stores-'));
  // As root, PostgreSQL runs as another user, who must be able to pass through.
  await chmod(dataDir, 0o711);
  const guardian = new Guardian();
  guardian.removeFolder(dataDir);
  const remove = async (): Promise<void> => {
    await rm(dataDir, { recursive: true, force: true });
    await guardian.release();
  };
  try {
    const stores = await start({ DUET_DATA_DIR: dataDir }, { ...options, durable: false, announce: false, guardian });
    return {
      environment: stores.environment,
      stop: async () => {
        await stores.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function start(environment: Environment, { onProgress, durable, announce = true, guardian: given }: InternalOptions): Promise<LocalStores> {
  const needs = embeddedNeeds(environment);
  if (nothingNeeded(needs)) {
    return { environment, stop: async () => undefined };
  }
  const dataDir = await openDataFolder(dataDirOf(environment));
  // One for both: of several that start at once, each could get hold of one store, and all would give up.
  const unlock = needs.postgres || needs.dynamodb ? await lock(join(dataDir, 'duet.lock'), dataDir) : async () => undefined;
  const guardian = given ?? new Guardian();
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    const results = await Promise.allSettled(stops.map(async (stopOne) => stopOne()));
    await unlock();
    if (given === undefined) {
      await guardian.release();
    }
    throwFirstFailure(results);
  };

  const parts = await Promise.allSettled([
    needs.postgres ? embedPostgres() : {},
    needs.dynamodb ? embedDynamoDb() : {},
    needs.jwtSecret ? readOrCreateSecret(join(dataDir, 'jwt-secret'), dataDir).then((secret) => ({ JWT_SECRET: secret })) : {},
  ]);
  try {
    throwFirstFailure(parts);
    const overlay = Object.assign({}, ...parts.map((part) => (part.status === 'fulfilled' ? part.value : {}))) as Environment;
    const complete = { ...environment, ...overlay };
    if (announce) {
      stops.push(await writeRunning(dataDir, complete));
    }
    return { environment: complete, stop };
  } catch (error) {
    await stop();
    throw error;
  }

  async function embedPostgres(): Promise<Environment> {
    const postgres = await startEmbeddedPostgres({ dataDir, database: databaseOf(environment), onProgress, durable, guardian });
    stops.push(async () => postgres.stop());
    return postgresVariables(postgres);
  }

  async function embedDynamoDb(): Promise<Environment> {
    const dynamodb = await startEmbeddedDynamoDb({ dataDir, onProgress, guardian });
    stops.push(async () => dynamodb.stop());
    return { DYNAMODB_ENDPOINT: dynamodb.endpoint };
  }
}

function throwFirstFailure(results: readonly PromiseSettledResult<unknown>[]): void {
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    throw failed.reason;
  }
}

const databaseOf = (environment: Environment): string => environment['RDS_DATABASE'] || 'duet';

function postgresVariables(postgres: { host: string; port: number; database: string; username: string; password: string }): Environment {
  return {
    RDS_HOST: postgres.host,
    RDS_PORT: String(postgres.port),
    RDS_DATABASE: postgres.database,
    RDS_USERNAME: postgres.username,
    RDS_PASSWORD: postgres.password,
    // The embedded server has no certificate, and listens on loopback only.
    RDS_SSL: 'disable',
  };
}

// What leads to the stores, grouped: a group is taken as a whole, and only where the command's own environment does not name that store.
const runningGroups = [
  { unless: 'RDS_HOST', variables: ['RDS_HOST', 'RDS_PORT', 'RDS_DATABASE', 'RDS_USERNAME', 'RDS_PASSWORD', 'RDS_IAM_AUTH', 'RDS_SECRET_ARN', 'RDS_SSL'] },
  { unless: 'DYNAMODB_ENDPOINT', variables: ['DYNAMODB_ENDPOINT'] },
  ...['DYNAMODB_TABLE_NAME', 'COUNTERS_TABLE_NAME', 'RECORDS_TABLE_NAME', 'ARCHIVE_TABLE_NAME', 'RATE_LIMITS_TABLE_NAME'].map((name) => ({
    unless: name,
    variables: [name],
  })),
];

function missingFrom(environment: Environment, running: Environment): Environment {
  const groups = runningGroups.filter(({ unless }) => !environment[unless] && running[unless] !== undefined);
  return Object.fromEntries(groups.flatMap(({ variables }) => variables.map((name) => [name, running[name]])));
}

const runningFile = (dataDir: string): string => join(dataDir, 'running.json');

async function writeRunning(dataDir: string, environment: Environment): Promise<() => Promise<void>> {
  const names = runningGroups.flatMap(({ variables }) => variables);
  const variables = Object.fromEntries(names.filter((name) => environment[name]).map((name) => [name, environment[name]]));
  const text = `${JSON.stringify({ ...ourselves(), variables }, null, 2)}\n`;
  await writePrivately(runningFile(dataDir), text);
  return async () => {
    // Unless another Duet on the same folder, with stores of its own, has written its own since.
    if ((await readOrNull(runningFile(dataDir))) === text) {
      await rm(runningFile(dataDir), { force: true });
    }
  };
}

async function readRunning(dataDir: string): Promise<Environment | null> {
  const text = await readOrNull(runningFile(dataDir));
  const holder = text === null ? null : parseHolder(text);
  if (text === null || holder === null || !isAlive(holder)) {
    return null;
  }
  return (JSON.parse(text) as { variables: Environment }).variables;
}

async function readOrNull(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return null;
    }
    throw error;
  }
}
