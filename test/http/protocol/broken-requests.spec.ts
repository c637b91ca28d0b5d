import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Config } from '../../../src/config/config.js';
import { createServerApp, type ServerBounds } from '../../../src/local/server/server-app.js';
import { eventually } from '../../support/eventually.js';
import { expectProblem } from '../../support/problems.js';
import { startService, type TestService } from '../../support/service.js';
import { sendRaw } from '../../support/wire.js';

// Real: the server, and bytes on its socket. On Lambda such requests end at API Gateway.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => service?.stop());

describe('What is no HTTP at all', () => {
  test.each<[string, string, number, string]>([
    ['a header of 20,000 bytes', `GET / HTTP/1.1\r\nHost: duet\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'request.header_too_large'],
    ['a path of 20,000 bytes', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: duet\r\n\r\n`, 431, 'request.header_too_large'],
    ['a query of 1,000,000 bytes', `GET /?q=${'x'.repeat(1_000_000)} HTTP/1.1\r\nHost: duet\r\n\r\n`, 431, 'request.header_too_large'],
    ['garbage', 'this is not HTTP\r\n\r\n', 400, 'request.malformed'],
    ['a TLS greeting', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000', 400, 'request.malformed'],
    ['an unknown method', 'GRAB / HTTP/1.1\r\nHost: duet\r\n\r\n', 400, 'request.malformed'],
    ['a header with NUL', 'GET / HTTP/1.1\r\nHost: duet\r\nX-Bad: a\0b\r\n\r\n', 400, 'request.malformed'],
    [
      'two ways to tell the length',
      'POST /counter HTTP/1.1\r\nHost: duet\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'request.malformed',
    ],
    ['a length that is no number', 'POST /counter HTTP/1.1\r\nHost: duet\r\nContent-Length: ten\r\n\r\n', 400, 'request.malformed'],
    ['a space in the path', 'GET /a b HTTP/1.1\r\nHost: duet\r\n\r\n', 400, 'request.malformed'],
  ])('%s is answered with a problem', async (_, text, status, code) => {
    const answer = await sendRaw(service.url, text);

    expectProblem(answer, status, code);
    expect(answer.headers.get('Connection')).toBe('close');
    expect(Number(answer.headers.get('Content-Length'))).toBe(Buffer.byteLength(answer.text));
  });

  test('does not disturb others: the service goes on', async () => {
    await Promise.all(Array.from({ length: 20 }, async () => sendRaw(service.url, 'garbage\r\n\r\n')));

    expect((await service.call('GET', '/health/live')).status).toBe(200);
  });

  test('an unknown expectation is ignored', async () => {
    expect((await sendRaw(service.url, 'GET /health/live HTTP/1.1\r\nHost: duet\r\nConnection: close\r\nExpect: miracles\r\n\r\n')).status).toBe(200);
  });
});

describe('A slow client', () => {
  test('may take longer for its body than the stores may take for the request', async () => {
    const user = await service.signUp();
    const requestMs = 2_300;
    await withServer({ ...service.config, storeTimeouts: { ...service.config.storeTimeouts, requestMs } }, {}, async (url) => {
      const body = JSON.stringify({ title: 'Sent slowly' });
      const request = httpRequest(`${url}/users/${user.id}/todos`, {
        method: 'POST',
        headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/json', 'content-length': body.length },
      });
      request.flushHeaders();

      await sleep(requestMs + 100);
      request.end(body);

      const [answer] = await once(request, 'response');
      expect([answer.statusCode, await text(answer)]).toEqual([201, expect.stringContaining('Sent slowly')]);
    });
  });

  test.each([
    ['header', 'POST /counter HTTP/1.1\r\nHost: duet\r\n'],
    ['body', 'POST /counter HTTP/1.1\r\nHost: duet\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{'],
  ])('is answered 408 when its %s does not arrive in time', async (_, begun) => {
    await withServer(service.config, { requestMs: 200, checkEveryMs: 50 }, async (url) => {
      expectProblem(await sendRaw(url, begun), 408, 'request.timeout');
    });
  });

  test('can hold no more connections than the server has', async () => {
    await withServer(service.config, { connections: 3 }, async (url) => {
      const { port } = new URL(url);
      const open = async (): Promise<Socket> => {
        const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        socket.write('POST /counter HTTP/1.1\r\nHost: duet\r\n');
        return socket;
      };
      const held = [await open(), await open(), await open()];

      const refused = await open();
      await once(refused, 'close');
      expect(refused.bytesRead).toBe(0);

      held[0]?.destroy();
      const isServed = async () => (await sendRaw(url, 'GET /health/live HTTP/1.1\r\nHost: duet\r\nConnection: close\r\n\r\n')).status === 200;
      await eventually(isServed, { what: 'another is served' });
      held.forEach((socket) => socket.destroy());
    });
  });
});

/** Runs `work` on a second server over the same stores. */
async function withServer(config: Config, bounds: Partial<ServerBounds>, work: (url: string) => Promise<void>): Promise<void> {
  const app = await createServerApp(config, { bounds });
  try {
    await app.listen(0, '127.0.0.1');
    await work(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`);
  } finally {
    await app.close();
  }
}
