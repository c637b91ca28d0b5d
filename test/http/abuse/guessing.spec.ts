import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createServerApp } from '../../../src/local/server/server-app.js';
import type { Config } from '../../../src/config/config.js';
import { storeTimeouts } from '../../../src/config/store-timeouts.js';
import { eventually } from '../../support/eventually.js';
import { startFaultProxy } from '../../support/faults/fault-proxy.js';
import { type Answer, callService, startService, type TestService } from '../../support/service.js';
import { deadPort } from '../../support/wire.js';

// Real: the service, both stores, hashes and limits; in some tests a proxy before DynamoDB is late, or cuts every second connection.

const password = 'correct horse battery staple';
let service: TestService;
beforeAll(async () => {
  service = await startService({ LOGIN_LIMIT_ADDRESS: '100000' });
});
afterAll(async () => service?.stop());

/** Another instance on the same stores. */
async function instance<T>(change: (config: Config) => Config, work: (call: TestService['call']) => Promise<T>): Promise<T> {
  const app = await createServerApp(change(service.config));
  try {
    await app.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    return await work(async (method, path, options) => callService(url, method, path, options));
  } finally {
    await app.close();
  }
}

const guess = async (call: TestService['call'], email: string, turn: number, headers = {}): Promise<Answer> =>
  call('POST', '/auth/login', { body: { email, password: `guess number ${turn}` }, headers });

const count = (answers: readonly { readonly status: number }[], status: number): number => answers.filter((answer) => answer.status === status).length;

describe('Guessing one account’s password from one address', () => {
  test('gets ten guesses at most, however 300 others press the service', async () => {
    const { email } = await service.signUp();
    const { hostname, port } = new URL(service.config.dynamodb.endpoint ?? '');
    const late = await startFaultProxy({ host: hostname, port: Number(port) });
    // As in production, where a store under this press answers each call a little later than it may.
    const times = storeTimeouts();
    late.delay(times.tryMs * 1.1);
    // Every visit that is refused is an error in the log.
    const log = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    await instance(
      (config) => ({ ...config, storeTimeouts: times, dynamodb: { ...config.dynamodb, endpoint: `http://127.0.0.1:${late.port}` } }),
      async (call) => {
        let pressing = true;
        let pressed = 0;
        const press = Array.from({ length: 300 }, async () => {
          while (pressing) {
            await call('POST', '/counter').catch(() => undefined);
            pressed += 1;
          }
        });
        await eventually(() => pressed >= 300, { timeoutMs: 60_000, what: '300 visits' });
        const answers: Answer[] = [];
        for (let round = 0; round < 4; round += 1) {
          answers.push(...(await Promise.all(Array.from({ length: 6 }, async (_, turn) => guess(call, email, 6 * round + turn)))));
        }
        pressing = false;
        await Promise.all(press);
        // What is left of the quota, once there is time for everyone.
        for (let turn = 24; turn < 35; turn += 1) answers.push(await guess(call, email, turn));

        expect(count(answers, 401)).toBeLessThanOrEqual(10);
        expect(answers.at(-1)?.status).toBe(429);
      },
    ).finally(async () => {
      log.mockRestore();
      await late.stop();
    });
  }, 120_000);

  test('gets ten guesses while the limiter’s store is down, and the right password works', async () => {
    const user = await service.signUp();
    const port = await deadPort();

    await instance(
      (config) => ({ ...config, dynamodb: { ...config.dynamodb, endpoint: `http://127.0.0.1:${port}` } }),
      async (call) => {
        expect((await call('POST', '/auth/login', { body: { email: user.email, password } })).status).toBe(200);
        const answers = await Promise.all(Array.from({ length: 16 }, async (_, turn) => guess(call, user.email, turn)));
        expect([count(answers, 401), count(answers, 429)]).toEqual([10, 6]);
        const refused = await call('POST', '/auth/login', { body: { email: user.email, password } });
        expect([refused.status, Number(refused.headers.get('retry-after')) > 800]).toEqual([429, true]);
      },
    );
  });

  test('gets no more guesses from a store that answers now and then', async () => {
    const { email } = await service.signUp();
    const flaky = await startProxy(service.config.dynamodb.endpoint ?? '', { flaky: true });
    try {
      await instance(
        (config) => ({ ...config, dynamodb: { ...config.dynamodb, endpoint: flaky.endpoint } }),
        async (call) => {
          const answers: Answer[] = [];
          for (let turn = 0; turn < 24; turn += 1) answers.push(await guess(call, email, turn));
          expect(count(answers, 401)).toBeLessThanOrEqual(10);
          expect(count(answers, 429)).toBeGreaterThanOrEqual(14);
        },
      );
    } finally {
      await flaky.stop();
    }
  });
});

describe('An answer to a stranger', () => {
  test('does not show how many guesses others have made', async () => {
    const user = await service.signUp();
    await instance(
      (config) => ({ ...config, http: { ...config.http, trustedProxies: 1 } }),
      async (call) => {
        for (let turn = 0; turn < 3; turn += 1) await guess(call, user.email, turn, { 'X-Forwarded-For': `203.0.113.${turn}` });

        const { headers } = await guess(call, user.email, 9, { 'X-Forwarded-For': '198.51.100.7' });

        expect(headers.get('ratelimit')).toMatch(/^"account-address";r=9;t=\d+, "address";r=99999;t=\d+$/);
      },
    );
  });
});

describe('A client', () => {
  test('of a proxy that is trusted is the address that the proxy has seen, whatever it wrote before', async () => {
    await instance(
      (config) => ({ ...config, http: { ...config.http, trustedProxies: 1 }, limits: { ...config.limits, loginAddress: 3 } }),
      async (call) => {
        const from = async (address: string, turn: number): Promise<number> =>
          (await guess(call, `${randomUUID()}@example.com`, turn, { 'X-Forwarded-For': `10.0.0.${turn}, ${address}` })).status;

        const statuses: number[] = [];
        for (let turn = 0; turn < 5; turn += 1) statuses.push(await from('203.0.113.200', turn));
        expect(statuses).toEqual([401, 401, 401, 429, 429]);
        expect(await from('203.0.113.201', 9)).toBe(401);
      },
    );
  });

  test('at an IPv6 address is its /64', async () => {
    await instance(
      (config) => ({ ...config, http: { ...config.http, trustedProxies: 1 }, limits: { ...config.limits, loginAddress: 3, registrationAddress: 2 } }),
      async (call) => {
        const from = (turn: number, network = '2001:db8:1:2') => ({ 'X-Forwarded-For': `${network}::${turn.toString(16)}` });
        const guesses: number[] = [];
        const registrations: number[] = [];
        for (let turn = 0; turn < 5; turn += 1) {
          guesses.push((await guess(call, `${randomUUID()}@example.com`, turn, from(turn))).status);
          const body = { email: `${randomUUID()}@example.com`, name: 'Ada', password };
          registrations.push((await call('POST', '/users', { body, headers: from(turn) })).status);
        }
        expect([guesses, registrations]).toEqual([
          [401, 401, 401, 429, 429],
          [201, 201, 429, 429, 429],
        ]);
        expect((await guess(call, `${randomUUID()}@example.com`, 9, from(9, '2001:db8:1:3'))).status).toBe(401);
      },
    );
  });
});

test('Asking by changes of e-mail who is registered is limited to 20 an hour', async () => {
  const [user, other] = [await service.signUp(), await service.signUp()];
  const statuses: number[] = [];
  for (let turn = 0; turn < 23; turn += 1) {
    const body = { email: other.email, currentPassword: password };
    statuses.push((await service.call('PATCH', `/users/${user.id}`, { token: user.accessToken, body })).status);
  }

  expect([statuses.filter((status) => status === 409).length, statuses.slice(20)]).toEqual([20, [429, 429, 429]]);
}, 60_000);

test('Signing in again and again is limited to so many successes an hour', async () => {
  await instance(
    (config) => ({ ...config, limits: { ...config.limits, loginSuccess: 3 } }),
    async (call) => {
      const { email } = await service.signUp();
      const statuses: number[] = [];
      for (let turn = 0; turn < 4; turn += 1) statuses.push((await call('POST', '/auth/login', { body: { email, password } })).status);
      // One was signing up.
      expect(statuses).toEqual([200, 200, 429, 429]);
    },
  );
});

test('A sign-in costs the limiter four writes, a failed one two, and one that is refused none', async () => {
  const user = await service.signUp();
  const proxy = await startProxy(service.config.dynamodb.endpoint ?? '');
  try {
    await instance(
      (config) => ({ ...config, dynamodb: { ...config.dynamodb, endpoint: proxy.endpoint }, limits: { ...config.limits, loginAccountAddress: 1 } }),
      async (call) => {
        const writes: number[] = [];
        for (const word of [password, 'a wrong password', 'a wrong password']) {
          proxy.operations.length = 0;
          await call('POST', '/auth/login', { body: { email: user.email, password: word } });
          writes.push(proxy.operations.filter((operation) => operation !== 'GetItem').length);
        }
        expect(writes).toEqual([4, 2, 0]);
      },
    );
  } finally {
    await proxy.stop();
  }
});

interface Proxy {
  readonly endpoint: string;
  /** What DynamoDB was asked to do. */
  readonly operations: string[];
  stop(): Promise<void>;
}

/** Stands before DynamoDB; a flaky one cuts the connection of every second request. */
async function startProxy(target: string, { flaky = false } = {}): Promise<Proxy> {
  const operations: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    operations.push(String(request.headers['x-amz-target']).split('.').at(-1) ?? '');
    if (flaky && operations.length % 2 === 0) {
      request.socket.destroy();
      return;
    }
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !['host', 'connection', 'content-length'].includes(name)));
    const answer = await fetch(target, { method: 'POST', headers: headers as Record<string, string>, body: Buffer.concat(chunks) });
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    operations,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
