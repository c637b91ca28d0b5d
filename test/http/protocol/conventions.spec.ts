import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectProblem } from '../../support/problems.js';
import { startService, type TestService } from '../../support/service.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';
import { sendRaw } from '../../support/wire.js';

// Real here: the service over HTTP, on embedded stores.

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

  test('OPTIONS answers what is allowed', async () => {
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
