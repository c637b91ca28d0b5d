import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectProblem } from '../../support/problems.js';
import { type Answer, type SignedUp, startService, type TestService } from '../../support/service.js';

// Real: the whole service over HTTP on embedded stores. What a browser makes of the headers is the Fetch standard's.

const local = 'http://localhost:5173';
const app = 'https://app.example.com';
const preflight = { 'Access-Control-Request-Method': 'PATCH', 'Access-Control-Request-Headers': 'authorization,content-type,if-match' };

let service: TestService;
let user: SignedUp;
beforeAll(async () => {
  service = await startService();
  user = await service.signUp();
});
afterAll(async () => service?.stop());

const allowedBy = ({ headers }: Answer): string | null => headers.get('Access-Control-Allow-Origin');
const listIn = ({ headers }: Answer, name: string): string[] => headers.get(name)?.toLowerCase().split(/, */) ?? [];

describe('Without CORS_ORIGINS, pages', () => {
  test.each([local, 'http://127.0.0.1:8080', 'http://[::1]:4000', 'https://localhost', 'http://127.1.2.3'])('of %s may call', async (origin) => {
    const answer = await service.call('GET', '/users/me', { token: user.accessToken, headers: { Origin: origin } });

    expect([answer.status, allowedBy(answer), answer.headers.get('Vary')]).toEqual([200, origin, 'Origin']);
    expect(answer.headers.has('Access-Control-Allow-Credentials')).toBe(false);
  });

  test.each([app, 'http://localhost.evil.example', 'http://evil.example:3000', 'http://192.168.0.10:5173', 'null'])('of %s may not', async (origin) => {
    const answer = await service.call('GET', '/counter', { headers: { Origin: origin } });
    const asked = await service.call('OPTIONS', '/users/me', { headers: { Origin: origin, ...preflight } });

    expect([answer.status, allowedBy(answer), answer.headers.get('Vary')]).toEqual([200, null, 'Origin']);
    expect(allowedBy(asked)).toBeNull();
  });
});

test('With CORS_ORIGINS, the pages named there may call, and no others', async () => {
  const strict = await startService({ CORS_ORIGINS: `${app}, https://other.example.com` });
  try {
    for (const [origin, allowed] of [
      [app, app],
      ['https://other.example.com', 'https://other.example.com'],
      [local, null],
      ['http://app.example.com', null],
    ]) {
      expect(allowedBy(await strict.call('GET', '/counter', { headers: { Origin: origin ?? '' } }))).toBe(allowed);
    }
  } finally {
    await strict.stop();
  }
});

describe('A preflight', () => {
  test('is answered without a token, for every method and header of the contract', async () => {
    const answer = await service.call('OPTIONS', '/users/me', { headers: { Origin: local, ...preflight } });

    const { methods, requestHeaders } = await contractOf();
    expect([answer.status, answer.text, allowedBy(answer), answer.headers.get('Access-Control-Max-Age')]).toEqual([204, '', local, '3600']);
    expect(listIn(answer, 'Access-Control-Allow-Methods')).toEqual(expect.arrayContaining(methods));
    expect(listIn(answer, 'Access-Control-Allow-Headers')).toEqual(expect.arrayContaining([...requestHeaders, 'authorization', 'content-type']));
  });

  test('is not what any other OPTIONS request is', async () => {
    expectProblem(await service.call('OPTIONS', '/users/me', { headers: { Origin: local } }), 405, 'route.method_not_allowed');
    expectProblem(await service.call('OPTIONS', '/users/me', { headers: { ...preflight } }), 405, 'route.method_not_allowed');
  });
});

test('A page may read every header that the contract promises, of answers and of problems', async () => {
  const answer = await service.call('POST', '/users/me/todos', { token: user.accessToken, headers: { Origin: local }, body: { title: 'Water the plants' } });
  const refused = await service.call('GET', '/users/me', { headers: { Origin: local } });
  const unknown = await service.call('GET', '/nothing', { headers: { Origin: local } });

  const { responseHeaders } = await contractOf();
  expect([answer.status, refused.status, unknown.status]).toEqual([201, 401, 404]);
  for (const one of [answer, refused, unknown]) {
    expect(allowedBy(one)).toBe(local);
    expect(listIn(one, 'Access-Control-Expose-Headers')).toEqual(expect.arrayContaining(responseHeaders));
  }
});

interface Contract {
  readonly methods: string[];
  readonly requestHeaders: string[];
  readonly responseHeaders: string[];
}

async function contractOf(): Promise<Contract> {
  const { paths } = JSON.parse(await readFile('openapi.json', 'utf8')) as { paths: Record<string, Record<string, any>> };
  const operations = Object.values(paths).flatMap((path) => Object.entries(path));
  const once = (names: string[]): string[] => [...new Set(names.map((name) => name.toLowerCase()))];
  return {
    methods: once(operations.map(([method]) => method)),
    requestHeaders: once(operations.flatMap(([, { parameters = [] }]) => parameters.flatMap((one: any) => (one.in === 'header' ? [one.name] : [])))),
    responseHeaders: once(operations.flatMap(([, { responses }]) => Object.values(responses).flatMap(({ headers = {} }: any) => Object.keys(headers)))),
  };
}
