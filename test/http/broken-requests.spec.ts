import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectProblem } from '../support/problems.js';
import { startService, type TestService } from '../support/service.js';
import { sendRaw } from '../support/wire.js';

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

  test('an expectation that nobody knows is ignored', async () => {
    expect((await sendRaw(service.url, 'GET /health/live HTTP/1.1\r\nHost: duet\r\nConnection: close\r\nExpect: miracles\r\n\r\n')).status).toBe(200);
  });
});
