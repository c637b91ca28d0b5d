import 'reflect-metadata';
import type { Server } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, ConfigError, type Environment, parseConfig } from './config/config.js';
import { readEnvironment } from './config/environment.js';
import { hasCode, LocalStoreError, reasonOf } from './local/stores/local-store-error.js';
import { startLocalStores, withPlaceholders } from './local/stores/local-stores.js';
import { provisionTables } from './local/stores/provision-tables.js';
import { StopRequest } from './local/server/stop-request.js';

/** How long requests in flight may take to finish once we are asked to stop. */
const drainPatienceMs = 10_000;
/** How long the application may take to close its connections after that. */
const closePatienceMs = 5000;

/** A start that cannot work, and is not a defect: one line says what to do. */
class StartError extends Error {
  override readonly name = 'StartError';
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** What has been started so far, ended in reverse order. */
class Started {
  private readonly endings: (() => Promise<void>)[] = [];

  endWith(ending: () => Promise<void>): void {
    this.endings.unshift(ending);
  }

  /** Goes on to the next when one fails: nothing may be left running. */
  async end(): Promise<void> {
    for (const ending of this.endings.splice(0)) {
      await ending().catch((error: unknown) => void process.stderr.write(`While stopping: ${reasonOf(error)}\n`));
    }
  }
}

async function start(environment: Environment, started: Started, stop: StopRequest): Promise<void> {
  const { http } = parseConfig(withPlaceholders(environment));
  await assertPortIsFree(http);
  // Loading the application takes as long as starting the stores. Its failure is met below, once the stores can be stopped again.
  const loading = Promise.all([import('./local/server/server-app.js'), import('./platform/postgres/postgres.js')]);
  loading.catch(() => undefined);
  const stores = await startLocalStores(environment, { onProgress: say });
  started.endWith(async () => stores.stop());
  const config = parseConfig(stores.environment);
  if (stop.requested) {
    return;
  }

  const [{ createServerApp }, { Postgres }] = await loading;
  const app = await createServerApp(config, { docs: true });
  started.endWith(async () => within(closePatienceMs, app.close()));
  if (config.provisionStores) {
    await Promise.all([provisionTables(config, say), app.get(Postgres).migrate(say)]);
  }
  started.endWith((await import('./local/streams/stream-pump.js')).startStreamPump(app, config).stop);
  if (stop.requested) {
    return;
  }

  const server: Server = app.getHttpServer();
  started.endWith(async () => drain(server, stop));
  try {
    await (http.host === undefined ? app.listen(http.port) : app.listen(http.port, http.host));
  } catch (error) {
    throw explainListen(error, http);
  }
  app.get((await import('./features/outbox/outbox-worker.js')).OutboxWorker).start();
  const address = server.address();
  const url = `http://${urlHost(http.host)}:${address !== null && typeof address === 'object' ? address.port : http.port}`;
  say(`Duet is listening on ${url}`);
  say(`API documentation: ${url}/docs`);
}

// Before the stores are started, so that the commonest mistake costs no time; listening itself still decides.
async function assertPortIsFree(http: Config['http']): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(http.port, http.host, resolve);
    });
  } catch (error) {
    throw explainListen(error, http);
  }
  await new Promise((resolve) => probe.close(resolve));
}

function explainListen(error: unknown, { port, host }: Config['http']): unknown {
  if (hasCode(error, 'EADDRINUSE')) {
    return new StartError(`Port ${port} is in use: stop what uses it, or set PORT to another`);
  }
  if (hasCode(error, 'EACCES')) {
    return new StartError(`This user may not listen on port ${port}: set PORT to one above 1023`);
  }
  if (hasCode(error, 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN')) {
    return new StartError(`${host ?? ''} is not an address of this machine: set HOST to one that is, or leave it out`);
  }
  return error;
}

function urlHost(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0' || host === '::') {
    return 'localhost';
  }
  return host.includes(':') ? `[${host}]` : host;
}

/** Accepts no more connections, and waits until every request in flight has been answered, within bounds. */
async function drain(server: Server, stop: StopRequest): Promise<void> {
  if (!server.listening) {
    return;
  }
  const closed = new Promise((resolve) => server.close(resolve));
  // A kept-alive connection whose last request ends only now would otherwise hold the server open.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  try {
    await Promise.race([closed, stop.urgent, sleep(drainPatienceMs, undefined, { ref: false })]);
  } finally {
    clearInterval(sweep);
    server.closeAllConnections();
  }
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  const limit = new AbortController();
  try {
    await Promise.race([work, sleep(limitMs, undefined, { signal: limit.signal })]);
  } finally {
    limit.abort();
  }
}

function explain(error: unknown, environment: Environment): string {
  if (environment['LOG_LEVEL'] === 'debug' && error instanceof Error) {
    return error.stack ?? error.message;
  }
  const expected = error instanceof ConfigError || error instanceof LocalStoreError || error instanceof StartError;
  return expected ? error.message : `Duet could not start: ${reasonOf(error)} (LOG_LEVEL=debug shows where)`;
}

async function main(): Promise<number> {
  const environment = readEnvironment('.env');
  const stop = new StopRequest();
  const started = new Started();
  const starting = start(environment, started, stop);
  try {
    // An impatient second request goes past a start that hangs: the guardian ends what that start has begun.
    await Promise.race([starting, stop.urgent]);
    await stop.first;
    say('Duet is stopping…');
    return 0;
  } catch (error) {
    process.stderr.write(`${explain(error, environment)}\n`);
    return 1;
  } finally {
    await started.end();
  }
}

// Whoever read our output may be gone before us; that must not keep us from stopping in order.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

process.exit(await main());
