import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { expectProblem } from '../../support/problems.js';
import { type SecretsManagerStandIn, startSecretsManager } from '../../support/aws/secrets-manager.js';
import { type Answer, callService, type SignedUp, startService, type TestService } from '../../support/service.js';
import { goodClaims, signToken } from '../../support/tokens.js';

// Real: the service, twice over the same stores, its reading of the secret and its tokens. Made up: Secrets Manager, a stand-in over HTTP.
// Seen failing: with one key a ring, with a reading for each unknown id, with no reading for any, and with the SDK's error passed on.

const arn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:signing-key-AbCdEf';
const keys = ['the first', 'the second', 'the third'].map((which) => `${which} signing key, of more than 32 bytes`);

let secrets: SecretsManagerStandIn;
let service: TestService;
const started: INestApplication[] = [];

/** Another instance, which has read no key yet. */
async function another(): Promise<(method: string, path: string, options?: Parameters<typeof callService>[3]) => Promise<Answer>> {
  const app = await createServerApp(service.config);
  started.push(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return async (method, path, options) => callService(`http://127.0.0.1:${port}`, method, path, options);
}

const kidOf = (token: string): unknown => (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid?: unknown }).kid;

beforeAll(async () => {
  secrets = await startSecretsManager();
  service = await startService({ JWT_SECRET: '', JWT_SECRET_ARN: arn, SECRETS_MANAGER_ENDPOINT: secrets.endpoint });
});
afterEach(() => {
  secrets.failWith(null);
});
afterAll(async () => {
  await Promise.all(started.map(async (app) => app.close()));
  await service.stop();
  await secrets.stop();
});

describe('a signing key in Secrets Manager', () => {
  let user: SignedUp;
  const profile = async (call: TestService['call'], token: string): Promise<number> => (await call('GET', `/users/${user.id}`, { token })).status;

  test('that cannot be read yet is a 503 that says when to try again, and needs no restart', async () => {
    secrets.failWith('InternalServiceError');
    secrets.put(arn, keys[0] ?? '');

    const refused = await service.call('GET', '/todos/0199c3a5-7b1e-7c3a-9d52-3f8f6f0a1b2c', { token: signToken('any', goodClaims('any')) });
    expectProblem(refused, 503, 'store.unavailable');
    expect(refused.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);

    secrets.failWith(null);
    user = await service.signUp();
    expect(await profile(service.call, user.accessToken)).toBe(200);
  });

  test('is read once for many requests, and names itself in tokens without telling of itself', async () => {
    const { readings } = secrets;

    await Promise.all(Array.from({ length: 20 }, async () => profile(service.call, user.accessToken)));

    expect(secrets.readings).toBe(readings);
    expect(kidOf(user.accessToken)).toMatch(/^[\w-]{12}$/);
  });

  test('that is rotated signs no user out: two are good, whichever instance has read which', async () => {
    secrets.put(arn, keys[1] ?? '');
    const newer = await another();
    const { body } = await newer('POST', '/auth/login', { body: { email: user.email, password: user.password } });
    expect(kidOf(body.accessToken)).not.toBe(kidOf(user.accessToken));

    // By the key before, where the new one is in use; by the new one, where only the one before was known.
    expect(await profile(newer, user.accessToken)).toBe(200);
    expect(await profile(service.call, body.accessToken)).toBe(200);
    // Sessions go on, on either.
    const refreshed = await newer('POST', '/auth/refresh', { body: { refreshToken: user.refreshToken } });
    const again = await service.call('POST', '/auth/refresh', { body: { refreshToken: refreshed.body.refreshToken } });
    expect([refreshed.status, again.status]).toEqual([200, 200]);
    expect(kidOf(again.body.accessToken)).toBe(kidOf(body.accessToken));
  });

  test('is not read anew for each made-up id', async () => {
    const { readings } = secrets;

    for (let turn = 0; turn < 20; turn += 1) {
      const token = signToken('any', goodClaims(user.id), { alg: 'HS256', typ: 'JWT', kid: `made-up-${turn}` });
      expect(await profile(service.call, token)).toBe(401);
    }

    // Two versions a reading, one reading in five seconds.
    expect(secrets.readings - readings).toBeLessThan(20);
  });

  test('is good no more once two have followed it', async () => {
    secrets.put(arn, keys[2] ?? '');
    const newest = await another();

    expect(await profile(newest, user.accessToken)).toBe(401);
  });

  test('that is known goes on working while Secrets Manager does not', async () => {
    const { body } = await service.call('POST', '/auth/login', { body: { email: user.email, password: user.password } });
    secrets.failWith('InternalServiceError');
    const foreign = signToken('any', goodClaims(user.id), { alg: 'HS256', typ: 'JWT', kid: 'made-up' });

    expect(await profile(service.call, body.accessToken)).toBe(200);
    expect(await profile(service.call, foreign)).toBe(401);
  });

  test('that must not be read is our fault, not a passing one', async () => {
    secrets.failWith('AccessDeniedException');
    const forbidden = await another();

    expectProblem(await forbidden('GET', `/users/${user.id}`, { token: user.accessToken }), 500, 'service.internal');
  });
});
