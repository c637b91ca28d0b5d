import { describe, expect, test } from '@jest/globals';
import { DuetConnectionError, type DuetClient } from '../../client/index.js';
import { deadPort } from '../support/wire.js';
import { ClientHarness, failureOf, problem, withMethod } from './client-harness.js';

// Real here: the client, the service over HTTP and both stores. Servers that misbehave are small ones, over real sockets.

const harness = new ClientHarness();
const { serve, answering, lossy, client, signedIn } = harness;

describe('A creation', () => {
  const creations: [string, string, (duet: DuetClient) => Promise<unknown>][] = [
    ['todo', 'POST /users/', async (duet) => duet.todos.create({ title: 'Once' })],
    ['visit', 'POST /counter', async (duet) => duet.counter.count()],
    ['record', 'POST /dynamo', async (duet) => duet.records.create({ plan: 'free' })],
  ];

  test.each(creations)('of a %s whose reply was lost happens once, with one key', async (_, start, create) => {
    const { duet, attempts } = await signedIn({ baseUrl: await lossy('lose the reply', withMethod('POST')) });

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

  test('that fails for good gives its key, and says that it may have happened', async () => {
    const { duet } = await signedIn({ baseUrl: await serve((request) => void request.socket.destroy()), retries: 1 });

    const error = await failureOf(duet.todos.create({ title: 'Perhaps' }, { idempotencyKey: 'mine' }));

    expect([error.reason, error.uncertain, error.idempotencyKey]).toEqual(['unreachable', true, 'mine']);
    expect(error.message).toMatch(/same idempotencyKey/);
  });

  test('without a key is not sent again when its reply was lost', async () => {
    const { duet, attempts } = client({ baseUrl: await lossy('lose the reply', withMethod('POST')) });
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
