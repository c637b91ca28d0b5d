import 'reflect-metadata';
import type { Context } from 'aws-lambda';
import { memoize } from '../common/async.js';
import { AppConfig } from '../config/config.module.js';
import { parseConfig } from '../config/config.js';
import { readEnvironment } from '../config/environment.js';
import { createWorker } from '../create-worker.js';
import { OutboxJanitor } from '../features/outbox/worker/outbox-janitor.js';
import { OutboxRepository } from '../features/outbox/outbox.repository.js';
import { OutboxWorkerModule } from '../features/outbox/worker/outbox-worker.module.js';
import { OutboxWorker } from '../features/outbox/worker/outbox-worker.js';
import { DynamoDbModule } from '../platform/dynamodb/dynamodb.module.js';
import { emitMetrics } from '../platform/observability/metrics.js';
import { postgresModule } from '../postgres.module.js';

/** How much of the function's time is kept for ending the work in progress, and for the metrics. */
const reserveMs = 12_000;

const boot = memoize(async () => createWorker(parseConfig(readEnvironment(), ['postgres', 'mail']), [postgresModule, DynamoDbModule, OutboxWorkerModule]));

/** What one run did and left. */
export interface OutboxRun {
  readonly taken: number;
  readonly pending: number;
  readonly dead: number;
}

/** Runs every minute: works on the outbox until nothing is due or the time is nearly up, and measures what is left. Throws when PostgreSQL cannot be reached. */
export const handler = async (_event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<OutboxRun> => {
  const app = await boot();
  const taken = await app.get(OutboxWorker).drain(() => context.getRemainingTimeInMillis() > reserveMs);
  const { pending, dead, oldestPendingSeconds } = await app.get(OutboxRepository).backlog();
  emitMetrics(app.get(AppConfig).metrics.namespace, [
    { name: 'OutboxPending', unit: 'count', value: pending },
    { name: 'OutboxDead', unit: 'count', value: dead },
    { name: 'OutboxOldestPendingAge', unit: 'seconds', value: oldestPendingSeconds },
  ]);
  await app.get(OutboxJanitor).deleteOld();
  return { taken, pending, dead };
};
