import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseConfig } from '../../src/config/config.js';
import { createApp } from '../../src/create-app.js';
import { createWorker } from '../../src/create-worker.js';
import { OutboxWorkerModule } from '../../src/features/outbox/worker/outbox-worker.module.js';
import { OutboxWorker } from '../../src/features/outbox/worker/outbox-worker.js';
import { StreamHandler } from '../../src/features/streams/stream-handler.js';
import { StreamsModule } from '../../src/features/streams/streams.module.js';
import { provisionTables } from '../../src/local/stores/provision-tables.js';
import { DynamoDbModule } from '../../src/platform/dynamodb/dynamodb.module.js';
import { postgresModule } from '../../src/postgres.module.js';
import { type EventBridgeStandIn, startEventBridge } from '../support/aws/eventbridge.js';
import { answerOfFunction, eventOfCall, type FunctionAnswer } from '../support/aws/lambda-calls.js';
import { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import { lambdaRuntimes } from '../support/lambda-runtime/lambda-runtimes.js';
import { applicationRoleOf, callService, migrate, patientStoreTimeoutMs, type TestService } from '../support/service.js';
import { readTableStream } from '../support/aws/table-stream.js';
import { accessStores, openStores, type StoreAccess } from '../support/stores.js';
import type { FunctionName } from '../support/setup/package-functions.js';

/** How a release is called. */
export type Call = TestService['call'];

/** The last release's functions and today's application over the same stores, which today's migrations made: what a release by weight is. */
export interface TwoReleases {
  readonly last: Call;
  readonly today: Call;
  /** The names of the last release's migrations, which its migrate function ran before today's. */
  readonly releasedMigrations: readonly string[];
  /** The last release's outbox and stream functions do what is there to do. */
  workLast(): Promise<void>;
  /** The same, of today. */
  workToday(): Promise<void>;
  readonly bus: EventBridgeStandIn;
  readonly truth: StoreAccess;
  stop(): Promise<void>;
}

export async function startTwoReleases(): Promise<TwoReleases> {
  const folder = process.env['DUET_LAST_RELEASE'] ?? '';
  const [runtime] = await lambdaRuntimes();
  if (runtime === undefined) {
    throw new Error('there is no runtime to run functions with');
  }
  const [stores, bus] = await Promise.all([openStores(), startEventBridge()]);
  const owner = parseConfig(stores.environment);
  const role = applicationRoleOf(owner);
  const variables = {
    ...stores.environment,
    RDS_USERNAME: role.username,
    RDS_PASSWORD: role.password,
    EVENT_BUS_NAME: 'duet-test',
    EVENTBRIDGE_ENDPOINT: bus.endpoint,
    LOG_LEVEL: 'error',
    STORE_TIMEOUT_MS: patientStoreTimeoutMs,
  };
  const environments = new Map<FunctionName, Promise<LambdaEnvironment>>();
  const lastOf = async (name: FunctionName): Promise<LambdaEnvironment> => {
    const { node, client } = runtime;
    const started =
      environments.get(name) ??
      LambdaEnvironment.start({ folder: join(folder, name), variables: name === 'migrate' ? stores.environment : variables, node, client });
    environments.set(name, started);
    return started;
  };
  const invokeLast = async <T>(name: FunctionName, event: object): Promise<T> => (await lastOf(name)).invoke<T>(event);
  await provisionTables(owner, () => {});
  const { migrations: releasedMigrations } = await invokeLast<{ migrations: string[] }>('migrate', {});
  await migrate(owner);
  const config = parseConfig(variables);
  const app = await createApp(config);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  const workers = await createWorker(config, [postgresModule, DynamoDbModule, OutboxWorkerModule, StreamsModule]);
  const streamRecords = async () => readTableStream(config.dynamodb.endpoint ?? '', config.dynamodb.tables.todos);

  const last: Call = async (method, path, options) => answerOfFunction(await invokeLast<FunctionAnswer>('http', eventOfCall(method, path, options)));

  const truth = accessStores(owner);
  return {
    last,
    today: async (method, path, options) => callService(url, method, path, options),
    releasedMigrations,
    workLast: async () => {
      await invokeLast('outbox', {});
      await invokeLast('stream', { Records: await streamRecords() });
    },
    workToday: async () => {
      await workers.get(OutboxWorker).drain();
      await workers.get(StreamHandler).handle({ Records: await streamRecords() });
    },
    bus,
    truth,
    stop: async () => {
      await Promise.all([...environments.values()].map(async (environment) => (await environment).stop()));
      await Promise.all([app.close(), workers.close()]);
      await truth.close();
      await Promise.all([stores.stop(), bus.stop()]);
    },
  };
}
