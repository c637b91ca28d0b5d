import type { INestApplication } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { CounterService } from '../../../src/features/counter/counter.service.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { Log } from '../../../src/platform/observability/log.js';
import { expectProblem } from '../../support/problems.js';
import { callService, startService, type TestService } from '../../support/service.js';

// Real: the service over HTTP. Replaced: what the counter's route calls, which fails as nothing of Duet's own does; and where the log writes.

let service: TestService;
let app: INestApplication;
let url: string;
beforeAll(async () => {
  service = await startService();
  app = await createServerApp(service.config);
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
afterEach(() => void jest.restoreAllMocks());
afterAll(async () => {
  await app?.close();
  await service?.stop();
});

describe('A handler that fails unexpectedly', () => {
  const inside = 'SELECT secret_column FROM inside at 10.0.0.7';

  test.each<[string, unknown]>([
    ['an error', new TypeError(inside)],
    ['an error with a status of its own', Object.assign(new Error(inside), { status: 503, code: 'inside' })],
    ['an error with a cause', new Error('outside', { cause: new Error(inside) })],
    ['a text', inside],
    ['an object', { message: inside, response: { message: inside } }],
    ['nothing', undefined],
  ])('with %s is answered with one problem that says nothing of the inside, and logged once', async (_, failure) => {
    jest.spyOn(app.get(CounterService), 'read').mockRejectedValue(failure);
    const logged = jest.spyOn(app.get(Log), 'error').mockImplementation(() => undefined);

    const answer = await callService(url, 'GET', '/counter');

    expectProblem(answer, 500, 'service.internal');
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(JSON.stringify([answer.text, [...answer.headers]])).not.toMatch(/inside|outside|TypeError|counter\.service|node_modules/i);
    expect(logged.mock.calls).toEqual([['request failed', { status: 500, code: 'service.internal', error: failure }]]);
  });

  test('leaves the service as it was for the next request', async () => {
    jest.spyOn(app.get(CounterService), 'read').mockRejectedValueOnce(new Error(inside));
    jest.spyOn(app.get(Log), 'error').mockImplementation(() => undefined);

    const statuses = [(await callService(url, 'GET', '/counter')).status, (await callService(url, 'GET', '/counter')).status];

    expect(statuses).toEqual([500, 200]);
  });
});
