import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { callService, startService, type TestService } from '../../support/service.js';
import { goodClaims, signToken, type TokenBearer, tokenBearer } from '../../support/tokens.js';
import { sendRaw } from '../../support/wire.js';

// Real here: the service over HTTP, on embedded stores. Only its output is caught.

let service: TestService;
let user: TokenBearer;
beforeAll(async () => {
  service = await startService();
  user = tokenBearer(service.config);
});
afterAll(async () => service?.stop());

describe('The log', () => {
  test('has one JSON line a request, with the route’s template and nothing that is a person’s or secret', async () => {
    const lines: string[] = [];
    const collect = (text: unknown): true => (
      lines.push(
        ...String(text)
          .split('\n')
          .filter((line) => line !== ''),
      ),
      true
    );
    const spies = [jest.spyOn(process.stdout, 'write').mockImplementation(collect), jest.spyOn(process.stderr, 'write').mockImplementation(collect)];
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      spies.push(jest.spyOn(console, method).mockImplementation((line: unknown) => void collect(line)) as never);
    }
    const app = await createServerApp({ ...service.config, log: { level: 'info' } });
    try {
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      const email = 'secret-person@example.com';
      const password = 'a very secret password';
      const headers = {
        'User-Agent': `agent/${'u'.repeat(200)}`,
        'X-Request-Id': 'the-request',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      };
      const token = signToken(service.config.auth.jwtSecret ?? '', goodClaims(user.id));
      const { body: created } = await callService(url, 'POST', `/users/${user.id}/todos`, { token, body: { title: 'private title' }, headers });
      await callService(url, 'GET', `/todos/${created.id}?token=query-secret`, { token, headers });
      await callService(url, 'POST', '/users', { body: { email, password, name: 'Private Name' }, headers });
      await callService(url, 'POST', '/auth/login', { body: { email, password: `${password} wrong` }, headers });
      await callService(url, 'GET', '/nowhere/private-path', { token: 'bad-token-secret', headers });
      await callService(url, 'PUT', `/todos/${created.id}`, { headers });
      await callService(url, 'POST', `/todos/${created.id}`, { headers });
      await sendRaw(url, 'private garbage\r\n\r\n');
    } finally {
      await app.close();
      spies.forEach((spy) => spy.mockRestore());
    }

    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ message }) => message === 'request');
    expect(entries.map(({ route, status }) => [route, status])).toEqual([
      ['POST /users/{id}/todos', 201],
      ['GET /todos/{id}', 200],
      ['POST /users', 201],
      ['POST /auth/login', 401],
      ['GET (none)', 404],
      ['PUT /todos/{id}', 401],
      ['POST (none)', 405],
      ['(none)', 400],
    ]);
    for (const entry of entries.slice(0, -1)) {
      expect(entry).toMatchObject({
        level: 'INFO',
        message: 'request',
        service: 'duet',
        requestId: 'the-request',
        traceId: '0af7651916cd43dd8448eb211c80319c',
        durationMs: expect.any(Number),
      });
      expect(entry['userAgent']).toBe(`agent/${'u'.repeat(94)}`);
    }
    expect(lines.join('\n')).not.toMatch(/secret|private|Private|127\.0\.0\.1|::1|@|Bearer|eyJ/);
    expect(lines.join('\n')).not.toContain(user.id);
  });
});
