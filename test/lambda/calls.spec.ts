import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import pg from 'pg';
import { type Environment, parseConfig } from '../../src/config/config.js';
import { type LocalStores, startEphemeralStores } from '../../src/local/stores/local-stores.js';
import { provisionTables } from '../../src/local/stores/provision-tables.js';
import { type CallRecorder, createCallRecorder } from '../support/aws/call-recorder.js';
import { type EventBridgeStandIn, startEventBridge } from '../support/aws/eventbridge.js';
import { type FaultProxy, startFaultProxy } from '../support/faults/fault-proxy.js';
import { functionVariables } from '../support/aws/function-variables.js';
import { answerOfFunction, eventOfCall, type FunctionAnswer } from '../support/aws/lambda-calls.js';
import { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import { lambdaRuntimes } from '../support/lambda-runtime/lambda-runtimes.js';
import { type FunctionName, functionNames, packaged } from '../support/setup/package-functions.js';
import { type RdsProxyStandIn, startRdsProxy } from '../support/aws/rds-proxy.js';
import { type SecretsManagerStandIn, startSecretsManager } from '../support/aws/secrets-manager.js';
import { type SesStandIn, startSes } from '../support/aws/ses.js';
import { readTableStream } from '../support/aws/table-stream.js';
import { patientStoreTimeoutMs } from '../support/service.js';
import { deadPort } from '../support/wire.js';

// Real: the zips as they are deployed, each run by Lambda's runtime client with the variables that Terraform gives it; PostgreSQL and DynamoDB
// with its streams. Made up: events, EventBridge, Secrets Manager, SES. Between each function and AWS's services stands a recorder of its own, so
// that what it is seen calling is its own: see infra/calls.json.

const [{ node, client }] = (await lambdaRuntimes()) as [Awaited<ReturnType<typeof lambdaRuntimes>>[number]];

/** The way of one function to its services and its database, which shows what it asks of them. */
interface Ways {
  readonly recorder: CallRecorder;
  readonly postgres: FaultProxy;
  readonly endpoints: Environment;
}

describe('a function', () => {
  /** Not the defaults: a function without the variable of a table does not find it. */
  const tableNames = {
    DYNAMODB_TABLE_NAME: 'duet-test-todos',
    COUNTERS_TABLE_NAME: 'duet-test-counters',
    RECORDS_TABLE_NAME: 'duet-test-records',
    ARCHIVE_TABLE_NAME: 'duet-test-archive',
    RATE_LIMITS_TABLE_NAME: 'duet-test-rate-limits',
  };
  const signingKeyArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:signing-key-AbCdEf';
  const appRoleArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:app-role-AbCdEf';
  const appRole = { username: 'duet_app', password: 'the-first-password-of-the-role' };
  let stores: LocalStores | undefined;
  let rdsProxy: RdsProxyStandIn;
  let bus: EventBridgeStandIn;
  let secrets: SecretsManagerStandIn;
  let ses: SesStandIn;
  const ways = new Map<FunctionName, Ways>();
  const running: LambdaEnvironment[] = [];
  const start = async (name: FunctionName, overrides: Environment = {}): Promise<LambdaEnvironment> => {
    const { postgres, endpoints } = ways.get(name) ?? {};
    const deployed: Environment = {
      ...stores?.environment,
      ...tableNames,
      RDS_PORT: String(postgres?.port),
      EVENT_BUS_NAME: 'bus',
      JWT_SECRET_ARN: signingKeyArn,
      APP_ROLE_SECRET_ARN: appRoleArn,
      MAIL_URL: 'ses:',
      MAIL_FROM: 'Duet <duet@example.com>',
      APP_URL: 'https://app.example.com',
      ...(name !== 'migrate' && { RDS_USERNAME: appRole.username }),
    };
    // What on AWS the proxy finds in a secret, for the token that a function comes with.
    const RDS_PASSWORD = name === 'migrate' ? stores?.environment['RDS_PASSWORD'] : appRole.password;
    const given = Object.fromEntries(functionVariables[name].map((variable) => [variable, deployed[variable]]));
    const environment = await LambdaEnvironment.start({
      folder: packaged('unpacked', name),
      node,
      client,
      variables: {
        LOG_LEVEL: 'warn',
        STORE_TIMEOUT_MS: patientStoreTimeoutMs,
        ...given,
        ...(given['RDS_HOST'] !== undefined && { RDS_PASSWORD }),
        ...endpoints,
        // As Lambda sets them, of the function's role.
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        ...overrides,
      },
    });
    running.push(environment);
    return environment;
  };

  beforeAll(async () => {
    [stores, bus, secrets, ses] = await Promise.all([startEphemeralStores(), startEventBridge(), startSecretsManager(), startSes('example.com')]);
    secrets.put(signingKeyArn, 'a signing key of more than 32 bytes');
    secrets.put(appRoleArn, JSON.stringify(appRole));
    const config = parseConfig({ ...stores.environment, ...tableNames });
    rdsProxy = await startRdsProxy(config.postgres);
    for (const name of functionNames) {
      const recorder = createCallRecorder(name, config.dynamodb.tables);
      ways.set(name, {
        recorder,
        postgres: await startFaultProxy(rdsProxy),
        endpoints: {
          DYNAMODB_ENDPOINT: await recorder.before(config.dynamodb.endpoint ?? ''),
          EVENTBRIDGE_ENDPOINT: await recorder.before(bus.endpoint),
          SECRETS_MANAGER_ENDPOINT: await recorder.before(secrets.endpoint),
          SES_ENDPOINT: await recorder.before(ses.endpoint),
        },
      });
    }
    await provisionTables(config, () => {});
    // The tables of PostgreSQL are for the packaged migrate function to make.
    const migrate = await start('migrate');
    const { migrations, admitted } = await migrate.invoke<{ migrations: string[]; admitted: string }>({});
    expect(migrations).toEqual(expect.arrayContaining([expect.stringMatching(/^CreateUsers\d+$/)]));
    expect(admitted).toBe(appRole.username);
    expect(await migrate.invoke({})).toEqual({ migrations: [], admitted: appRole.username });
  });

  afterAll(async () => {
    await Promise.all(running.map(async (environment) => environment.stop()));
    await Promise.all([stores?.stop(), bus?.stop(), secrets?.stop(), ses?.stop()]);
    for (const { recorder, postgres } of ways.values()) {
      // A token for RDS is signed without a call; what needs the permission is the connection that it opens.
      if (postgres.connectionsTaken > 0) {
        recorder.add('rds-db:connect', 'postgres');
      }
      await postgres.stop();
      await recorder.stop();
    }
    await rdsProxy?.stop();
  });

  test('of requests reads the signing key, and opens a way to PostgreSQL', async () => {
    await register(await start('http'), 'stays@example.com');

    const run = await (await start('outbox')).invoke<{ taken: number; pending: number }>({});

    // The event, and the mail with the link.
    expect(run).toMatchObject({ taken: 2, pending: 0 });
    expect(ses.mails).toMatchObject([{ to: ['stays@example.com'], from: { address: 'duet@example.com' } }]);
  });

  test('archives a todo that TTL has removed, and erases it with its owner', async () => {
    const { id, call } = await register(await start('http'), 'leaves@example.com');
    const todo = await call('POST', `/users/${id}/todos`, { title: 'Long done', status: 'done' });

    expect(await expire(id, todo.body.id)).toEqual({ batchItemFailures: [] });

    expect((await call('GET', `/users/${id}/todos?archived=true`)).body.items).toEqual([{ ...todo.body, archivedAt: expect.any(String), version: 2 }]);
    expect(bus.events.at(-1)).toMatchObject({ detailType: 'todo.archived', detail: { data: { id: todo.body.id } } });

    expect((await call('DELETE', `/users/${id}`)).status).toBe(204);

    expect(await itemsOf(id)).toEqual([expect.objectContaining({ itemKey: 'LIST', deletedAt: expect.any(String) })]);
  });

  test('erases what the deletion of a user could not, because DynamoDB was away', async () => {
    const email = 'gone@example.com';
    const { id, call, token } = await register(await start('http'), email);
    await call('POST', `/users/${id}/todos`, { title: 'To be erased' });
    await call('POST', '/dynamo', { user_id: id, plan: 'free' });
    await expire(id, (await call('POST', `/users/${id}/todos`, { title: 'Long done', status: 'done' })).body.id);
    const cut = await start('http', { DYNAMODB_ENDPOINT: `http://127.0.0.1:${await deadPort()}` });
    const deleted = await cut.invoke<FunctionAnswer>(eventOfCall('DELETE', `/users/${id}`, { token }));
    expect(deleted.statusCode).toBe(204);
    // The aggregate, a todo, the archived one and its marker.
    expect(await itemsOf(id)).toHaveLength(4);
    await letTimePass();

    const { pending } = await (await start('outbox')).invoke<{ pending: number }>({});

    expect(pending).toBe(0);
    expect(await itemsOf(id)).toEqual([expect.objectContaining({ itemKey: 'LIST', deletedAt: expect.any(String) })]);
    expect(bus.events.at(-1)).toMatchObject({ detailType: 'user.deleted', detail: { data: { id } } });
  });

  test('migrates once PostgreSQL can serve, and says that it waits until then', async () => {
    rdsProxy.failWith({ severity: 'FATAL', code: '08000', message: 'Timed-out waiting to acquire database connection.' });
    const migrate = await start('migrate', { LOG_LEVEL: 'info' });
    const run = migrate.invoke({});
    await migrate.linesUntil((lines) => lines.some((line) => line.includes('PostgreSQL cannot serve yet')));

    rdsProxy.failWith(null);

    expect(await run).toEqual({ migrations: [], admitted: appRole.username });
  });

  test('grants a role, and takes it back', async () => {
    const { id } = await register(await start('http'), 'administrator@example.com');
    const migrate = await start('migrate');
    expect(await migrate.invoke({ grantAdmin: id })).toEqual({ granted: 'admin', id });
    expect(await migrate.invoke({ revokeAdmin: id })).toEqual({ revoked: 'admin', id });
    expect(await migrate.invoke({ grantAdmin: id })).toEqual({ granted: 'admin', id });
  });

  test('has dead outbox rows tried again', async () => {
    await inPostgres(`UPDATE outbox SET status = 'dead' WHERE id = (SELECT id FROM outbox WHERE status = 'done' ORDER BY sequence LIMIT 1)`);
    const migrate = await start('migrate');

    expect(await migrate.invoke({ retryOutbox: '01976d3e-0000-7000-8000-000000000000' })).toEqual({ retried: 0 });
    expect(await migrate.invoke({ retryOutbox: 'all' })).toEqual({ retried: 1 });

    await inPostgres(`UPDATE outbox SET status = 'done' WHERE status = 'pending'`);
  });

  test('comes to PostgreSQL with the password that migrate has last set, and with no other', async () => {
    secrets.put(appRoleArn, JSON.stringify({ ...appRole, password: 'the-second-password-of-the-role' }));
    const signIn = async (RDS_PASSWORD: string): Promise<number> => {
      const event = eventOfCall('POST', '/auth/login', { body: { email: 'stays@example.com', password } });
      return (await (await start('http', { RDS_PASSWORD })).invoke<FunctionAnswer>(event)).statusCode;
    };

    expect(await (await start('migrate')).invoke({})).toEqual({ migrations: [], admitted: appRole.username });

    expect(await signIn('the-second-password-of-the-role')).toBe(200);
    expect(await signIn(appRole.password)).toBe(503);
  });

  test.each([
    ['is no JSON', 'hidden-password'],
    ['has no name', JSON.stringify({ password: 'hidden-password-of-16' })],
    ['has a name that would need quoting', JSON.stringify({ username: 'x; DROP TABLE users', password: 'hidden-password-of-16' })],
    ['has a short password', JSON.stringify({ username: 'duet_app', password: 'hidden-password' })],
    ['is of the tables’ owner', JSON.stringify({ username: 'duet', password: 'hidden-password-of-16' })],
  ])('refuses to make a role of a secret that %s, and does not show it', async (_, text) => {
    secrets.put(appRoleArn, text);

    const { error } = await (await start('migrate')).outcomeOf({});

    expect(error).toMatchObject({ errorMessage: expect.stringMatching(/must be|must hold/) });
    expect(JSON.stringify(error)).not.toContain('hidden');
  });

  test('connects to PostgreSQL where it needs it, and stream does not', () => {
    expect([...ways].map(([name, { postgres }]) => [name, postgres.connectionsTaken > 0])).toEqual([
      ['http', true],
      ['stream', false],
      ['outbox', true],
      ['migrate', true],
    ]);
  });

  const todosTable = tableNames.DYNAMODB_TABLE_NAME;
  const password = 'correct horse battery staple';

  async function register(http: LambdaEnvironment, email: string) {
    let token: string | undefined;
    const call = async (method: string, path: string, body?: object) =>
      answerOfFunction(await http.invoke<FunctionAnswer>(eventOfCall(method, path, { body, token })));
    const { body } = await call('POST', '/users', { email, name: 'Test User', password });
    token = (await call('POST', '/auth/login', { email, password })).body.accessToken as string;
    return { id: body.id as string, call, token };
  }

  /** Removes a todo as TTL does, and invokes the stream's function with the record of it. */
  async function expire(userId: string, todoId: string): Promise<object> {
    await withDynamoDb(async (client) => client.send(new DeleteCommand({ TableName: todosTable, Key: { userId, itemKey: `TODO#${todoId}` } })));
    const removal = (await readTableStream(stores?.environment['DYNAMODB_ENDPOINT'] ?? '', todosTable)).at(-1);
    return (await start('stream')).invoke({ Records: [{ ...removal, userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }] });
  }

  async function withDynamoDb<T>(work: (client: DynamoDBDocumentClient) => Promise<T>): Promise<T> {
    const endpoint = stores?.environment['DYNAMODB_ENDPOINT'];
    const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
    try {
      return await work(DynamoDBDocumentClient.from(client));
    } finally {
      client.destroy();
    }
  }

  /** What is left of a user in the tables of todos and archive. */
  async function itemsOf(userId: string): Promise<object[]> {
    const of = { KeyConditionExpression: 'userId = :user', ExpressionAttributeValues: { ':user': userId } };
    return withDynamoDb(async (client) => {
      const pages = await Promise.all(
        [todosTable, tableNames.ARCHIVE_TABLE_NAME].map(async (table) => client.send(new QueryCommand({ TableName: table, ...of }))),
      );
      return pages.flatMap(({ Items = [] }) => Items);
    });
  }

  /** Time passes: what was postponed is due. */
  async function letTimePass(): Promise<void> {
    await inPostgres(`UPDATE outbox SET next_attempt_at = now() WHERE status = 'pending'`);
  }

  async function inPostgres(statement: string): Promise<void> {
    const { host, port, database, username, password: secret } = parseConfig(stores?.environment ?? {}).postgres;
    const client = new pg.Client({ host, port, database, user: username, password: secret });
    await client.connect();
    await client.query(statement);
    await client.end();
  }
});
