import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectProblem } from '../../support/problems.js';
import { type Answer, startService, type TestService } from '../../support/service.js';
import { goodClaims, signToken, type TokenBearer, tokenBearer } from '../../support/tokens.js';

// Real here: the service over HTTP, DynamoDB, and token checks. The users have good tokens, and no profile: todos need none.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => service?.stop());

const newUser = (): TokenBearer => tokenBearer(service.config);
const create = async (user: TokenBearer): Promise<Record<string, any>> => {
  const answer = await service.call('POST', `/users/${user.id}/todos`, { token: user.token, body: { title: 'A todo' } });
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return answer.body;
};
const callTodo = async (user: TokenBearer, method: string, id: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> =>
  service.call(method, `/todos/${id}`, { token: user.token, body, headers });

describe('Someone else', () => {
  const byId = [
    ['GET', undefined],
    ['PUT', { title: 'x' }],
    ['PATCH', { title: 'x' }],
    ['DELETE', undefined],
  ] as const;

  test('finds no todo of another’s, and cannot tell it from none', async () => {
    const [owner, other] = [newUser(), newUser()];
    const todo = await create(owner);

    for (const [method, body] of byId) {
      const theirs = await callTodo(other, method, todo['id'], body);
      const nobodys = await callTodo(other, method, randomUUID(), body);
      expectProblem(theirs, 404, 'todo.not_found');
      expect({ ...theirs.body, requestId: '' }).toEqual({ ...nobodys.body, requestId: '' });
    }
    expect((await callTodo(owner, 'GET', todo['id'])).body).toEqual(todo);
  });

  test('is refused below another’s user id, whether or not there is such a user; an admin too', async () => {
    const owner = newUser();
    await create(owner);

    for (const caller of [newUser(), tokenBearer(service.config, 'UTC', 'admin')]) {
      for (const id of [owner.id, randomUUID(), 'not-an-id']) {
        expectProblem(await service.call('GET', `/users/${id}/todos`, { token: caller.token }), 403, 'access.denied');
        expectProblem(await service.call('POST', `/users/${id}/todos`, { token: caller.token, body: { title: 'x' } }), 403, 'access.denied');
      }
    }
    expect((await service.call('GET', `/users/${owner.id}/todos`, { token: owner.token })).body.items).toHaveLength(1);
  });
});

describe('Without a token that holds', () => {
  const routes = (id: string): (readonly [string, string, unknown?])[] => [
    ['GET', `/users/${id}/todos`],
    ['POST', `/users/${id}/todos`, { title: 'x' }],
    ['GET', `/todos/${id}`],
    ['PUT', `/todos/${id}`, { title: 'x' }],
    ['PATCH', `/todos/${id}`, { title: 'x' }],
    ['DELETE', `/todos/${id}`],
  ];

  test('every route is 401, and without any token says no more than Bearer', async () => {
    for (const [method, path, body] of routes(randomUUID())) {
      const answer = await service.call(method, path, { body });
      expectProblem(answer, 401, 'auth.token_missing');
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
    }
  });

  test.each(['Basic dXNlcjpwYXNz', 'Bearer', 'Token abc'])('the header "%s" counts as none', async (authorization) => {
    const answer = await service.call('GET', `/todos/${randomUUID()}`, { headers: { Authorization: authorization } });

    expectProblem(answer, 401, 'auth.token_missing');
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
  });

  test.each<[string, (user: TokenBearer, secret: string) => string]>([
    ['garbage', () => 'garbage'],
    ['three parts of garbage', () => 'a.b.c'],
    ['expired', ({ id }, secret) => signToken(secret, { ...goodClaims(id), iat: 1_700_000_000, exp: 1_700_000_900 })],
    [
      'expired for a minute, made 16 minutes ago',
      ({ id }, secret) => signToken(secret, { ...goodClaims(id), iat: Math.floor(Date.now() / 1000) - 960, exp: Math.floor(Date.now() / 1000) - 60 }),
    ],
    [
      'good for a year',
      ({ id }, secret) => signToken(secret, { ...goodClaims(id), iat: Math.floor(Date.now() / 1000) - 3_600, exp: Math.floor(Date.now() / 1000) + 31_536_000 }),
    ],
    ['forged with another key', ({ id }) => signToken('another key, as long as it has to be', goodClaims(id))],
    ['signed with an empty key', ({ id }) => signToken('', goodClaims(id))],
    ['of alg none', ({ id }, secret) => signToken(secret, goodClaims(id), { alg: 'none', typ: 'JWT' })],
    ['of alg None, with a signature', ({ id }, secret) => signToken(secret, goodClaims(id), { alg: 'None', typ: 'JWT' })],
    ['of another algorithm', ({ id }, secret) => signToken(secret, goodClaims(id), { alg: 'HS512', typ: 'JWT' })],
    ['for another audience', ({ id }, secret) => signToken(secret, { ...goodClaims(id), aud: 'other' })],
    ['of another issuer', ({ id }, secret) => signToken(secret, { ...goodClaims(id), iss: 'other' })],
    ['without an expiry', ({ id }, secret) => signToken(secret, { ...goodClaims(id), exp: undefined })],
    ['of a role that does not exist', ({ id }, secret) => signToken(secret, { ...goodClaims(id), role: 'root' })],
    ['of no subject', (_, secret) => signToken(secret, { ...goodClaims(''), sub: undefined })],
    [
      'with its claims exchanged',
      ({ token, id }, secret) => token.replace(/\.[^.]+\./, `.${signToken(secret, { ...goodClaims(id), role: 'admin' }).split('.')[1]}.`),
    ],
  ])('a token that is %s is 401 and changes nothing', async (_, forge) => {
    const user = newUser();
    const token = forge(user, service.config.auth.jwtSecret ?? '');

    const answer = await service.call('POST', `/users/${user.id}/todos`, { token, body: { title: 'x' } });

    expectProblem(answer, 401, 'auth.invalid_token');
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer error="invalid_token"');
    expect((await service.call('GET', `/users/${user.id}/todos`, { token: user.token })).body.items).toEqual([]);
  });
});
