import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { lambdaNodeVersion } from '../../infra/package/runtime.mjs';
import { parseConfig } from '../../src/config/config.js';
import { eventually } from '../support/eventually.js';
import { type FaultProxy, startFaultProxy } from '../support/faults/fault-proxy.js';
import { type EventRequest, httpApiEvent } from '../support/aws/lambda-events.js';
import type { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import { lambdaRuntimes } from '../support/lambda-runtime/lambda-runtimes.js';
import { ownConnections } from '../support/stores.js';
import { goodClaims, signToken } from '../support/tokens.js';
import { bodyOf, headerOf, type HttpResult, type LambdaStage, setLambdaStage } from './lambda-stage.js';

// Real: the packaged function under Lambda's own runtime client, PostgreSQL and DynamoDB. Between the function and PostgreSQL stands a proxy that
// can refuse connections.

const json = { 'content-type': 'application/json' };

describe.each(await lambdaRuntimes())('an environment of http on $name', (runtime) => {
  let stage: LambdaStage;
  let proxy: FaultProxy;
  let userId: string;
  let http: LambdaEnvironment;

  const send = async ({ headers, ...request }: EventRequest): Promise<HttpResult> => {
    const token = signToken(stage.variables['JWT_SECRET'] ?? '', goodClaims(userId));
    return http.invoke<HttpResult>(httpApiEvent({ ...request, headers: { ...json, authorization: `Bearer ${token}`, ...headers } }));
  };
  const readProfile = async () => send({ method: 'GET', path: `/users/${userId}` });
  const readCounter = async () => send({ method: 'GET', path: '/counter' });
  const start = async (overrides = {}, memoryMb?: number) => stage.start('http', { RDS_PORT: String(proxy.port), ...overrides }, memoryMb);

  beforeAll(async () => {
    stage = await setLambdaStage(runtime);
    const { host, port } = parseConfig(stage.variables).postgres;
    proxy = await startFaultProxy({ host, port });
    http = await start();
    const body = JSON.stringify({ email: 'ada@example.com', name: 'Ada', password: 'correct horse battery staple' });
    userId = (bodyOf(await http.invoke<HttpResult>(httpApiEvent({ method: 'POST', path: '/users', headers: json, body }))) as { id: string }).id;
  });

  beforeEach(async () => {
    http = await start();
  });

  afterEach(async () => {
    await proxy.restore();
    await http.stop();
  });

  afterAll(async () => {
    await stage?.stop();
    await proxy?.stop();
  });

  test('answers a cold and fifty warm requests, and counts one cold start', async () => {
    const path = `/users/${userId}/todos`;
    const answers = [await readCounter()];
    for (let call = 0; call < 50; call++) {
      answers.push(
        await [readCounter, readProfile, async () => send({ method: 'POST', path, body: `{"title":"${call}"}` }), async () => send({ method: 'GET', path })][
          call % 4
        ]!(),
      );
    }

    expect(answers.map(({ statusCode }) => statusCode).filter((status) => status >= 300)).toEqual([]);
    const isMetric = (line: string) => line.includes('"_aws"');
    const lines = await http.linesUntil((some) => some.filter(isMetric).length >= answers.length);
    expect(lines.filter(isMetric)).toHaveLength(51);
    expect(lines.filter((line) => line.includes('"ColdStart"'))).toHaveLength(1);
  });

  test('serves what DynamoDB has while PostgreSQL is down from the start, and all of it when that is back', async () => {
    await proxy.cut();

    const counter = await readCounter();
    const todo = await send({ method: 'POST', path: `/users/${userId}/todos`, body: '{"title":"Water the plants"}' });
    const profile = await readProfile();
    await proxy.restore();
    const recovered = await readProfile();

    expect([counter, todo, profile, recovered].map(({ statusCode }) => statusCode)).toEqual([200, 201, 503, 200]);
    expect(bodyOf(profile)).toMatchObject({ status: 503, code: expect.any(String) });
    expect(headerOf(profile, 'retry-after')).toMatch(/^\d+$/);
  });

  test('does not notice that its connections were ended between two requests', async () => {
    expect((await readProfile()).statusCode).toBe(200);

    expect(await endConnections(stage)).toBeGreaterThan(0);

    expect((await readProfile()).statusCode).toBe(200);
  });

  test('is ready before its first request, connections included, where concurrency is provisioned', async () => {
    await endConnections(stage);
    http = await start({ AWS_LAMBDA_INITIALIZATION_TYPE: 'provisioned-concurrency' });

    // Nothing has been asked for yet.
    await expect(connectionsOf(stage)).resolves.toBe(1);

    expect((await readProfile()).statusCode).toBe(200);
  });

  test('tries again after a start that failed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'duet-preload-'));
    try {
      // The key is wrong until a signal says so: a start that fails, and then would not, with nothing of the function's changed.
      const preload = join(folder, 'repair.cjs');
      await writeFile(
        preload,
        `const { JWT_SECRET } = process.env; process.env.JWT_SECRET = 'short'; process.on('SIGUSR2', () => { process.env.JWT_SECRET = JWT_SECRET; console.log('repaired'); });`,
      );
      http = await start({ NODE_OPTIONS: `--require ${preload}` });

      const failed = await http.outcomeOf(httpApiEvent({ method: 'GET', path: '/' }));
      process.kill(http.pid, 'SIGUSR2');
      // The runtime client puts the time and the request's id before it.
      await http.linesUntil((lines) => lines.some((line) => line.endsWith('repaired')));
      const answer = await readProfile();

      expect(failed.error?.errorMessage).toMatch(/JWT_SECRET must be at least 32 bytes long/);
      expect(answer.statusCode).toBe(200);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test.each([512, 1024, 1769])('of %d MB runs the compiled code it was packaged with, or says that it could not', async (memoryMb) => {
    await http.stop();
    http = await start({}, memoryMb);
    // Through every part that has a cache of its own.
    await readCounter();
    await readProfile();
    await send({ method: 'POST', path: '/auth/login', body: '{"email":"ada@example.com","password":"correct horse battery staple"}' });

    // Lines keep their order: behind the last request's there is none of its parts' left.
    const lines = await http.linesUntil((some) => some.some((line) => line.includes('POST /auth/login')));
    const rejected = lines.filter((line) => line.includes('cachedDataRejected'));
    // V8 takes a cache of its own version only; the functions run on the version it was made with.
    if (runtime.version === lambdaNodeVersion) {
      expect(rejected).toEqual([]);
    } else {
      expect(rejected.map((line) => (JSON.parse(line) as { file: string }).file)).toContain('app.cjs');
    }
  });
});

/** Ends every connection of the service as an administrator would, and returns how many there were. */
async function endConnections(stage: LambdaStage): Promise<number> {
  return rowsOf(stage, `SELECT pg_terminate_backend(pid) ${ownConnections}`);
}

/** How many connections the functions hold, once there is one. */
async function connectionsOf(stage: LambdaStage): Promise<number> {
  return eventually(async () => rowsOf(stage, `SELECT 1 ${ownConnections}`), {
    what: 'the functions are connected',
  });
}

async function rowsOf({ variables }: LambdaStage, query: string): Promise<number> {
  const { host, port, username, password, database } = parseConfig(variables).postgres;
  const client = new pg.Client({ host, port, user: username, password, database });
  await client.connect();
  try {
    const { rowCount } = await client.query(query);
    return rowCount ?? 0;
  } finally {
    await client.end();
  }
}
