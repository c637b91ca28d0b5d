import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../../../src/common/errors/error-catalogue.js';
import type { Config } from '../../../src/config/config.js';
import { errorExamples, exampleProblem } from '../../../src/features/docs/error-examples.js';
import { encodeSyncToken } from '../../../src/features/sync/sync-token.js';
import { answerBrokenRequests } from '../../../src/local/server/broken-requests.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { changeRole } from '../../support/administrators.js';
import { type Answer, callService, type SignedUp, startService, type TestService } from '../../support/service.js';
import { signToken, goodClaims, tokenBearer } from '../../support/tokens.js';
import { sendRaw } from '../../support/wire.js';

// Real: the whole service on embedded stores. Each example of docs/errors.md is sent as it stands there, after what it says led to it.

const json = { 'Content-Type': 'application/json' };
let service: TestService;
let user: SignedUp;
let admin: SignedUp;
beforeAll(async () => {
  service = await startService();
  user = await service.signUp();
  admin = await service.signUp();
  await changeRole(service.config, 'grantAdmin', admin.id);
});
afterAll(async () => service?.stop());

const post = async (path: string, body: object, headers = {}): Promise<Answer> => service.call('POST', path, { token: user.accessToken, body, headers });
const patchRecord = async (updatedKey: string, updatedValue: string): Promise<Answer> =>
  service.call('PATCH', '/dynamo', { token: user.accessToken, body: { user_id: user.id, updatedKey, updatedValue } });
const deleteRecord = async (): Promise<Answer> => service.call('DELETE', `/dynamo?user_id=${user.id}`, { token: user.accessToken });

/** What leads to an example. */
const preparations: Partial<Record<ErrorCode, () => Promise<unknown>>> = {
  'record.full': async () => {
    await post('/dynamo', { user_id: user.id });
    for (const key of ['first', 'second', 'third', 'fourth']) {
      await patchRecord(key, 'x'.repeat(95_000));
    }
  },
  'record.not_found': deleteRecord,
  'record.exists': async () => post('/dynamo', { user_id: user.id, colour: 'blue' }),
  'sync.expired': async () => {
    inFull['sync.expired'] = encodeSyncToken({ after: 0, goneAfter: 0, completeAt: Date.now() - 30 * 86_400_000 }, user.id);
  },
  'batch.too_large': async () => {
    const ids: string[] = [];
    for (let turn = 0; turn < 15; turn += 1) {
      const checklist = Array.from({ length: 50 }, () => ({ title: '😀'.repeat(200) }));
      ids.push((await post('/users/me/todos', { title: 'x', description: '😀'.repeat(7_500), checklist })).body.id);
    }
    inFull['batch.too_large'] = ids.map((id) => JSON.stringify({ op: 'patch', id, patch: { priority: 'high' } })).join(',');
  },
  'user.email_taken': async () => service.signUp({ email: 'taken@example.com' }),
  'idempotency.key_reused': async () => post('/users/me/todos', { title: 'Water the plants' }, { 'Idempotency-Key': 'monday' }),
  'rate_limit.exceeded': async () => {
    for (let failure = 0; failure < 10; failure += 1) {
      await sent('rate_limit.exceeded');
    }
  },
};

/** What an example shows in short. */
const inFull: Partial<Record<ErrorCode, string>> = {
  'record.full': 'x'.repeat(95_000),
  'request.too_large': `{"title":"x"}${' '.repeat(102_401 - 13)}`,
  'request.header_too_large': 'x'.repeat(16_384),
};

/** Sends an example's request. */
async function sent(code: ErrorCode, url = service.url): Promise<Answer> {
  const { method, path, as, headers = {}, body } = errorExamples[code].request;
  const whole = (text: string): string => text.replaceAll('{userId}', user.id).replace(/… \([\d,]+ bytes\)|…/, inFull[code] ?? '…');
  const tokens = {
    admin: tokenBearer(service.config, 'UTC', 'admin', admin.id).token,
    idle: signToken(service.config.auth.jwtSecret ?? '', { ...goodClaims(user.id), auth_time: 1 }),
    stranger: undefined,
    late: signToken(service.config.auth.jwtSecret ?? '', { ...goodClaims(user.id), exp: 1 }),
  };
  return callService(url, method, whole(path), {
    token: as === undefined ? user.accessToken : tokens[as],
    headers: { ...(body !== undefined && json), ...headers },
    body: body === undefined ? undefined : whole(typeof body === 'string' ? body : JSON.stringify(body)),
  });
}

/** Another service on the same stores, otherwise configured. */
async function withService(changes: Partial<Config>, work: (url: string) => Promise<void>): Promise<void> {
  const app = await createServerApp({ ...service.config, ...changes });
  try {
    await app.listen(0, '127.0.0.1');
    await work(await app.getUrl());
  } finally {
    await app.close();
  }
}

/** The example's problem, but of the present request; how long a quota still lasts depends on the clock. */
function expectExample(answer: Answer, code: ErrorCode): void {
  const { detail, ...example } = exampleProblem(code);
  expect({ status: answer.status, body: answer.body }).toEqual({
    status: example.status,
    body: {
      ...example,
      detail: code === 'rate_limit.exceeded' ? expect.stringMatching(/^Too many tries: wait \d+ seconds\.$/) : detail,
      requestId: answer.headers.get('X-Request-Id'),
    },
  });
}

describe('An example of docs/errors.md is true', () => {
  const special: readonly ErrorCode[] = [
    'auth.email_unverified',
    'mail.unavailable',
    'request.timeout',
    'service.busy',
    'service.internal',
    'store.unavailable',
  ];
  const codes = (Object.keys(errorExamples) as ErrorCode[]).filter((code) => !special.includes(code));

  test.each(codes)('%s', async (code) => {
    await preparations[code]?.();

    expectExample(await sent(code), code);
  });

  test('request.timeout, on a server that waits for a request no longer than 50 ms', async () => {
    const server = createServer({ requestTimeout: 50, headersTimeout: 50, connectionsCheckingInterval: 10 });
    answerBrokenRequests(server, () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { method, path } = errorExamples['request.timeout'].request;
      const answer = await sendRaw(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, `${method} ${path} HTTP/1.1\r\nHost: duet\r\n`);

      expectExample({ ...answer, body: JSON.parse(answer.text) }, 'request.timeout');
    } finally {
      server.close();
    }
  });

  test('store.unavailable, of a service whose DynamoDB does not answer', async () => {
    await withService({ dynamodb: { ...service.config.dynamodb, endpoint: 'http://127.0.0.1:9' } }, async (url) => {
      expectExample(await sent('store.unavailable', url), 'store.unavailable');
    });
  });

  test('auth.email_unverified, of a service that asks for a verified e-mail', async () => {
    const { mail } = service.config;
    await service.signUp({ email: 'new@example.com' });
    await withService({ mail: { ...mail, requireVerified: true } }, async (url) => {
      expectExample(await sent('auth.email_unverified', url), 'auth.email_unverified');
    });
  });

  test('mail.unavailable, of a service that has no way to send mails', async () => {
    const { mail } = service.config;
    await withService({ mail: { ...mail, route: { kind: 'none' } } }, async (url) => {
      expectExample(await sent('mail.unavailable', url), 'mail.unavailable');
    });
  });

  test('service.internal, of a service whose database has no tables', async () => {
    await withService({ postgres: { ...service.config.postgres, database: 'postgres' } }, async (url) => {
      expectExample(await sent('service.internal', url), 'service.internal');
    });
  });
});
