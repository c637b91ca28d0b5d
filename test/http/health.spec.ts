import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { storeTimeouts } from '../../src/config/store-timeouts.js';
import { createServerApp } from '../../src/local/server/server-app.js';
import { eventually } from '../support/eventually.js';
import { callService, startService, type TestService } from '../support/service.js';
import { startWireProxy } from '../support/faults/wire-proxy.js';

// Real here: the service over HTTP and embedded stores. A store that is down is a port where nothing listens, or nothing answers.

const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const identity = { service: 'duet', version: expect.stringMatching(/^\d+\.\d+\.\d+$/), timestamp: instant };
const milliseconds = expect.any(Number);

describe('Health with both stores up', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startService();
  });

  afterAll(async () => {
    await service.stop();
  });

  test('is 200, in the shape of Terminus, for anyone', async () => {
    const answer = await service.call('GET', '/health');

    const details = { postgres: { status: 'up', responseTimeMs: milliseconds }, dynamodb: { status: 'up', responseTimeMs: milliseconds, counterValue: 0 } };
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.headers.get('X-Request-Id')).toBeTruthy();
    expect(answer.body).toEqual({ status: 'ok', info: details, error: {}, details, ...identity });
  });

  test('gives the value of the counter, and counts nothing', async () => {
    await service.call('POST', '/counter');

    const first = await service.call('GET', '/health');
    const second = await service.call('GET', '/health');

    expect(first.body.details.dynamodb.counterValue).toBe(1);
    expect(second.body.details.dynamodb.counterValue).toBe(1);
  });

  test('asked 200 times at once, is one look at each store for all who ask during it', async () => {
    let looks = 0;
    let allHaveAsked = (): void => {};
    const asked = new Promise<void>((resolve) => {
      allHaveAsked = resolve;
    });
    const proxy = await startWireProxy(service.config.dynamodb.endpoint ?? '', async ({ input }, forward) => {
      looks += 1;
      await asked;
      await forward(input);
    });
    const app = await createServerApp({ ...service.config, dynamodb: { ...service.config.dynamodb, endpoint: proxy.endpoint } });
    try {
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      const server = app.getHttpServer();
      const answers = Promise.all(Array.from({ length: 200 }, async () => callService(url, 'GET', '/health')));
      const connections = async (): Promise<number> => new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
      await eventually(async () => (await connections()) >= 200, { what: 'all 200 are connected' });
      await callService(url, 'GET', '/health/live');
      allHaveAsked();

      expect((await answers).map(({ status }) => status)).toEqual(Array(200).fill(200));
      // Those whose bytes came last may have met the next look.
      expect(looks).toBeLessThan(10);
    } finally {
      allHaveAsked();
      await app.close();
      await proxy.stop();
    }
  });

  test('says that the process lives', async () => {
    const answer = await service.call('GET', '/health/live');

    expect(answer.status).toBe(200);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.body).toEqual({ status: 'ok', ...identity });
  });

  test('takes no other method', async () => {
    const refused = await service.call('POST', '/health', { body: {} });

    expect(refused.status).toBe(405);
    expect(refused.headers.get('Allow')).toBe('GET, HEAD');
  });
});

describe('Health with a store down', () => {
  let service: TestService;
  let cleanUp: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    service = await startService();
  });

  afterEach(async () => {
    for (const step of cleanUp.reverse()) {
      await step();
    }
    cleanUp = [];
  });

  afterAll(async () => {
    await service.stop();
  });

  /** A loopback port where connections are taken and nothing is ever answered. */
  async function silentPort(): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => sockets.add(socket.on('error', () => {})));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUp.push(async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  }

  /** A loopback port where nothing listens. */
  async function deadPort(): Promise<number> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  /** The same service, with stores at other ports. */
  async function serviceWith(ports: { postgres?: number; dynamodb?: number }): Promise<string> {
    const { postgres, dynamodb } = service.config;
    const app = await createServerApp({
      ...service.config,
      log: { level: 'error' },
      storeTimeouts: storeTimeouts(),
      postgres: { ...postgres, port: ports.postgres ?? postgres.port },
      dynamodb: { ...dynamodb, endpoint: ports.dynamodb === undefined ? dynamodb.endpoint : `http://127.0.0.1:${ports.dynamodb}` },
    });
    cleanUp.push(async () => app.close());
    await app.listen(0, '127.0.0.1');
    return app.getUrl();
  }

  test('is 503 in the same shape when DynamoDB refuses connections, and says nothing of the inside', async () => {
    const port = await deadPort();
    const url = await serviceWith({ dynamodb: port });

    const answer = await callService(url, 'GET', '/health');

    const up = { postgres: { status: 'up', responseTimeMs: milliseconds } };
    const down = { dynamodb: { status: 'down', responseTimeMs: milliseconds, counterValue: null, message: 'unreachable' } };
    expect(answer.status).toBe(503);
    expect(answer.headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.body).toEqual({ status: 'error', info: up, error: down, details: { ...up, ...down }, ...identity });
    expect(answer.text).not.toContain(String(port));
  });

  test('is 503 in the same shape when PostgreSQL refuses connections', async () => {
    const url = await serviceWith({ postgres: await deadPort() });

    const answer = await callService(url, 'GET', '/health');

    const up = { dynamodb: { status: 'up', responseTimeMs: milliseconds, counterValue: 0 } };
    const down = { postgres: { status: 'down', responseTimeMs: milliseconds, message: 'unreachable' } };
    expect(answer.status).toBe(503);
    expect(answer.body).toEqual({ status: 'error', info: up, error: down, details: { ...up, ...down }, ...identity });
  });

  test('is 503 for stores that take connections and never answer', async () => {
    const url = await serviceWith({ postgres: await silentPort(), dynamodb: await silentPort() });

    const answer = await callService(url, 'GET', '/health');

    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ status: 'error', info: {}, error: { postgres: { status: 'down' }, dynamodb: { status: 'down' } } });
  });

  test('stays alive whatever the stores do', async () => {
    const url = await serviceWith({ postgres: await silentPort(), dynamodb: await silentPort() });

    const answer = await callService(url, 'GET', '/health/live');

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ status: 'ok', ...identity });
  });
});
