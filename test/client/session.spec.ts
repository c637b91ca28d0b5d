import type { ServerResponse } from 'node:http';
import { describe, expect, jest, test } from '@jest/globals';
import { DuetConnectionError, DuetProblemError, DuetSignedOutError, type DuetClient } from '../../client/index.js';
import { ClientHarness, failureOf, problem, withPath } from './client-harness.js';

// Real here: the client, the service over HTTP and both stores. Servers that misbehave are small ones, over real sockets.

const harness = new ClientHarness();
const { serve, lossy, client, signedIn, spentSession } = harness;

describe('A session', () => {
  test('is refreshed once for ten calls that meet a 401 together', async () => {
    const changes: unknown[] = [];
    const spent = await spentSession();
    const { duet, attempts } = client({ session: spent, onSession: (session) => changes.push(session) });

    const users = await Promise.all(Array.from({ length: 10 }, async () => duet.users.me()));

    expect(users.map(({ id }) => id)).toEqual(Array(10).fill(spent.userId));
    expect(attempts('POST /auth/refresh')).toHaveLength(1);
    expect(attempts('GET /users')).toHaveLength(20);
    expect(changes).toEqual([duet.session]);
    expect(duet.session?.refreshToken).not.toBe(spent.refreshToken);
  });

  test('of which only the refresh token was kept is exchanged before the first request', async () => {
    const { duet, attempts } = client({ session: { ...(await spentSession()), accessToken: '' } });

    await Promise.all([duet.users.me(), duet.users.me()]);

    expect(attempts('POST /auth/refresh').map(({ status }) => status)).toEqual([200]);
    expect(attempts('GET /users').map(({ status }) => status)).toEqual([200, 200]);
  });

  test('that others share is exchanged as its renewal says, with the refresh token that it names', async () => {
    const spent = await spentSession();
    const { duet } = client({
      session: { ...spent, refreshToken: 'spent by another' },
      renewal: async (given, exchange) => (expect(given.refreshToken).toBe('spent by another'), exchange(spent.refreshToken)),
    });

    expect((await duet.users.me()).id).toBe(spent.userId);
  });

  test('is not refreshed again for a call that began before the refresh and was refused after it', async () => {
    const refused = (response: ServerResponse) =>
      response.writeHead(401, { 'Content-Type': 'application/problem+json' }).end(problem(401, 'auth.invalid_token'));
    let refuseLate = (): void => {};
    let late: Promise<void> | undefined;
    const baseUrl = await serve((request, response) => {
      if (request.url === '/auth/refresh') {
        const tokens = { accessToken: 'new', refreshToken: 'new', user: { id: 'u' } };
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(tokens));
      } else if (request.headers.authorization === 'Bearer new') {
        response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"id":"u"}');
      } else if (late === undefined) {
        late = new Promise<void>((resolve) => (refuseLate = resolve)).then(() => void refused(response));
      } else {
        refused(response);
      }
    });
    const { duet, attempts } = client({ baseUrl, session: { userId: 'u', accessToken: 'old', refreshToken: 'old' } });

    const slow = duet.users.me();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await duet.users.me();
    refuseLate();

    expect((await slow).id).toBe('u');
    expect(attempts('POST /auth/refresh')).toHaveLength(1);
    expect(attempts('GET /users').map(({ status }) => status)).toEqual([401, 200, 401, 200]);
  });

  test('outlives the loss of the reply to its refresh', async () => {
    const { duet, attempts } = client({ baseUrl: await lossy('lose the reply', withPath('/auth/refresh')), session: await spentSession() });

    await duet.users.me();

    expect(attempts('POST /auth/refresh').map(({ status }) => status)).toEqual([undefined, 200]);
    expect((await failureOf(duet.todos.get('not an id'))).code).toBe('request.invalid');
  });

  test('ends when the service refuses the refresh token', async () => {
    const changes: unknown[] = [];
    const spent = { ...(await spentSession()), refreshToken: 'AAAA' };
    const { duet } = client({ session: spent, onSession: (session) => changes.push(session) });

    const error = await failureOf(duet.users.me());

    expect([error.constructor, error.code, error.status]).toEqual([DuetProblemError, 'auth.invalid_refresh_token', 401]);
    expect(changes).toEqual([null]);
    expect(duet.session).toBeNull();
    expect(await failureOf(duet.users.me())).toBeInstanceOf(DuetSignedOutError);
  });

  test('is kept when the refresh cannot be reached', async () => {
    const spent = await spentSession();
    const baseUrl = await serve((request, response) => {
      if (request.url === '/auth/refresh') {
        request.socket.destroy();
        return;
      }
      response.writeHead(401, { 'Content-Type': 'application/problem+json' }).end(problem(401, 'auth.invalid_token'));
    });
    const { duet, attempts } = client({ baseUrl, session: spent });

    const error = await failureOf(duet.users.me());

    expect([error.constructor, error.reason]).toEqual([DuetConnectionError, 'unreachable']);
    expect(attempts('POST /auth/refresh')).toHaveLength(4);
    expect(duet.session).toEqual(spent);
  });

  test.each(['1990-01-01', '2100-01-01'])('does not look at a clock that says %s', async (date) => {
    let valid = 'token-1';
    const user = { id: 'u', name: 'Ada' };
    const baseUrl = await serve((request, response) => {
      const tokens = { accessToken: valid, refreshToken: `refresh ${valid}`, expiresIn: 900, tokenType: 'Bearer', user };
      if (request.method === 'POST') {
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(tokens));
      } else if (request.headers.authorization === `Bearer ${valid}`) {
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(user));
      } else {
        response.writeHead(401, { 'Content-Type': 'application/problem+json' }).end(problem(401, 'auth.invalid_token'));
      }
    });
    const { duet, attempts } = client({ baseUrl });
    jest.spyOn(Date, 'now').mockReturnValue(Date.parse(date));

    await duet.signIn({ email: 'ada@example.com', password: 'p' });
    await duet.users.me();
    expect(attempts('POST /auth/refresh')).toHaveLength(0);
    valid = 'token-2';
    await duet.users.me();

    expect(attempts('POST /auth/refresh')).toHaveLength(1);
  });

  test('does not do for the next user what the one before asked for', async () => {
    let refuse = (): void => {};
    const baseUrl = await serve((request, response) => {
      if (request.url === '/auth/login') {
        const tokens = { accessToken: 'theirs', refreshToken: 'theirs', user: { id: 'next' } };
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(tokens));
        refuse();
      } else {
        refuse = () => response.writeHead(401, { 'Content-Type': 'application/problem+json' }).end(problem(401, 'auth.invalid_token'));
      }
    });
    const { duet, attempts, exchanges } = client({ baseUrl, session: { userId: 'first', accessToken: 'mine', refreshToken: 'mine' } });

    const call = failureOf(duet.todos.create({ title: 'Mine' }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await duet.signIn({ email: 'next@example.com', password: 'p' });

    expect((await call).code).toBe('auth.invalid_token');
    expect(attempts('POST /users/').map(({ requestHeaders }) => requestHeaders.get('Authorization'))).toEqual(['Bearer mine']);
    expect(exchanges).toHaveLength(2);
    expect(duet.session?.userId).toBe('next');
  });

  test('sends what its user asked for in that user’s name, also when it ends at the same moment', async () => {
    const { duet, attempts } = await signedIn();
    const { accessToken } = duet.session ?? {};

    const [todo] = await Promise.all([duet.todos.create({ title: 'Mine' }), duet.signOut()]);

    expect(todo.title).toBe('Mine');
    expect(attempts('POST /users/me/todos').map(({ requestHeaders }) => requestHeaders.get('Authorization'))).toEqual([`Bearer ${accessToken}`]);
  });

  test('asks for the caller’s own as `me`', async () => {
    const { duet, exchanges } = await signedIn();

    const todo = await duet.todos.create({ title: 'Mine' });
    await Promise.all([duet.users.me(), duet.users.dashboard(), duet.todos.list().take(1), duet.todos.get(todo.id)]);

    const paths = exchanges.map(({ method, url }) => `${method} ${new URL(url).pathname}`).sort();
    expect(paths).toEqual(['GET /dashboard/me', `GET /todos/${todo.id}`, 'GET /users/me', 'GET /users/me/todos', 'POST /users/me/todos'].sort());
  });

  test('that is signed out is ended at the service too', async () => {
    const { duet } = await signedIn();
    const refreshToken = duet.session?.refreshToken;

    await duet.signOut();

    expect(duet.session).toBeNull();
    expect((await harness.service.call('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(401);
  });

  test('goes with its user', async () => {
    const { duet } = await signedIn();

    await duet.users.delete(await duet.users.me());

    expect(duet.session).toBeNull();
  });

  test.each<[string, (duet: DuetClient) => unknown]>([
    ['todos.create', async (duet) => duet.todos.create({ title: 'x' })],
    ['todos.list', async (duet) => duet.todos.list().take(1)],
    ['users.me', async (duet) => duet.users.me()],
    ['records.get', async (duet) => duet.records.get()],
    ['users.dashboard', async (duet) => duet.users.dashboard()],
  ])('is missed by %s before anything is sent', async (_, call) => {
    const { duet, exchanges } = client();

    const error = await failureOf((async () => call(duet))());

    expect(error).toBeInstanceOf(DuetSignedOutError);
    expect(error.message).toMatch(/signIn/);
    expect(exchanges).toEqual([]);
  });
});
