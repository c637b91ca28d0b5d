import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import ts from 'typescript';
import {
  contractVersion,
  createDuetClient,
  DuetConnectionError,
  DuetProblemError,
  DuetSignedOutError,
  type DuetClient,
  type DuetClientOptions,
  type Exchange,
  type TodoPatch,
} from '../../client/index.js';
import { listenOnLoopback } from '../support/loopback.js';
import { startService, type SignedUp, type TestService } from '../support/service.js';
import { goodClaims, signToken } from '../support/tokens.js';
import { deadPort, silentPort } from '../support/wire.js';

// Real here: the client, the service over HTTP and both stores. Servers that misbehave are small ones of this file, over real sockets.

const root = fileURLToPath(new URL('../../', import.meta.url));
const quick = { retryDelayMs: 5, timeoutMs: 5_000 } as const;

let service: TestService;
const closers: (() => Promise<void>)[] = [];
beforeAll(async () => {
  service = await startService();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(closers.splice(0).map(async (close) => close()));
});
afterAll(async () => service?.stop());

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of this handler alone, gone after the test. */
async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler);
  const { url, stop } = await listenOnLoopback(server);
  closers.push(stop);
  return url;
}

/** A server that gives these answers one after the other, the last one forever. */
async function answering(...answers: { status: number; headers?: Record<string, string>; body?: string }[]): Promise<string> {
  let next = 0;
  return serve((_, response) => {
    const { status, headers = {}, body = '' } = answers[Math.min(next++, answers.length - 1)]!;
    response.writeHead(status, headers).end(body);
  });
}

type Fault = 'lose the reply' | 'lose the request';

/** A way to the service that loses the first request which matches, or its reply; `meanwhile` happens then. */
async function lossy(fault: Fault, matches: (request: IncomingMessage) => boolean, meanwhile: () => Promise<unknown> = async () => {}): Promise<string> {
  let done = false;
  return serve((request, response) => {
    const lose = !done && matches(request);
    done ||= lose;
    const drop = (): void => void meanwhile().finally(() => request.socket.destroy());
    if (lose && fault === 'lose the request') {
      request.resume().on('end', drop);
      return;
    }
    const onward = httpRequest(service.url + request.url, { method: request.method, headers: request.headers }, (reply) => {
      if (lose) {
        reply.resume().on('end', drop);
        return;
      }
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    request.pipe(onward);
  });
}

const method =
  (name: string) =>
  (request: IncomingMessage): boolean =>
    request.method === name;
const path =
  (url: string) =>
  (request: IncomingMessage): boolean =>
    request.url === url;

interface Watched {
  readonly duet: DuetClient;
  readonly exchanges: Exchange[];
  /** The attempts at requests that begin so. */
  attempts(start: string): Exchange[];
}

function client(options: Partial<DuetClientOptions> = {}): Watched {
  const exchanges: Exchange[] = [];
  const duet = createDuetClient({ baseUrl: service.url, ...quick, onExchange: (exchange) => exchanges.push(exchange), ...options });
  const named = ({ method: name, url }: Exchange): string => `${name} ${new URL(url).pathname}`;
  return { duet, exchanges, attempts: (start) => exchanges.filter((exchange) => named(exchange).startsWith(start)) };
}

const sessionOf = ({ id, accessToken, refreshToken }: SignedUp) => ({ userId: id, accessToken, refreshToken });
/** A client for a new user. */
async function signedIn(options: Partial<DuetClientOptions> = {}): Promise<Watched> {
  return client({ session: sessionOf(await service.signUp()), ...options });
}
/** A session whose access token ran out an hour ago. */
async function spentSession() {
  const user = await service.signUp();
  const past = Math.floor(Date.now() / 1000) - 3_600;
  return { ...sessionOf(user), accessToken: signToken(service.config.auth.jwtSecret ?? '', { ...goodClaims(user.id), iat: past - 900, exp: past }) };
}

async function failureOf(call: Promise<unknown>): Promise<any> {
  return call.then(
    (value) => expect(value).toBe('a failure'),
    (error: unknown) => error,
  );
}

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
    const { duet, attempts } = client({ baseUrl: await lossy('lose the reply', path('/auth/refresh')), session: await spentSession() });

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

  test('that is signed out is ended at the service too', async () => {
    const { duet } = await signedIn();
    const refreshToken = duet.session?.refreshToken;

    await duet.signOut();

    expect(duet.session).toBeNull();
    expect((await service.call('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(401);
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

describe('A creation', () => {
  const creations: [string, string, (duet: DuetClient) => Promise<unknown>][] = [
    ['todo', 'POST /users/', async (duet) => duet.todos.create({ title: 'Once' })],
    ['visit', 'POST /counter', async (duet) => duet.counter.count()],
    ['record', 'POST /dynamo', async (duet) => duet.records.create({ plan: 'free' })],
  ];

  test.each(creations)('of a %s whose reply was lost happens once, with one key', async (_, start, create) => {
    const { duet, attempts } = await signedIn({ baseUrl: await lossy('lose the reply', method('POST')) });

    const created = await create(duet);

    const [lost, replayed, ...more] = attempts(start);
    expect(more).toEqual([]);
    expect(lost?.status).toBeUndefined();
    expect(replayed?.responseHeaders?.get('Idempotency-Replayed')).toBe('true');
    expect(JSON.parse(replayed?.responseBody ?? '')).toEqual(created);
    const keys = [lost, replayed].map((attempt) => attempt?.requestHeaders.get('Idempotency-Key'));
    expect(keys).toEqual([expect.stringMatching(/^[\da-f-]{36}$/), keys[0]]);
  });

  test('makes a key of its own each time', async () => {
    const { duet, attempts } = await signedIn();

    await duet.todos.create({ title: 'Same' });
    await duet.todos.create({ title: 'Same' });

    expect(new Set(attempts('POST /users/').map(({ requestHeaders }) => requestHeaders.get('Idempotency-Key'))).size).toBe(2);
    expect(await duet.todos.list().take(10)).toHaveLength(2);
  });

  test('takes the caller’s key', async () => {
    const { duet } = await signedIn();

    const [one, two] = [
      await duet.todos.create({ title: 'Same' }, { idempotencyKey: 'mine' }),
      await duet.todos.create({ title: 'Same' }, { idempotencyKey: 'mine' }),
    ];

    expect(one).toEqual(two);
    expect((await failureOf(duet.todos.create({ title: 'Other' }, { idempotencyKey: 'mine' }))).code).toBe('idempotency.key_reused');
  });

  test('that fails for good tells its key, and that it may have happened', async () => {
    const { duet } = await signedIn({ baseUrl: await serve((request) => void request.socket.destroy()), retries: 1 });

    const error = await failureOf(duet.todos.create({ title: 'Perhaps' }, { idempotencyKey: 'mine' }));

    expect([error.reason, error.uncertain, error.idempotencyKey]).toEqual(['unreachable', true, 'mine']);
    expect(error.message).toMatch(/same idempotencyKey/);
  });

  test('without a key is not sent again when its reply was lost', async () => {
    const { duet, attempts } = client({ baseUrl: await lossy('lose the reply', method('POST')) });
    const credentials = { email: `u-${crypto.randomUUID()}@example.com`, password: 'correct horse battery staple' };

    const error = await failureOf(duet.register({ ...credentials, name: 'Ada' }));

    expect([error.constructor, error.uncertain]).toEqual([DuetConnectionError, true]);
    expect(error.message).toMatch(/look before you send it again/);
    expect(attempts('POST /users')).toHaveLength(1);
    expect((await duet.signIn(credentials)).name).toBe('Ada');
  });

  test.each([502, 503, 504])('without a key is not sent again after a %d', async (status) => {
    const { duet, attempts } = client({
      baseUrl: await answering({ status, headers: { 'Content-Type': 'application/problem+json' }, body: problem(status, 'store.unavailable') }),
    });

    const error = await failureOf(duet.signIn({ email: 'ada@example.com', password: 'p' }));

    expect([error.code, error.uncertain]).toEqual(['store.unavailable', true]);
    expect(attempts('POST')).toHaveLength(1);
  });

  test('without a key is sent again when no connection came about', async () => {
    const { duet, attempts } = client({ baseUrl: `http://127.0.0.1:${await deadPort()}`, retries: 2 });

    const error = await failureOf(duet.signIn({ email: 'ada@example.com', password: 'p' }));

    expect([error.reason, error.uncertain]).toEqual(['unreachable', false]);
    expect(attempts('POST')).toHaveLength(3);
  });
});

describe('A change', () => {
  test('carries the version that was read, and is refused when that is stale', async () => {
    const { duet, attempts } = await signedIn();
    const todo = await duet.todos.create({ title: 'One' });

    const changed = await duet.todos.update(todo, { title: 'Two' });
    const replaced = await duet.todos.replace(changed, { title: 'Three' });
    const stale = [
      await failureOf(duet.todos.update(todo, { title: 'X' })),
      await failureOf(duet.todos.replace(todo, { title: 'X' })),
      await failureOf(duet.todos.delete(todo)),
    ];

    expect([changed.version, replaced.version, replaced.title]).toEqual([2, 3, 'Three']);
    expect(stale.map(({ code, status, uncertain }) => [code, status, uncertain])).toEqual(Array(3).fill(['version.stale', 412, false]));
    expect(attempts('PATCH').map(({ requestHeaders }) => requestHeaders.get('If-Match'))).toEqual(['"1"', '"1"']);
    await duet.todos.delete(replaced);
    expect((await failureOf(duet.todos.get(todo.id))).code).toBe('todo.not_found');
  });

  test('of a user carries the version too', async () => {
    const { duet } = await signedIn();
    const user = await duet.users.me();

    const renamed = await duet.users.update(user, { name: 'Grace' });

    expect([renamed.name, renamed.version]).toEqual(['Grace', user.version + 1]);
    expect((await failureOf(duet.users.update(user, { name: 'X' }))).code).toBe('version.stale');
    expect((await failureOf(duet.users.delete(user))).code).toBe('version.stale');
  });

  test('whose reply was lost is recognised as one’s own', async () => {
    const user = await service.signUp();
    const direct = client({ session: sessionOf(user) });
    const todo = await direct.duet.todos.create({ title: 'One', tags: ['a'], checklist: [{ title: 'x' }] });
    const patch = client({ session: sessionOf(user), baseUrl: await lossy('lose the reply', method('PATCH')) });
    const put = client({ session: sessionOf(user), baseUrl: await lossy('lose the reply', method('PUT')) });

    const patched = await patch.duet.todos.update(todo, { title: 'Two', tags: null, checklist: [{ title: 'x', done: true }] });
    const replaced = await put.duet.todos.replace(patched, { title: 'Three' });
    const renamed = await patch.duet.users.update(await patch.duet.users.me(), { name: 'Grace' });

    expect(patch.attempts('PATCH /todos').map(({ status }) => status)).toEqual([undefined, 412]);
    expect([patched.version, patched.title, patched.tags]).toEqual([2, 'Two', []]);
    expect([replaced.version, replaced.title, replaced.checklist]).toEqual([3, 'Three', []]);
    expect(renamed.name).toBe('Grace');
  });

  test.each<[Fault, string, ...TodoPatch[]]>([
    ['lose the request', 'another title', { title: 'Theirs' }],
    ['lose the request', 'the same title and more', { title: 'Mine', status: 'done' }],
    ['lose the reply', 'a change after it', { priority: 'high' }],
    ['lose the reply', 'a change after it, and back', { priority: 'high' }, { priority: 'normal' }],
  ])('is refused when they %s and somebody else wrote meanwhile: %s', async (fault, _, ...theirs) => {
    const user = await service.signUp();
    const { duet: direct } = client({ session: sessionOf(user) });
    const todo = await direct.todos.create({ title: 'One' });
    const other = async (): Promise<void> => {
      for (const patch of theirs) {
        await direct.todos.update(await direct.todos.get(todo.id), patch);
      }
    };
    const { duet } = client({ session: sessionOf(user), baseUrl: await lossy(fault, method('PATCH'), other) });

    const error = await failureOf(duet.todos.update(todo, { title: 'Mine' }));

    expect([error.code, error.uncertain]).toEqual(['version.stale', true]);
  });

  test('that deletes, whose reply was lost, is done', async () => {
    const { duet, attempts } = await signedIn({ baseUrl: await lossy('lose the reply', method('DELETE')) });
    const todo = await duet.todos.create({ title: 'One' });

    await duet.todos.delete(todo);

    expect(attempts('DELETE').map(({ status }) => status)).toEqual([undefined, 404]);
    expect((await failureOf(duet.todos.delete(todo))).code).toBe('todo.not_found');
  });

  test('without a version is not sent again when its reply was lost', async () => {
    const baseUrl = await lossy('lose the reply', method('PATCH'));
    const { duet, attempts } = await signedIn({ baseUrl });
    await duet.records.create({ plan: 'free' });

    const error = await failureOf(duet.records.set('plan', 'team'));

    expect(error.uncertain).toBe(true);
    expect(attempts('PATCH')).toHaveLength(1);
    expect((await duet.records.get())['plan']).toBe('team');
  });
});

describe('A list', () => {
  test('is read page by page, as far as it is asked for', async () => {
    const { duet, attempts } = await signedIn();
    for (const title of ['1', '2', '3', '4', '5']) {
      await duet.todos.create({ title, tags: title === '3' ? ['odd'] : [] });
    }

    const titles: string[] = [];
    for await (const { title } of duet.todos.list({ limit: 2, sort: 'createdAt' })) {
      titles.push(title);
    }
    expect(titles).toEqual(['1', '2', '3', '4', '5']);
    expect(attempts('GET')).toHaveLength(3);

    expect((await duet.todos.list({ limit: 2 }).take(2)).map(({ title }) => title)).toEqual(['5', '4']);
    expect(await duet.todos.list().take(0)).toEqual([]);
    expect(attempts('GET')).toHaveLength(4);
    expect((await duet.todos.list({ tag: 'odd', status: ['open', 'done'], limit: 1 }).take(9)).map(({ title }) => title)).toEqual(['3']);
  });

  test('goes on behind an empty page', async () => {
    const pages = [
      { items: [], nextCursor: 'a' },
      { items: [{ title: 'Late' }], nextCursor: null },
    ];
    const baseUrl = await answering(...pages.map((page) => ({ status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(page) })));
    const { duet } = client({ baseUrl, session: { userId: 'u', accessToken: 'a', refreshToken: 'r' } });

    expect(await duet.todos.list().take(9)).toEqual([{ title: 'Late' }]);
  });

  test('of everyone is for admins', async () => {
    const { duet } = await signedIn();

    expect((await failureOf(duet.users.list().take(1))).code).toBe('access.denied');
    expect((await failureOf(duet.records.list({ limit: 1 }).take(1))).code).toBe('access.denied');
  });
});

describe('Another attempt', () => {
  const problemHeaders = { 'Content-Type': 'application/problem+json' };
  const unavailable = (headers = {}) => ({ status: 503, headers: { ...problemHeaders, ...headers }, body: problem(503, 'store.unavailable') });
  const fine = { status: 200, headers: { 'Content-Type': 'application/json' }, body: '{"name":"duet"}' };

  test('is made after as long as the service asks for', async () => {
    const { duet, attempts } = client({ baseUrl: await answering(unavailable({ 'Retry-After': '1' }), fine) });
    const startedAt = performance.now();

    await duet.service();

    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1_000);
    expect(attempts('GET')).toHaveLength(2);
  });

  test('is made at the date the service names, by the service’s clock', async () => {
    const dated = unavailable({ Date: 'Mon, 01 Jan 2001 00:00:00 GMT', 'Retry-After': 'Mon, 01 Jan 2001 00:00:01 GMT' });
    const { duet } = client({ baseUrl: await answering(dated, fine) });
    const startedAt = performance.now();

    await duet.service();

    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1_000);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  test('is not made when the service asks for more patience than there is', async () => {
    const limited = { status: 429, headers: { ...problemHeaders, 'Retry-After': '900' }, body: problem(429, 'rate_limit.exceeded') };
    const { duet, attempts } = client({ baseUrl: await answering(limited) });

    const error = await failureOf(duet.signIn({ email: 'ada@example.com', password: 'p' }));

    expect([error.code, error.retryAfterMs, error.uncertain]).toEqual(['rate_limit.exceeded', 900_000, false]);
    expect(attempts('POST')).toHaveLength(1);
  });

  test('is made of any request after a 429, which did nothing', async () => {
    const limited = { status: 429, headers: { ...problemHeaders, 'Retry-After': '0' }, body: problem(429, 'rate_limit.exceeded') };
    const tokens = { accessToken: 'a', refreshToken: 'r', user: { id: 'u', name: 'Ada' } };
    const { duet, attempts } = client({ baseUrl: await answering(limited, { ...fine, body: JSON.stringify(tokens) }) });

    expect((await duet.signIn({ email: 'ada@example.com', password: 'p' })).name).toBe('Ada');
    expect(attempts('POST')).toHaveLength(2);
  });

  test.each([0, 1, 3])('is made %d times at most, if so many are allowed', async (retries) => {
    const { duet, attempts } = client({ baseUrl: await answering(unavailable()), retries });

    const error = await failureOf(duet.service());

    expect([error.code, error.uncertain]).toEqual(['store.unavailable', false]);
    expect(attempts('GET').map(({ attempt }) => attempt)).toEqual(Array.from({ length: retries + 1 }, (_, index) => index + 1));
  });

  test.each([400, 404, 409, 500])('is not made after a %d', async (status) => {
    const { duet, attempts } = client({ baseUrl: await answering({ status, headers: problemHeaders, body: problem(status, 'some.code') }) });

    expect((await failureOf(duet.service())).status).toBe(status);
    expect(attempts('GET')).toHaveLength(1);
  });

  test('waits longer each time, and never the same', async () => {
    const random = jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const { duet } = client({ baseUrl: await answering(unavailable(), unavailable(), unavailable(), fine), retryDelayMs: 200 });
    const startedAt = performance.now();

    await duet.service();

    // Half of 200, 400 and 800.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(690);
    expect(performance.now() - startedAt).toBeLessThan(1_400);
    expect(random.mock.calls.length).toBeGreaterThanOrEqual(3);
  });

  test('of a PATCH needs If-Match, also through `api`', async () => {
    const { duet, attempts } = client({ baseUrl: await answering(unavailable()), retries: 1 });
    const call = async (headers: Record<string, string>): Promise<unknown> =>
      failureOf(duet.api.PATCH('/todos/{id}', { params: { path: { id: 'x' } }, body: { title: 'x' }, headers }));

    await call({});
    expect(attempts('PATCH')).toHaveLength(1);
    await call({ 'If-Match': '"1"' });
    expect(attempts('PATCH')).toHaveLength(3);
  });
});

describe('An error', () => {
  test('of the service’s has all of its problem', async () => {
    const { duet, exchanges } = await signedIn();

    const error = await failureOf(duet.todos.create({ title: '', tags: [''] }));

    expect(error).toBeInstanceOf(DuetProblemError);
    expect(error).toMatchObject({ name: 'DuetProblemError', code: 'request.invalid', status: 400, uncertain: false, method: 'POST', retryAfterMs: undefined });
    expect(error.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual(['/tags/0', '/title']);
    expect(error.requestId).toBe(exchanges[0]?.responseHeaders?.get('X-Request-Id'));
    expect(error.message).toMatch(/\/title/);
  });

  test.each([
    'localhost:3000',
    'duet.example.com',
    '',
    'ftp://duet.example.com',
    'http://',
    'http://me:secret@duet.example.com',
    'http://duet.example.com/?a=1',
    'http://duet.example.com/#a',
  ])('tells at once that %j is no baseUrl', (baseUrl) => {
    const create = (): unknown => createDuetClient({ baseUrl });

    expect(create).toThrow(DuetConnectionError);
    expect(create).toThrow(expect.objectContaining({ reason: 'invalid_url', message: expect.stringMatching(/such as https:\/\//) }) as unknown as Error);
  });

  test('tells that nothing listens', async () => {
    const baseUrl = `http://127.0.0.1:${await deadPort()}`;
    const { duet } = client({ baseUrl });

    const error = await failureOf(duet.service());

    expect([error.reason, error.uncertain]).toEqual(['unreachable', false]);
    expect(error.message).toBe(
      `Duet cannot be reached at ${baseUrl} (ECONNREFUSED): check that it runs, that baseUrl has the right host and port, and the network.`,
    );
    expect(error.cause).toBeDefined();
  });

  test('tells that no TLS is spoken there', async () => {
    const { duet } = client({ baseUrl: service.url.replace('http:', 'https:'), retries: 0 });

    const error = await failureOf(duet.service());

    expect(error.reason).toBe('unreachable');
    expect(error.message).toMatch(/http or https/);
  });

  test.each<[string, number, Record<string, string>, string, string, RegExp]>([
    ['a web page', 200, { 'Content-Type': 'text/html' }, '<html>Hello</html>', 'not_duet', /200 with text\/html, which is not Duet's: check baseUrl/],
    ['a web page for an error', 404, { 'Content-Type': 'text/html; charset=utf-8' }, '<html>No</html>', 'not_duet', /404 with text\/html/],
    ['JSON that is no problem', 403, { 'Content-Type': 'application/json' }, '{"message":"Forbidden"}', 'not_duet', /403 with application\/json/],
    ['half of some JSON', 200, { 'Content-Type': 'application/json' }, '{"name":"du', 'not_duet', /200 with application\/json/],
    ['nothing', 200, {}, '', 'not_duet', /200 with no content type/],
    ['a redirect', 301, { Location: 'https://duet.example.com/' }, '', 'not_duet', /redirects to https:\/\/duet\.example\.com\/, .* as baseUrl/],
    [
      'a gateway’s page',
      503,
      { 'Content-Type': 'text/html' },
      '<html>Busy</html>',
      'unavailable',
      /503 with text\/html: something in front of Duet .* Try again later/,
    ],
    ['a gateway’s JSON', 504, { 'Content-Type': 'application/json' }, '{"message":"Endpoint request timed out"}', 'unavailable', /504 with application\/json/],
  ])('tells of %s', async (_, status, headers, body, reason, message) => {
    const { duet, attempts } = client({ baseUrl: await answering({ status, headers, body }), retries: 1 });

    const error = await failureOf(duet.service());

    expect([error.constructor, error.reason]).toEqual([DuetConnectionError, reason]);
    expect(error.message).toMatch(message);
    expect(attempts('GET')).toHaveLength(reason === 'unavailable' ? 2 : 1);
    expect(await failureOf(duet.health())).toMatchObject({ reason });
  });

  test('tells of a server that takes requests and never answers', async () => {
    const silent = await silentPort();
    closers.push(async () => silent.close());
    const { duet, attempts } = client({ baseUrl: `http://127.0.0.1:${silent.port}`, timeoutMs: 100, retries: 1 });
    const startedAt = performance.now();

    const error = await failureOf(duet.service());

    expect(error.reason).toBe('timeout');
    expect(error.message).toMatch(/within 100 ms: .* raise timeoutMs/);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect(attempts('GET')).toHaveLength(2);
  });

  test('tells of an answer that stops half-way', async () => {
    const baseUrl = await serve((_, response) => void response.writeHead(200, { 'Content-Type': 'application/json' }).write('{"name":'));
    const { duet } = client({ baseUrl, timeoutMs: 100, retries: 0 });

    expect(await failureOf(duet.service())).toMatchObject({ reason: 'timeout' });
  });

  test('tells of a sign-in without tokens', async () => {
    const { duet } = client({ baseUrl: await answering({ status: 200, headers: { 'Content-Type': 'application/json' }, body: '{"hello":"world"}' }) });

    const error = await failureOf(duet.signIn({ email: 'ada@example.com', password: 'p' }));

    expect([error.constructor, error.reason]).toEqual([DuetConnectionError, 'not_duet']);
    expect(duet.session).toBeNull();
  });
});

test('Health is told also when a store is down', async () => {
  const readiness = { status: 'error', details: { postgres: { status: 'down' } } };
  const { duet, attempts } = client({
    baseUrl: await answering({ status: 503, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(readiness) }),
  });

  expect(await duet.health()).toEqual(readiness);
  expect(attempts('GET')).toHaveLength(1);
  expect((await client().duet.health()).status).toBe('ok');
});

test('A base path, with or without slashes behind it, is kept', async () => {
  const seen: (string | undefined)[] = [];
  const baseUrl = await serve((request, response) => {
    seen.push(request.url);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"name":"duet"}');
  });

  await createDuetClient({ baseUrl: `${baseUrl}/prod/` }).service();
  await createDuetClient({ baseUrl: `${baseUrl}/prod` }).counter.read();
  await createDuetClient({ baseUrl: `${baseUrl}/prod//` }).counter.read();

  expect(seen).toEqual(['/prod/', '/prod/counter', '/prod/counter']);
});

describe('Cancelling', () => {
  const reason = new Error('not now');

  test('ends a call before it is sent', async () => {
    const { duet, exchanges } = client();

    expect(await failureOf(duet.service({ signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(exchanges.filter(({ status }) => status !== undefined)).toEqual([]);
  });

  test('ends a call that waits for its answer', async () => {
    const silent = await silentPort();
    closers.push(async () => silent.close());
    const { duet, attempts } = client({ baseUrl: `http://127.0.0.1:${silent.port}`, timeoutMs: 30_000 });
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    const startedAt = performance.now();

    expect(await failureOf(duet.service({ signal: controller.signal }))).toBe(reason);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(attempts('GET')).toHaveLength(1);
  });

  test('ends the wait for another attempt', async () => {
    const busy = { status: 503, headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '15' }, body: problem(503, 'store.unavailable') };
    const { duet } = client({ baseUrl: await answering(busy) });
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    const startedAt = performance.now();

    expect(await failureOf(duet.service({ signal: controller.signal }))).toBe(reason);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test('ends the wait for a refresh for one call, and not for the others', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { duet } = client({ session: await spentSession(), baseUrl: await slowRefresh(held) });
    const controller = new AbortController();

    const patient = duet.users.me();
    const impatient = failureOf(duet.users.me({ signal: controller.signal }));
    setTimeout(() => controller.abort(reason), 200);

    expect(await impatient).toBe(reason);
    release();
    expect((await patient).id).toBe(duet.session?.userId);
  });

  async function slowRefresh(held: Promise<void>): Promise<string> {
    return serve((request, response) => {
      const onward = httpRequest(service.url + request.url, { method: request.method, headers: request.headers }, (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      });
      void (request.url === '/auth/refresh' ? held : Promise.resolve()).then(() => request.pipe(onward));
    });
  }
});

describe('The documentation', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'duet-client-'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  });
  afterAll(async () => rm(folder, { recursive: true }));

  /** The examples of a Markdown text, or of docstrings. */
  function examplesIn(text: string): string[] {
    return [...text.matchAll(/^([ *]*)```ts\n([\s\S]*?)^\1```$/gm)].map(([, margin = '', code = '']) =>
      code
        .split('\n')
        .map((line) => (line.startsWith(margin) ? line.slice(margin.length) : line.replace(/^[ *]+$/, '')))
        .join('\n'),
    );
  }

  /** What the comments behind `console.log` say it logs. */
  function promisedBy(code: string): string[] {
    return [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].flatMap(([, comment = '']) => comment.split(' | '));
  }

  /** Type-checks a program as a user of the package would have it, in a browser; then runs it, and gives what it logs. */
  async function run(name: string, code: string): Promise<string[]> {
    const source = code
      .replaceAll("'duet-client'", JSON.stringify(relative(folder, join(root, 'client/index.js'))))
      .replaceAll('https://duet.example.com', service.url);
    const file = join(folder, `${name}.ts`);
    await writeFile(file, `${source}\nexport {};\n`);
    const { config } = ts.readConfigFile(join(root, 'client/tsconfig.json'), (path) => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(root, 'client'));
    const program = ts.createProgram([file], { ...options, noEmit: true, rootDir: undefined, declaration: false });
    const problems = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(problems).toEqual([]);

    const logged: string[] = [];
    jest.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void logged.push(values.map(String).join(' ')));
    await import(pathToFileURL(file).pathname);
    jest.restoreAllMocks();
    return logged;
  }

  test.each([
    ['client/README.md', 15],
    ['README.md', 2],
  ])('in %s is one program that does what it says', async (file, least) => {
    const code = examplesIn(await readFile(join(root, file), 'utf8')).join('\n');

    const logged = await run(`readme-${least}`, code);

    expect(logged).toEqual(promisedBy(code));
    expect(logged.length).toBeGreaterThanOrEqual(least);
  });

  test('in the docstrings does what it says', async () => {
    const files = (await readdir(join(root, 'client'))).filter((file) => file.endsWith('.ts') && file !== 'schema.ts');
    const texts = await Promise.all(files.map(async (file) => readFile(join(root, 'client', file), 'utf8')));
    const examples = texts.flatMap(examplesIn).map((code) => code.replace(/^import .*\n/m, ''));
    const before = `
      import { createDuetClient, DuetProblemError } from 'duet-client';
      const duet = createDuetClient({ baseUrl: 'https://duet.example.com' });
      const credentials = { email: \`ada-\${crypto.randomUUID()}@example.com\`, password: 'correct horse battery staple' };
      await duet.register({ ...credentials, name: 'Ada' });
      await duet.signIn(credentials);
    `;
    expect(examples).toHaveLength(4);
    for (const [index, code] of examples.entries()) {
      const todo = "const todo = await duet.todos.create({ title: 'Water the plants' });";
      expect(await run(`docstring-${index}`, `${before}\n${todo}\nvoid todo;\n${code}`)).toEqual(promisedBy(code));
    }
  });
});

test('The package is of the contract’s version, and needs no other package than openapi-fetch', async () => {
  const read = async (file: string): Promise<any> => JSON.parse(await readFile(join(root, file), 'utf8'));
  const [contract, published, project] = [await read('openapi.json'), await read('client/package.json'), await read('package.json')];

  expect([contract.info.version, published.version]).toEqual([contractVersion, contractVersion]);
  expect(published.dependencies).toEqual({ 'openapi-fetch': project.devDependencies['openapi-fetch'] });
  const files = (await readdir(join(root, 'client'))).filter((file) => file.endsWith('.ts') && file !== 'demo.ts');
  const imports = await Promise.all(
    files.map(async (file) => [...(await readFile(join(root, 'client', file), 'utf8')).matchAll(/from '([^']+)'/g)].map(([, name]) => name)),
  );
  expect(new Set(imports.flat().filter((name) => !name?.startsWith('./') && name !== 'duet-client'))).toEqual(new Set(['openapi-fetch']));
});

function problem(status: number, code: string): string {
  return JSON.stringify({ type: `urn:duet:problem:${code}`, title: 'A problem', status, detail: 'Something.', code, requestId: 'r-1' });
}
