import { describe, expect, test } from '@jest/globals';
import { steps } from '../../../client/cli/tour/tour.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { CommandLineHarness } from './command-line-harness.js';

// Real here: the tour, its client, the service over HTTP and both stores.

const harness = new CommandLineHarness();
const { altered, play } = harness;

const escapes = new RegExp(String.fromCodePoint(27));
const erased = new RegExp(`✓ ${steps.length} {2}Erase the user`);
const todoPath = /^PATCH \/todos\//;

describe('The tour', () => {
  test('plays every step as promised, and says so', async () => {
    const { code, out, err } = await play(['demo']);

    expect([code, err]).toEqual([0, '']);
    expect(out.match(/✓/g)).toHaveLength(steps.length);
    expect(out).toMatch(new RegExp(`${steps.length} of ${steps.length} steps as promised: \\d+ requests in \\d+ ms`));
    expect(out).toMatch(/412 version\.stale/);
    expect(out).not.toMatch(escapes);
  });

  test('forgets the password, and finds the mail', async () => {
    const { url, seen } = await altered((_, body) => body);

    const { out } = await play(['demo'], { url });

    expect(out).toContain('the link held once, ended every session, and verified the e-mail');
    expect(seen.filter((request) => request.startsWith('POST /auth/reset'))).toHaveLength(2);
  });

  test('asks a service for no mail that shows none', async () => {
    const { config } = harness.service;
    const app = await createServerApp({ ...config, mail: { ...config.mail, route: { kind: 'smtp', host: '127.0.0.1', port: 9, tls: 'none' } } });
    harness.closeAfterTest(async () => app.close());
    await app.listen(0, '127.0.0.1');

    const { code, out } = await play(['demo', '--verbose'], { url: await app.getUrl() });

    expect(code).toBe(0);
    expect(out).toContain('not played');
    expect(out).not.toContain('/auth/forgot');
  });

  test('is one JSON document with --json', async () => {
    const { code, out } = await play(['demo', '--json', '--verbose'], { terminal: true });

    const { ok, url, steps: reports, requests } = JSON.parse(out);
    expect([code, ok, url]).toEqual([0, true, harness.service.url]);
    expect(reports.map(({ name, outcome }: { name: string; outcome: string }) => [name, outcome])).toEqual(steps.map(({ name }) => [name, 'ok']));
    expect(requests).toBe(reports.reduce((sum: number, report: { exchanges: unknown[] }) => sum + report.exchanges.length, 0));
    expect(requests).toBeGreaterThan(25);
  });

  test('shows requests and answers with --verbose, without secrets', async () => {
    const { out } = await play(['demo', '--verbose']);

    expect(out).toMatch(/→ POST \/users\/me\/todos {2}Idempotency-Key: /);
    expect(out).toMatch(/→ PATCH \/todos\/[\da-f-]{36} {2}If-Match: "1"/);
    expect(out).toMatch(/← 412/);
    expect(out).toMatch(/"accessToken": "…"/);
    expect(out).not.toMatch(/eyJ|demo [\da-f]{8}-/);
  });

  test('is coloured on a terminal, unless NO_COLOR says otherwise', async () => {
    expect((await play(['demo'], { terminal: true })).out).toMatch(escapes);
    expect((await play(['demo'], { terminal: true, environment: { NO_COLOR: '1' } })).out).not.toMatch(escapes);
  });

  test.each<[string, (request: string, body: any) => unknown, RegExp]>([
    ['an update that is lost', (request, body) => (todoPath.test(request) ? { ...body, title: 'Other' } : body), /the update: promised is .*Call Grace Hopper/],
    ['a list that is wrong', (request, body) => (request.includes('tag=home') ? { ...body, items: [] } : body), /tag=home: promised is/],
    ['a counter that stands still', (request, body) => (request.endsWith('/counter') ? { ...body, visitCount: 7 } : body), /the counter went 7, 7, 7/],
    ['a dashboard that miscounts', (request, body) => (body.todos ? { ...body, todos: { ...body.todos, done: 2 } } : body), /the counts: promised is/],
    ['a store that is degraded', (_, body) => (body.degraded ? { ...body, degraded: ['postgres'] } : body), /degraded/],
    ['a record that forgets', (request, body) => (request.startsWith('GET /dynamo') && body.plan ? { ...body, plan: 'free' } : body), /the record read back/],
  ])('tells of %s, ends with 1, and erases its user', async (_, alter, message) => {
    const { url, seen } = await altered(alter);

    const { code, out } = await play(['demo'], { url });

    expect(code).toBe(1);
    expect(out).toMatch(/✗/);
    expect(out).toMatch(message);
    expect(out).toMatch(erased);
    expect(seen.filter((request) => request.startsWith('DELETE /users/'))).toHaveLength(1);
  });

  test('tries nothing more after a step that all builds on, but erases', async () => {
    const { url } = await altered((request, body) => (request.endsWith('/todos') && body.title === 'Call Grace' ? { ...body, version: 9 } : body));

    const { code, out } = await play(['demo'], { url });

    expect(code).toBe(1);
    expect(out.match(/not tried/g)).toHaveLength(steps.length - 6);
    expect(out).toMatch(erased);
    expect(out).toContain(`5 of ${steps.length} steps as promised`);
  });

  test('erases also a user whose registration it could not see', async () => {
    const { url, seen } = await altered((request, body) => (request === 'POST /users' ? { ...body, name: 'Nobody' } : body));

    const { code } = await play(['demo'], { url });

    expect(code).toBe(1);
    expect(seen.filter((request) => /^(POST \/auth\/login|DELETE)/.test(request))).toEqual([
      'POST /auth/login',
      expect.stringMatching(/^DELETE \/users\//),
      'POST /auth/login',
    ]);
  });

  test('that is interrupted still erases its user', async () => {
    const interruption = new AbortController();
    const { url, seen } = await altered((request, body) => {
      if (request.endsWith('/todos')) {
        interruption.abort();
      }
      return body;
    });

    const { code, out } = await play(['demo'], { url, interruption: interruption.signal });

    expect(code).toBe(1);
    expect(out).toMatch(/- {2}6 .*\n *not tried/);
    expect(seen.some((request) => request.startsWith('DELETE /users/'))).toBe(true);
  });
});

describe('A service of another version', () => {
  const version = (other: string) => async () => (await altered((request, body) => (request === 'GET /' ? { ...body, version: other } : body))).url;

  test.each([
    ['1.9.0', steps.length - 1, 0],
    ['2.1.0', 1, steps.length - 2],
  ])('%s is reported, and fails the tour', async (other, kept, untried) => {
    const { code, out } = await play(['demo'], { url: await version(other)() });

    expect(code).toBe(1);
    expect(out).toContain(`this is Duet ${other}, and the demo was made for 1.0.0: use the demo that came with version ${other}`);
    expect(out).toContain(`${kept} of ${steps.length} steps as promised`);
    expect(out.match(/not tried/g) ?? []).toHaveLength(untried);
  });

  test('is printed beside the result of a command', async () => {
    const { code, out, err } = await play(['counter', 'show'], { url: await version('2.1.0')() });

    expect(code).toBe(0);
    expect(err).toMatch(/^Careful: this is Duet 2\.1\.0/);
    expect(out).toMatch(/visit/);
  });
});
