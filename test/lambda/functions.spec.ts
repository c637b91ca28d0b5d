import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseConfig } from '../../src/config/config.js';
import { type LocalStores, startEphemeralStores } from '../../src/local/stores/local-stores.js';
import { provisionTables } from '../../src/local/stores/provision-tables.js';
import { type EventBridgeStandIn, startEventBridge } from '../support/aws/eventbridge.js';
import { httpApiEvent, restApiEvent } from '../support/aws/lambda-events.js';
import { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import { lambdaRuntimes } from '../support/lambda-runtime/lambda-runtimes.js';
import { type FunctionName, packaged } from '../support/setup/package-functions.js';
import { type RdsProxyStandIn, startRdsProxy } from '../support/aws/rds-proxy.js';
import { readTableStream } from '../support/aws/table-stream.js';
import { patientStoreTimeoutMs } from '../support/service.js';

// Real: the zips as they are deployed, each in an empty folder, run there by Lambda's own runtime client on Lambda's Node versions; PostgreSQL and
// DynamoDB with its streams. Made up: HTTP events, EventBridge, and the Runtime API.

describe.each(await lambdaRuntimes())('functions, run from nothing but their zips on $name,', ({ node, client }) => {
  let stores: LocalStores | undefined;
  let rdsProxy: RdsProxyStandIn;
  let bus: EventBridgeStandIn;
  const running: LambdaEnvironment[] = [];
  const start = async (name: FunctionName): Promise<LambdaEnvironment> => {
    const variables = {
      STORE_TIMEOUT_MS: patientStoreTimeoutMs,
      ...stores?.environment,
      RDS_PORT: String(rdsProxy.port),
      EVENT_BUS_NAME: 'duet-test',
      EVENTBRIDGE_ENDPOINT: bus.endpoint,
      LOG_LEVEL: 'warn',
    };
    const environment = await LambdaEnvironment.start({ folder: packaged('unpacked', name), variables, node, client });
    running.push(environment);
    return environment;
  };

  beforeAll(async () => {
    [stores, bus] = await Promise.all([startEphemeralStores(), startEventBridge()]);
    rdsProxy = await startRdsProxy(parseConfig(stores.environment).postgres);
    await provisionTables(parseConfig(stores.environment), () => {});
    // The tables of PostgreSQL are for the packaged migrate function to make.
    const migrate = await start('migrate');
    const { migrations } = await migrate.invoke<{ migrations: string[] }>({});
    expect(migrations).toEqual(expect.arrayContaining([expect.stringMatching(/^CreateUsers\d+$/)]));
    expect(await migrate.invoke({})).toEqual({ migrations: [] });
  });

  afterAll(async () => {
    await Promise.all(running.map(async (environment) => environment.stop()));
    await Promise.all([stores?.stop(), bus?.stop()]);
    await rdsProxy?.stop();
  });

  interface Result {
    readonly statusCode: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
    readonly body: string;
  }

  describe.each([
    ['HTTP API v2', httpApiEvent],
    ['REST API v1', restApiEvent],
  ] as const)('answers events of %s:', (_, shape) => {
    let http: LambdaEnvironment;
    const email = `${shape.name}@example.com`;
    const password = 'correct horse battery staple';
    const json = { 'content-type': 'application/json' };
    let userId: string;
    let accessToken: string;

    const call = async (method: string, path: string, options: { headers?: Record<string, string>; body?: object } = {}) => {
      const result = await http.invoke<Result>(shape({ method, path, headers: options.headers, body: options.body && JSON.stringify(options.body) }));
      return { status: result.statusCode, headers: { ...result.headers, ...result.multiValueHeaders }, body: JSON.parse(result.body) as any };
    };

    beforeAll(async () => {
      http = await start('http');
    });

    test('what it is, the counter, its health and its contract', async () => {
      const counter = await call('GET', '/counter');
      const service = await call('GET', '/');
      const health = await call('GET', '/health');
      const contract = await call('GET', '/openapi.json');

      expect(counter).toMatchObject({ status: 200, body: { counterId: 'main_counter', visitCount: 0 } });
      expect(service).toMatchObject({ status: 200, body: { name: 'duet', links: { openapi: '/openapi.json' } } });
      expect(health).toMatchObject({ status: 200, body: { status: 'ok', details: { postgres: { status: 'up' }, dynamodb: { status: 'up' } } } });
      expect(contract).toMatchObject({ status: 200, body: { openapi: expect.stringMatching(/^3\.1/) } });
    });

    test('a registration, a sign-in and the profile', async () => {
      const registered = await call('POST', '/users', { headers: json, body: { email, name: 'Test User', password } });
      const signedIn = await call('POST', '/auth/login', { headers: json, body: { email, password } });
      userId = registered.body.id as string;
      accessToken = signedIn.body.accessToken as string;
      const profile = await call('GET', `/users/${userId}`, { headers: { authorization: `Bearer ${accessToken}` } });

      expect([registered.status, signedIn.status, profile.status]).toEqual([201, 200, 200]);
      expect(profile.body).toMatchObject({ id: userId, email, timeZone: 'UTC' });
    });

    test('a todo, and what is wrong with a bad one', async () => {
      const headers = { ...json, authorization: `Bearer ${accessToken}` };
      const created = await call('POST', `/users/${userId}/todos`, { headers, body: { title: 'Grüße 🌱' } });
      const read = await call('GET', `/todos/${String(created.body.id)}`, { headers });
      const refused = await call('POST', `/users/${userId}/todos`, { headers, body: { title: '' } });

      expect([created.status, read.status, refused.status]).toEqual([201, 200, 400]);
      expect(read.body).toEqual(created.body);
      expect(read.body).toMatchObject({ title: 'Grüße 🌱', userId });
      expect(refused.body).toMatchObject({ code: expect.any(String), errors: [{ pointer: '/title', detail: expect.any(String) }] });
      expect([refused.headers['content-type']].flat()).toEqual(['application/problem+json; charset=utf-8']);
    });
  });

  test('publishes what the outbox holds', async () => {
    const outbox = await start('outbox');

    const run = await outbox.invoke<{ taken: number; pending: number; dead: number }>({});

    expect(run).toEqual({ taken: 2, pending: 0, dead: 0 });
    expect(bus.events.map(({ detailType }) => detailType)).toEqual(['user.registered', 'user.registered']);
  });

  test('publishes what the todos table’s stream says', async () => {
    const stream = await start('stream');
    const Records = await readTableStream(stores?.environment['DYNAMODB_ENDPOINT'] ?? '', 'duet-local-todos');

    expect(await stream.invoke({ Records })).toEqual({ batchItemFailures: [] });
    expect(bus.events.filter(({ detailType }) => detailType === 'todo.created').map(({ detail }) => detail.data.title)).toEqual(['Grüße 🌱', 'Grüße 🌱']);
  });
});
