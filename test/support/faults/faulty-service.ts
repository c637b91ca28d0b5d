import { expect } from '@jest/globals';
import { type DynamoDBDocumentClient, GetCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import { type Environment, parseConfig } from '../../../src/config/config.js';
import { isTodo } from '../../../src/features/todos/persistence/todo-items.js';
import { createCallRecorder } from '../aws/call-recorder.js';
import { type BuiltService, startBuiltService } from '../built-service.js';
import { type FaultProxy, startFaultProxy } from './fault-proxy.js';
import { expectProblem } from '../problems.js';
import { type RdsProxyStandIn, startRdsProxy } from '../aws/rds-proxy.js';
import { type Answer, type CallOptions, callService, patientStoreTimeoutMs, signUp, type TestService } from '../service.js';
import { accessStores, openStores, type StoreAccess } from '../stores.js';

/** The built service in a process of its own; it reaches its stores, and its clients reach it, through proxies that inject faults. */
export interface FaultyService extends Pick<TestService, 'config' | 'call' | 'signUp' | 'stop'> {
  /** The variables that lead to the stores, past every fault. */
  readonly environment: Environment;
  readonly postgres: FaultProxy;
  /** Behind that, as strict as RDS Proxy. */
  readonly rdsProxy: RdsProxyStandIn;
  readonly dynamodb: FaultProxy;
  /** Between client and service: one before each instance. */
  readonly doors: readonly FaultProxy[];
  /** One call through the doors, in turn; null when the connection broke, so that its outcome is unknown. */
  knock(method: string, path: string, options?: CallOptions): Promise<Answer | null>;
  /** Stops every instance where it is, as Lambda does between two invocations (SIGSTOP), until {@link thaw}. */
  freeze(): void;
  thaw(): void;
  /** Sends SIGKILL to every instance. */
  kill(): Promise<void>;
  /** Starts them again after {@link kill}, where they were; nothing while they run. */
  restart(): Promise<void>;
  /** The stores themselves, past every fault. */
  readonly truth: Truth;
}

/** What the stores hold, asked without a proxy. */
export interface Truth extends Omit<StoreAccess, 'close'> {
  /** A user's aggregate as it is stored, and the same counted from the todos. */
  counts(userId: string): Promise<{ list: Counts; recount: Counts; todos: Record<string, any>[] }>;
}

interface Counts {
  readonly open: number;
  readonly inProgress: number;
  readonly done: number;
}

/**
 * Starts stores, proxies and the built service, as one process or as several `instances` that are called in turn, as on Lambda. Not in jest's own process: its modules live in a `vm` context, where the SDK does not
 * take Node's network errors for errors, and so does not retry as it does in production.
 */
export async function startFaultyService(environment: Environment = {}, instances = 1): Promise<FaultyService> {
  const stores = await openStores();
  const direct = parseConfig(stores.environment);
  const rdsProxy = await startRdsProxy(direct.postgres);
  const postgres = await startFaultProxy(rdsProxy);
  const recorder = createCallRecorder('any', direct.dynamodb.tables);
  const recorded = new URL(await recorder.before(direct.dynamodb.endpoint ?? ''));
  const dynamodb = await startFaultProxy({ host: '127.0.0.1', port: Number(recorded.port) });
  let started: BuiltService[] = [];
  const startInstances = async (ports: readonly string[]): Promise<void> => {
    for (let instance = 0; instance < instances; instance += 1) {
      // One after the other: the first makes the tables.
      started.push(
        await startBuiltService({
          ...stores.environment,
          REGISTRATION_LIMIT_ADDRESS: '100000',
          STORE_TIMEOUT_MS: patientStoreTimeoutMs,
          RDS_PORT: String(postgres.port),
          DYNAMODB_ENDPOINT: `http://127.0.0.1:${dynamodb.port}`,
          ...environment,
          ...(ports[instance] !== undefined && { PORT: ports[instance] }),
        }),
      );
    }
  };
  await startInstances([]);
  const urls = started.map(({ url }) => url);
  const doors = await Promise.all(urls.map(async (url) => startFaultProxy({ host: '127.0.0.1', port: Number(new URL(url).port) })));
  const access = accessStores(direct);
  let calls = 0;
  const call: TestService['call'] = async (method, path, options) => callService(urls[calls++ % instances] ?? '', method, path, options);
  return {
    environment: stores.environment,
    config: direct,
    call,
    signUp: async (overrides = {}) => signUp(call, overrides),
    postgres,
    rdsProxy,
    dynamodb,
    doors,
    knock: async (method, path, options) => orNull(callService(`http://127.0.0.1:${doors[calls++ % instances]?.port}`, method, path, options)),
    freeze: () => started.forEach(({ pid }) => process.kill(pid, 'SIGSTOP')),
    thaw: () => started.forEach(({ pid }) => process.kill(pid, 'SIGCONT')),
    kill: async () => {
      const running = started;
      started = [];
      await Promise.all(running.map(async (instance) => instance.kill()));
    },
    restart: async () => (started.length === 0 ? startInstances(urls.map((url) => new URL(url).port)) : undefined),
    truth: { ...access, counts: async (userId) => countsOf(access.dynamodb, direct.dynamodb.tables.todos, userId) },
    stop: async () => {
      await Promise.all([...doors.map(async (door) => door.stop()), postgres.restore(), dynamodb.restore(), access.close()]);
      await Promise.all(started.map(async (instance) => instance.stop()));
      await Promise.all([postgres.stop(), dynamodb.stop()]);
      await stores.stop();
      await recorder.stop();
      await rdsProxy.stop();
    },
  };
}

/** The contract for a store that is out of reach: 503, a problem, when to try again. */
export function expectUnavailable(answer: Answer): void {
  expectProblem(answer, 503, 'store.unavailable');
  expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);
}

/** Null when the connection broke on the way. */
async function orNull(call: Promise<Answer>): Promise<Answer | null> {
  try {
    return await call;
  } catch (error) {
    // What fetch throws when the connection breaks; a defect of the test is something else. Not `instanceof`: it is of another realm than jest's.
    if (/^(fetch failed|terminated)$/.test((error as Error).message)) {
      return null;
    }
    throw error;
  }
}

async function countsOf(client: DynamoDBDocumentClient, table: string, userId: string): ReturnType<Truth['counts']> {
  const { Item: stored = {} } = await client.send(new GetCommand({ TableName: table, Key: { userId, itemKey: 'LIST' }, ConsistentRead: true }));
  const todos: Record<string, any>[] = [];
  const pages = paginateQuery(
    { client },
    {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: 'userId = :user AND begins_with(itemKey, :todo)',
      FilterExpression: isTodo,
      ExpressionAttributeValues: { ':user': userId, ':todo': 'TODO#' },
    },
  );
  for await (const { Items = [] } of pages) {
    todos.push(...Items);
  }
  const having = (status: string): number => todos.filter((todo) => todo['status'] === status).length;
  return {
    list: { open: Number(stored['open'] ?? 0), inProgress: Number(stored['inProgress'] ?? 0), done: Number(stored['done'] ?? 0) },
    recount: { open: having('open'), inProgress: having('in_progress'), done: having('done') },
    todos,
  };
}
