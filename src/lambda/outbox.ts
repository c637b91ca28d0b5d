import 'reflect-metadata';
import type { Context } from 'aws-lambda';
import { memoize } from '../common/async.js';
import { AppConfig } from '../config/config.module.js';
import { parseConfig } from '../config/config.js';
import { readEnvironment } from '../config/environment.js';
import { createWorker } from '../create-worker.js';
import { OutboxModule } from '../features/outbox/outbox.module.js';
import { OutboxWorker } from '../features/outbox/outbox-worker.js';
import { DynamoDbModule } from '../platform/dynamodb/dynamodb.module.js';
import { emitMetrics } from '../platform/observability/metrics.js';
import { postgresModule } from '../postgres.module.js';

/** How much of the function's time is kept for ending what is under way, and for the metrics. */
const reserveMs = 12_000;

const boot = memoize(async () => createWorker(parseConfig(readEnvironment(), ['postgres']), [postgresModule, DynamoDbModule, OutboxModule]));

/** What one run did and left. */
export interface OutboxRun {
  readonly taken: number;
  readonly pending: number;
  readonly dead: number;
}

/** Runs every minute: works on the outbox until nothing is due or the time is nearly up, and measures what is left. Throws when PostgreSQL cannot be reached. */
export const handler = async (_event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<OutboxRun> => {
  const app = await boot();
  const worker = app.get(OutboxWorker);
  const taken = await worker.drain(() => context.getRemainingTimeInMillis() > reserveMs);
  const { pending, dead, oldestPendingSeconds } = await worker.backlog();
  emitMetrics(app.get(AppConfig).get('metrics', { infer: true }).namespace, [
    { name: 'OutboxPending', unit: 'count', value: pending },
    { name: 'OutboxDead', unit: 'count', value: dead },
    { name: 'OutboxOldestPendingAge', unit: 'seconds', value: oldestPendingSeconds },
  ]);
  await worker.tidy();
  return { taken, pending, dead };
};
