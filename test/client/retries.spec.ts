import { describe, expect, jest, test } from '@jest/globals';
import { retryAfterMs, waitBefore } from '../../client/http/retry.js';
import { ClientHarness, failureOf, problem, problemHeaders } from './client-harness.js';

// Real here: the client, the service over HTTP and both stores. Servers that misbehave are small ones, over real sockets.

const harness = new ClientHarness();
const { answering, client } = harness;

describe('Another attempt', () => {
  const unavailable = (headers = {}) => ({ status: 503, headers: { ...problemHeaders, ...headers }, body: problem(503, 'store.unavailable') });
  const fine = { status: 200, headers: { 'Content-Type': 'application/json' }, body: '{"name":"duet"}' };

  test('is made after the service asked to wait, and not before', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
    const policy = { retries: 3, retryDelayMs: 200, longestWaitMs: 20_000 };

    expect(waitBefore(1, policy, retryAfterMs(new Headers({ 'Retry-After': '3' })))).toBe(3_000);
  });

  test('is made at the date that the service names, by the clock of the service', () => {
    const headers = new Headers({ Date: 'Mon, 01 Jan 2001 00:00:00 GMT', 'Retry-After': 'Mon, 01 Jan 2001 00:00:02 GMT' });

    expect(retryAfterMs(headers)).toBe(2_000);
    expect(retryAfterMs(new Headers({ 'Retry-After': 'soon' }))).toBeUndefined();
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

  test('waits for a random part of a span that doubles up to its limit', () => {
    const policy = { retries: 3, retryDelayMs: 200, longestWaitMs: 1_000 };
    jest.spyOn(Math, 'random').mockReturnValue(0.5);

    expect([1, 2, 3, 4, 5].map((attempt) => waitBefore(attempt, policy))).toEqual([100, 200, 400, 500, 500]);
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
