import { describe, expect, test } from '@jest/globals';
import { silentPort } from '../support/wire.js';
import { ClientHarness, failureOf, problem } from './client-harness.js';

// Real here: the client, the service over HTTP and both stores. Servers that misbehave are small ones, over real sockets.

const harness = new ClientHarness();
const { forward, serve, answering, client, spentSession } = harness;

describe('Cancelling', () => {
  const reason = new Error('not now');

  test('ends a call before it is sent', async () => {
    const { duet, exchanges } = client();

    expect(await failureOf(duet.service({ signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(exchanges.filter(({ status }) => status !== undefined)).toEqual([]);
  });

  test('ends a call that waits for its answer', async () => {
    const silent = await silentPort();
    harness.closeAfterTest(async () => silent.close());
    const { duet, attempts } = client({ baseUrl: `http://127.0.0.1:${silent.port}`, timeoutMs: 30_000 });
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);

    expect(await failureOf(duet.service({ signal: controller.signal }))).toBe(reason);
    expect(attempts('GET')).toHaveLength(1);
  });

  test('ends the wait for another attempt', async () => {
    const busy = { status: 503, headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '15' }, body: problem(503, 'store.unavailable') };
    const { duet } = client({ baseUrl: await answering(busy) });
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);

    expect(await failureOf(duet.service({ signal: controller.signal }))).toBe(reason);
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
      void (request.url === '/auth/refresh' ? held : Promise.resolve()).then(() => forward(request, response));
    });
  }
});
