import 'reflect-metadata';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { withTimeout } from '../../common/async.js';
import { type Environment, parseConfig } from '../../config/config.js';
import { readEnvironment } from '../../config/environment.js';
import { reasonOf } from '../errors/system-errors.js';
import { startLocalStores } from '../stores/local-stores.js';
import { provisionTables } from '../stores/provision-tables.js';
import { explainStore } from './explain-store.js';
import { buildApp, isAppBuilt } from '../pages/app-page.js';
import { checkStart, explainListen, explainStart } from './preflight.js';
import { StopRequest } from './stop-request.js';
import { nodeAdvice } from './supported-node.js';

/** How long requests in flight may take to finish once a stop is requested. */
const drainTimeoutMs = 10_000;
/** How long the application may take to close its connections after that. */
const closeTimeoutMs = 5000;

/** An embedded PostgreSQL has answered already; a busy machine may still keep it from answering within a request's time. */
const embeddedWait = { maxMs: 60_000, retryMs: 250 };

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
  const http = await checkStart(environment);
  // Loading the application takes as long as starting the stores. Its failure is handled below, once the stores can be stopped again.
  const loading = Promise.all([import('./server-app.js'), import('../../platform/postgres/migrator.js')]);
  loading.catch(() => undefined);
  const building = buildApp();
  building.catch(() => undefined);
  const stores = await startLocalStores(environment, { onProgress: say });
  started.endWith(async () => stores.stop());
  const config = parseConfig(stores.environment);
  if (stop.requested) {
    return;
  }

  const [{ createServerApp }, { Migrator }] = await loading;
  await building;
  const app = await createServerApp(config, { pages: true });
  started.endWith(async () =>
    withTimeout(
      closeTimeoutMs,
      async () => app.close(),
      () => undefined,
    ),
  );
  if (config.provisionStores) {
    await Promise.all([
      provisionTables(config, say).catch((error: unknown) => Promise.reject(explainStore(error, 'DynamoDB', config))),
      app
        .get(Migrator)
        .migrate({ onProgress: say, ...(environment['RDS_HOST'] === undefined && { wait: embeddedWait }) })
        .catch((error: unknown) => Promise.reject(explainStore(error, 'PostgreSQL', config))),
    ]);
  }
  started.endWith((await import('../streams/stream-pump.js')).startStreamPump(app, config).stop);
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
  app.get((await import('../outbox/outbox-scheduler.js')).OutboxScheduler).start();
  const address = server.address();
  const url = `http://${urlHost(http.host)}:${address !== null && typeof address === 'object' ? address.port : http.port}`;
  say(`Duet is listening on ${url}`);
  if (isAppBuilt()) {
    say(`App: ${url}/app/`);
  }
  say(`API documentation: ${url}/docs`);
  const advice = nodeAdvice(process.versions.node);
  if (advice !== undefined) {
    say(advice);
  }
  if (config.mail.route.kind === 'files') {
    say(`Mails: ${url}/mail`);
  }
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
    await Promise.race([closed, stop.urgent, sleep(drainTimeoutMs, undefined, { ref: false })]);
  } finally {
    clearInterval(sweep);
    server.closeAllConnections();
  }
}

/**
 * Runs the service until a stop is requested: embedded stores where none are named, the application, and what AWS does beside it.
 *
 * @returns the exit code: 1 when it could not start
 */
export async function runServer(): Promise<number> {
  // The reader of our output may end before us; that must not keep us from stopping in order.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const environment = readEnvironment('.env');
  const stop = new StopRequest();
  const started = new Started();
  const starting = start(environment, started, stop);
  try {
    // A second, impatient request goes past a start that hangs: the guardian ends what that start has begun.
    await Promise.race([starting, stop.urgent]);
    say(`Duet is stopping: ${await stop.first}`);
    return 0;
  } catch (error) {
    process.stderr.write(`${explainStart(error, environment)}\n`);
    return 1;
  } finally {
    await started.end();
  }
}
