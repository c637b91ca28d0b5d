import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { QueryResult } from 'pg';
import { loadDriver } from '../../../platform/postgres/connections.js';
import { lock, openDataFolder } from '../data-folder.js';
import { hasCode, reasonOf } from '../../errors/system-errors.js';
import { LocalStoreError } from '../../errors/local-store-error.js';
import { findPostgresInstallation, type PostgresInstallation } from './postgres-installation.js';
import { Guardian } from '../../processes/guardian.js';
import { commandOf, endProcess, type EndStep, type OnProgress, startTimeOf, toolEnvironment } from '../../processes/processes.js';
import { ServerProcess } from '../../processes/server-process.js';

const run = promisify(execFile);

/** The major version of the embedded PostgreSQL, which is also the one that Terraform asks RDS for. */
export const postgresMajorVersion = '18';

const host = '127.0.0.1';
const username = 'duet';
/** How long recovery after a crash may take before we give up. */
const startTimeoutMs = 120_000;

// https://www.postgresql.org/docs/18/server-shutdown.html: fast (ends sessions, loses nothing), then immediate (recovers at the next start).
const ending: readonly EndStep[] = [
  { signal: 'SIGINT', patienceMs: 10_000 },
  { signal: 'SIGQUIT', patienceMs: 5000 },
  { signal: 'SIGKILL', patienceMs: 5000 },
];

/** What {@link startEmbeddedPostgres} needs to know. */
export interface EmbeddedPostgresOptions {
  /** The data folder; PostgreSQL takes `postgres/` in it. */
  readonly dataDir: string;
  readonly database: string;
  readonly onProgress?: OnProgress;
  /** False gives up surviving a crash of the machine for speed: for tests only. */
  readonly durable?: boolean;
  readonly guardian?: Guardian;
}

/** A running PostgreSQL and how to reach it. */
export interface EmbeddedPostgres {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  readonly pid: number;
  /** Ends all sessions and the server; what was committed stays. */
  stop(): Promise<void>;
}

/**
 * Starts a real PostgreSQL 18 on a free loopback port, on data that survives restarts and crashes. Whatever an earlier
 * run that was killed has left (a server, a lock, a half-made cluster) is cleared away first.
 *
 * @throws LocalStoreError when it cannot start, saying what to do
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { database, onProgress = () => undefined, durable = true } = options;
  const dataDir = await openDataFolder(options.dataDir);
  const installation = await findPostgresInstallation(dataDir);
  const unlock = await lock(installation.lockFile, dataDir);
  const guardian = options.guardian ?? new Guardian();
  const release = async (): Promise<void> => {
    await unlock();
    if (options.guardian === undefined) {
      await guardian.release();
    }
  };
  try {
    const cluster = join(installation.home, 'data');
    await clearLeftovers(installation.home, cluster);
    const version = await clusterVersion(cluster);
    onProgress(`PostgreSQL ${postgresMajorVersion} starting${version === null ? ' (first run: preparing the data folder)' : ''}…`);
    if (version === null) {
      await initialise(installation, cluster, durable);
    } else if (version !== postgresMajorVersion) {
      throw new LocalStoreError(
        `The data in ${installation.home} was made by PostgreSQL ${version}, and this is ${postgresMajorVersion}: dump and restore it, or set DUET_DATA_DIR to another folder`,
      );
    }
    const password = await readFile(join(cluster, passwordFile), 'utf8');
    const { server, port } = await startServer(installation, cluster, password, durable, guardian);
    try {
      await createDatabase(port, password, database);
    } catch (error) {
      await server.stop();
      throw error;
    }
    server.onUnexpectedExit((how) => onProgress(`PostgreSQL ended unexpectedly (${how}): start Duet again. Its log is ${logFile(installation)}`));
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      await server.stop();
      await release();
    };
    return { host, port, database, username, password, pid: server.pid, stop: async () => (stopped ??= stop()) };
  } catch (error) {
    await release();
    throw error;
  }
}

// Inside the cluster, so that neither can outlive the other.
const passwordFile = 'duet-password';
const logFile = (installation: PostgresInstallation): string => join(installation.home, 'server.log');

async function clusterVersion(cluster: string): Promise<string | null> {
  try {
    return (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return null;
    }
    throw error;
  }
}

// Safe because we hold the lock: no living Duet owns what is found here.
async function clearLeftovers(home: string, cluster: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (name.startsWith('data.')) {
      await rm(join(home, name), { recursive: true, force: true });
    }
  }
  const pidFile = join(cluster, 'postmaster.pid');
  const pid = Number((await readFile(pidFile, 'utf8').catch((error: unknown) => (hasCode(error, 'ENOENT') ? '' : Promise.reject(error)))).split('\n', 1)[0]);
  if (!Number.isInteger(pid) || pid <= 0) {
    return;
  }
  if (startTimeOf(pid) !== null && isPostgresOn(cluster, pid)) {
    await endProcess(pid, ending);
  }
  // PostgreSQL itself clears a dead server's file, but takes any process that has got its pid since for a live server.
  await rm(pidFile, { force: true });
}

function isPostgresOn(cluster: string, pid: number): boolean {
  const command = commandOf(pid);
  return command !== null && /postgres/.test(command) && command.includes(`-D ${cluster} `);
}

async function initialise(installation: PostgresInstallation, cluster: string, durable: boolean): Promise<void> {
  // Renamed when complete: a cluster is there as a whole or not at all.
  const next = `${cluster}.${randomBytes(6).toString('hex')}`;
  const password = `${next}.password`;
  const handle = await open(password, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await handle.writeFile(randomBytes(24).toString('base64url'));
    if (installation.runAs !== undefined) {
      await handle.chown(installation.runAs.uid, installation.runAs.gid);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await run(
      installation.initdb,
      [
        ...['--pgdata', next, '--username', username, '--pwfile', password, '--auth', 'scram-sha-256', '--no-instructions'],
        // The same sort order and case rules on every machine, whatever locales it has.
        ...['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
        ...(durable ? [] : ['--no-sync']),
      ],
      { ...installation.runAs, cwd: '/', env: toolEnvironment },
    );
  } catch (error) {
    await rm(next, { recursive: true, force: true });
    await rm(password, { force: true });
    const stderr = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : '';
    const detail = stderr.split('\n').find((line) => /error|fatal|could not/i.test(line)) ?? reasonOf(error);
    throw new LocalStoreError(
      `PostgreSQL could not prepare ${installation.home} (${detail}): clear the cause, or set RDS_HOST to a PostgreSQL server of your own`,
    );
  }
  await rename(password, join(next, passwordFile));
  await rename(next, cluster);
}

interface Started {
  readonly server: ServerProcess;
  readonly port: number;
}

async function startServer(installation: PostgresInstallation, cluster: string, password: string, durable: boolean, guardian: Guardian): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const server = await ServerProcess.start({
      command: installation.postgres,
      // The data folder goes first: isPostgresOn looks for it.
      args: ['-D', cluster, '-p', String(port), ...settings({ listen_addresses: host, unix_socket_directories: '', ...(durable ? {} : nonDurableSettings) })],
      logFile: logFile(installation),
      runAs: installation.runAs,
      guardian,
      ending,
    });
    try {
      if (await answers(server, port, password)) {
        return { server, port };
      }
    } catch (error) {
      await server.stop();
      throw error;
    }
    const log = await readFile(logFile(installation), 'utf8');
    // Another program took the port first; or backends of a killed server have not yet noticed its end.
    if (attempt < 20 && /could not bind|pre-existing shared memory block/.test(log)) {
      await sleep(250);
      continue;
    }
    const reason = log.split('\n').find((line) => /FATAL|PANIC/.test(line)) ?? log.trim().split('\n').at(-1) ?? '';
    throw new LocalStoreError(
      `PostgreSQL could not start (${reason.replace(/^.*?(?=FATAL|PANIC)/, '')}): see ${logFile(installation)}, or set RDS_HOST to a PostgreSQL server of your own`,
    );
  }
}

// https://www.postgresql.org/docs/18/non-durability.html
const nonDurableSettings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

function settings(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** A loopback port that nothing listens on at the moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, host, resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server has no port');
  }
  return address.port;
}

// False when the server ended instead. Logging in proves that it is ours: with SCRAM the server, too, proves that it knows the password.
async function answers(server: ServerProcess, port: number, password: string): Promise<boolean> {
  for (const deadline = Date.now() + startTimeoutMs; Date.now() < deadline;) {
    try {
      await query(port, password, 'SELECT 1');
      return true;
    } catch (error) {
      if (!server.running) {
        return false;
      }
      // 57P03 cannot_connect_now: still recovering.
      if (!hasCode(error, 'ECONNREFUSED', 'ECONNRESET', '57P03')) {
        throw new LocalStoreError(
          `PostgreSQL started but refuses us (${reasonOf(error)}): set DUET_DATA_DIR to another folder, or RDS_HOST to a PostgreSQL server of your own`,
        );
      }
      await sleep(30);
    }
  }
  throw new LocalStoreError(`PostgreSQL did not answer within ${startTimeoutMs / 1000} s: set RDS_HOST to a PostgreSQL server of your own`);
}

async function createDatabase(port: number, password: string, database: string): Promise<void> {
  const existing = await query(port, password, 'SELECT 1 FROM pg_database WHERE datname = $1', [database]);
  if (existing.rowCount === 0) {
    await query(port, password, `CREATE DATABASE ${(await loadDriver()).escapeIdentifier(database)}`);
  }
}

async function query(port: number, password: string, text: string, values: readonly string[] = []): Promise<QueryResult> {
  const { Client } = await loadDriver();
  const client = new Client({ host, port, user: username, password, database: 'postgres', ssl: false, connectionTimeoutMillis: 5000 });
  // A connection that breaks also fails the query below; the event alone would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.query(text, [...values]);
  } finally {
    await client.end();
  }
}
