import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { storeTimeouts } from '../../src/config/store-timeouts.js';
import { createServerApp } from '../../src/local/server/server-app.js';
import { expectProblem } from '../support/problems.js';
import { callService, type SignedUp, startService, type TestService } from '../support/service.js';
import { deadPort, silentPort } from '../support/wire.js';

// Real here: the service over HTTP, on embedded stores, and on ports where nothing listens or nothing answers.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => service?.stop());

describe('With a store down', () => {
  let signedUp: SignedUp;
  let cleanUp: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    signedUp = await service.signUp();
  });
  afterEach(async () => {
    for (const step of cleanUp.reverse()) {
      await step();
    }
    cleanUp = [];
  });

  async function portThat(kind: 'refuses' | 'is silent'): Promise<number> {
    if (kind === 'refuses') {
      return deadPort();
    }
    const silent = await silentPort();
    cleanUp.push(async () => silent.close());
    return silent.port;
  }

  async function serviceWith({ postgres, dynamodb }: { postgres?: number; dynamodb?: number }): Promise<string> {
    const { config } = service;
    const app = await createServerApp({
      ...config,
      log: { level: 'error' },
      storeTimeouts: storeTimeouts(),
      postgres: { ...config.postgres, port: postgres ?? config.postgres.port },
      dynamodb: { ...config.dynamodb, endpoint: dynamodb === undefined ? config.dynamodb.endpoint : `http://127.0.0.1:${dynamodb}` },
    });
    cleanUp.push(async () => app.close());
    await app.listen(0, '127.0.0.1');
    return app.getUrl();
  }

  async function expectUnavailable(url: string, routes: readonly (readonly [string, string, unknown?])[], token: string): Promise<void> {
    for (const [method, path, body] of routes) {
      const answer = await callService(url, method, path, { token, body });
      expectProblem(answer, 503, 'store.unavailable');
      expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);
      expect(answer.text).not.toMatch(/ECONN|127\.0\.0\.1|postgres|dynamo|timeout|typeorm/i);
    }
  }

  test.each(['refuses', 'is silent'] as const)('DynamoDB that %s: todos are 503, users and sign-in go on', async (kind) => {
    const url = await serviceWith({ dynamodb: await portThat(kind) });
    const id = randomUUID();

    await expectUnavailable(
      url,
      [
        ['GET', `/todos/${id}`],
        ['POST', `/users/${signedUp.id}/todos`, { title: 'x' }],
        ...(kind === 'refuses'
          ? ([
              ['GET', `/users/${signedUp.id}/todos`],
              ['PATCH', `/todos/${id}`, { title: 'x' }],
              ['DELETE', `/todos/${id}`],
              ['GET', '/counter'],
              ['POST', '/counter'],
              ['GET', `/dynamo?user_id=${signedUp.id}`],
            ] as const)
          : ([['POST', '/counter']] as const)),
      ],
      signedUp.accessToken,
    );

    expect((await callService(url, 'GET', `/users/${signedUp.id}`, { token: signedUp.accessToken })).status).toBe(200);
    const signIn = await callService(url, 'POST', '/auth/login', { body: { email: signedUp.email, password: signedUp.password } });
    expect(signIn.status).toBe(200);
    expect((await callService(url, 'GET', '/')).status).toBe(200);
    expectProblem(await callService(url, 'GET', '/nowhere'), 404, 'route.not_found');
    expectProblem(await callService(url, 'GET', `/todos/${id}`), 401, 'auth.token_missing');
    expectProblem(await callService(url, 'POST', `/users/${signedUp.id}/todos`, { token: signedUp.accessToken, body: {} }), 400, 'request.invalid', ['/title']);
  });

  test.each(['refuses', 'is silent'] as const)('PostgreSQL that %s: users and sign-in are 503, todos, counter and records go on', async (kind) => {
    const url = await serviceWith({ postgres: await portThat(kind) });
    const { id, email, password, accessToken } = await service.signUp();

    await expectUnavailable(
      url,
      [
        ['GET', `/users/${id}`],
        ['POST', '/auth/login', { email, password }],
        ['POST', '/users', { email: `${randomUUID()}@example.com`, name: 'New', password }],
      ],
      accessToken,
    );

    const created = await callService(url, 'POST', `/users/${id}/todos`, { token: accessToken, body: { title: 'x' } });
    expect(created.status).toBe(201);
    expect((await callService(url, 'GET', `/users/${id}/todos`, { token: accessToken })).body.items).toEqual([created.body]);
    expect((await callService(url, 'POST', '/counter')).status).toBe(200);
    expect((await callService(url, 'POST', '/dynamo', { token: accessToken, body: { user_id: id, a: 1 } })).status).toBe(201);
  });
});
