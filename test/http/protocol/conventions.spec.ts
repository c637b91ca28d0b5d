import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { storeTimeouts } from '../../../src/config/config.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { expectProblem } from '../../support/problems.js';
import { callService, type SignedUp, startService, type TestService } from '../../support/service.js';
import { goodClaims, signToken, type TokenBearer, tokenBearer } from '../../support/tokens.js';
import { deadPort, sendRaw, silentPort } from '../../support/wire.js';

// Real here: the service over HTTP, on embedded stores, and on ports where nobody listens or nobody answers.

let service: TestService;
let user: TokenBearer;
beforeAll(async () => {
  service = await startService();
  user = tokenBearer(service.config);
});
afterAll(async () => service?.stop());

const raw = async (...lines: string[]) => sendRaw(service.url, `${lines.join('\r\n')}\r\n\r\n`);

describe('An unknown route', () => {
  test.each(['/nowhere', '/todos', '/todos/', '/users/x/y/z', '/dynamo/x', '//todos//', '/.env', '/users/../../etc/passwd', '/%zz', '/Health/Live/x'])(
    '%s is 404',
    async (path) => {
      const { status } = await service.call('GET', path, { token: user.token });
      expect(status).toBe(404);
      expectProblem(await raw(`GET ${path} HTTP/1.1`, 'Host: duet', 'Connection: close'), 404, 'route.not_found');
    },
  );

  test('is 404 for every method, with and without a token', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      expectProblem(await service.call(method, '/nowhere'), 404, 'route.not_found');
      expectProblem(await service.call(method, '/nowhere', { token: 'bad' }), 404, 'route.not_found');
    }
    expect((await service.call('HEAD', '/nowhere')).status).toBe(404);
  });
});

describe('A method that a route does not take', () => {
  const id = randomUUID();

  test.each([
    ['POST', '/', 'GET, HEAD'],
    ['DELETE', '/health/live', 'GET, HEAD'],
    ['PUT', '/openapi.json', 'GET, HEAD'],
    ['PUT', '/users', 'GET, HEAD, POST'],
    ['PUT', `/users/${id}`, 'DELETE, GET, HEAD, PATCH'],
    ['POST', `/users/${id}`, 'DELETE, GET, HEAD, PATCH'],
    ['GET', '/auth/login', 'POST'],
    ['DELETE', '/auth/refresh', 'POST'],
    ['PATCH', `/users/${id}/todos`, 'GET, HEAD, POST'],
    ['POST', `/todos/${id}`, 'DELETE, GET, HEAD, PATCH, PUT'],
    ['POST', `/dashboard/${id}`, 'GET, HEAD'],
    ['DELETE', '/counter', 'GET, HEAD, POST'],
    ['PUT', '/dynamo', 'DELETE, GET, HEAD, PATCH, POST'],
    ['PROPFIND', `/todos/${id}`, 'DELETE, GET, HEAD, PATCH, PUT'],
  ])('%s %s is 405 and says that it takes %s', async (method, path, allow) => {
    const answer = await service.call(method, path, { token: user.token, ...(method !== 'GET' && { body: 'not json' }) });

    expectProblem(answer, 405, 'route.method_not_allowed');
    expect(answer.headers.get('Allow')).toBe(allow);
  });

  test('is 405 without a token too, and with a query and a slash at the end', async () => {
    expectProblem(await service.call('POST', `/todos/${id}`), 405, 'route.method_not_allowed');
    expectProblem(await service.call('POST', `/todos/${id}/?x=1`), 405, 'route.method_not_allowed');
  });

  test('OPTIONS tells what is allowed', async () => {
    const { headers } = await service.call('OPTIONS', `/todos/${id}`);

    expect(headers.get('Allow')).toBe('DELETE, GET, HEAD, PATCH, PUT');
  });

  test('HEAD goes wherever GET does', async () => {
    for (const path of ['/', '/health', '/health/live', '/openapi.json', '/counter', `/users/${user.id}/todos`]) {
      const { status, text } = await service.call('HEAD', path, { token: user.token });
      expect([path, status, text]).toEqual([path, 200, '']);
    }
  });
});

describe('A path that cannot be decoded', () => {
  test.each(['/todos/%zz', '/todos/%', '/users/%E0%A4%A/todos', '/dashboard/%ff'])('%s is 400', async (path) => {
    expectProblem(await raw(`GET ${path} HTTP/1.1`, 'Host: duet', 'Connection: close', `Authorization: Bearer ${user.token}`), 400, 'request.malformed');
    expectProblem(await raw(`PROPFIND ${path} HTTP/1.1`, 'Host: duet', 'Connection: close'), 400, 'request.malformed');
  });
});

describe('X-Request-Id', () => {
  test.each(['abc', '7', 'a.b:c-d_e', 'x'.repeat(128)])('"%s" is kept', async (id) => {
    expect((await service.call('GET', '/health/live', { headers: { 'X-Request-Id': id } })).headers.get('X-Request-Id')).toBe(id);
    expect((await service.call('GET', '/nowhere', { headers: { 'X-Request-Id': id } })).body.requestId).toBe(id);
  });

  test.each(['', 'x'.repeat(129), 'a b', 'a"b', '<script>', 'é', 'a,b'])('"%s" is replaced', async (id) => {
    const answer = await service.call('GET', '/nowhere', { headers: { 'X-Request-Id': id } });

    expectProblem(answer, 404, 'route.not_found');
    expect(answer.headers.get('X-Request-Id')).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f-]{21}$/);
  });

  test('is on every answer, another each time', async () => {
    const answers = [
      await service.call('GET', '/'),
      await service.call('GET', `/users/${user.id}/todos`, { token: user.token }),
      await service.call('POST', `/users/${user.id}/todos`, { token: user.token, body: { title: 'x' } }),
      await service.call('POST', `/users/${user.id}/todos`, { token: user.token, body: '{' }),
      await service.call('GET', '/todos/x'),
      await service.call('DELETE', '/counter'),
      await service.call('GET', '/openapi.json'),
      await service.call('HEAD', '/'),
    ];

    const ids = answers.map(({ headers }) => headers.get('X-Request-Id'));
    expect(ids).toEqual(ids.map(() => expect.stringMatching(/^[\da-f-]{36}$/)));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('Headers', () => {
  test('keep a browser from guessing types and a cache from keeping answers, and name no software', async () => {
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/nowhere'],
      ['GET', `/users/${user.id}/todos`],
      ['POST', '/health'],
    ] as const) {
      const { headers } = await service.call(method, path, { token: user.token });
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('Cache-Control')).toMatch(/no-cache|no-store/);
      expect([headers.get('X-Powered-By'), headers.get('Server')]).toEqual([null, null]);
    }
  });

  test('keep no problem in a cache', async () => {
    for (const path of ['/nowhere', `/todos/${randomUUID()}`]) {
      expect((await service.call('GET', path, { token: user.token })).headers.get('Cache-Control')).toBe('no-store');
    }
  });
});

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

describe('The log', () => {
  test('has one JSON line a request, with the route’s template and nothing that is a person’s or secret', async () => {
    const lines: string[] = [];
    const collect = (text: unknown): true => (
      lines.push(
        ...String(text)
          .split('\n')
          .filter((line) => line !== ''),
      ),
      true
    );
    const spies = [jest.spyOn(process.stdout, 'write').mockImplementation(collect), jest.spyOn(process.stderr, 'write').mockImplementation(collect)];
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      spies.push(jest.spyOn(console, method).mockImplementation((line: unknown) => void collect(line)) as never);
    }
    const app = await createServerApp({ ...service.config, log: { level: 'info' } });
    try {
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      const email = 'secret-person@example.com';
      const password = 'a very secret password';
      const headers = {
        'User-Agent': `agent/${'u'.repeat(200)}`,
        'X-Request-Id': 'the-request',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      };
      const token = signToken(service.config.auth.jwtSecret ?? '', goodClaims(user.id));
      const { body: created } = await callService(url, 'POST', `/users/${user.id}/todos`, { token, body: { title: 'private title' }, headers });
      await callService(url, 'GET', `/todos/${created.id}?token=query-secret`, { token, headers });
      await callService(url, 'POST', '/users', { body: { email, password, name: 'Private Name' }, headers });
      await callService(url, 'POST', '/auth/login', { body: { email, password: `${password} wrong` }, headers });
      await callService(url, 'GET', '/nowhere/private-path', { token: 'bad-token-secret', headers });
      await callService(url, 'PUT', `/todos/${created.id}`, { headers });
      await callService(url, 'POST', `/todos/${created.id}`, { headers });
      await sendRaw(url, 'private garbage\r\n\r\n');
    } finally {
      await app.close();
      spies.forEach((spy) => spy.mockRestore());
    }

    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ message }) => message === 'request');
    expect(entries.map(({ route, status }) => [route, status])).toEqual([
      ['POST /users/{id}/todos', 201],
      ['GET /todos/{id}', 200],
      ['POST /users', 201],
      ['POST /auth/login', 401],
      ['GET (none)', 404],
      ['PUT /todos/{id}', 401],
      ['POST (none)', 405],
      ['(none)', 400],
    ]);
    for (const entry of entries.slice(0, -1)) {
      expect(entry).toMatchObject({
        level: 'INFO',
        message: 'request',
        service: 'duet',
        requestId: 'the-request',
        traceId: '0af7651916cd43dd8448eb211c80319c',
        durationMs: expect.any(Number),
      });
      expect(entry['userAgent']).toBe(`agent/${'u'.repeat(94)}`);
    }
    expect(lines.join('\n')).not.toMatch(/secret|private|Private|127\.0\.0\.1|::1|@|Bearer|eyJ/);
    expect(lines.join('\n')).not.toContain(user.id);
  });
});
