import { describe, expect, test } from '@jest/globals';
import { createDuetClient, DuetConnectionError, DuetProblemError } from '../../client/index.js';
import { deadPort, silentPort } from '../support/wire.js';
import { ClientHarness, failureOf } from './client-harness.js';

// Real here: the client, the service over HTTP and both stores. Servers that misbehave are small ones, over real sockets.

const harness = new ClientHarness();
const { serve, answering, client, signedIn } = harness;

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
    const { duet } = client({ baseUrl: harness.service.url.replace('http:', 'https:'), retries: 0 });

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
    harness.closeAfterTest(async () => silent.close());
    const { duet, attempts } = client({ baseUrl: `http://127.0.0.1:${silent.port}`, timeoutMs: 100, retries: 1 });

    const error = await failureOf(duet.service());

    expect(error.reason).toBe('timeout');
    expect(error.message).toMatch(/within 100 ms: .* raise timeoutMs/);
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

test('Health is answered also when a store is down', async () => {
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
