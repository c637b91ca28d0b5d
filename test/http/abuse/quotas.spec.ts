import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { DynamoDb } from '../../../src/platform/dynamodb/dynamodb.js';
import { type Answer, callService, startService, type TestService } from '../../support/service.js';

// Real: the application, PostgreSQL, DynamoDB, tokens and hashes.

const password = 'correct horse battery staple';

describe('Sign-in and registration', () => {
  let service: TestService;

  const signIn = async (email: string, word: string): Promise<Answer> => service.call('POST', '/auth/login', { body: { email, password: word } });
  const failures = async (email: string, times: number): Promise<number[]> => {
    const statuses: number[] = [];
    for (let turn = 0; turn < times; turn += 1) {
      statuses.push((await signIn(email, `wrong password ${turn}`)).status);
    }
    return statuses;
  };
  const times = (count: number, status: number): number[] => Array.from({ length: count }, () => status);

  beforeAll(async () => {
    service = await startService({ LOGIN_LIMIT_ADDRESS: '100000' });
  });
  afterAll(async () => service?.stop());

  test('after 10 failed sign-ins to one account the right password is 429, with the same answer for an unknown e-mail', async () => {
    const user = await service.signUp();
    const unknown = `${randomUUID()}@example.com`;

    expect(await failures(user.email, 12)).toEqual([...times(10, 401), 429, 429]);
    expect(await failures(unknown, 12)).toEqual([...times(10, 401), 429, 429]);

    const [known, stranger] = [await signIn(user.email.toUpperCase(), password), await signIn(unknown, password)];
    for (const { status, body, headers } of [known, stranger]) {
      expect([status, body.code]).toEqual([429, 'rate_limit.exceeded']);
      const wait = Number(headers.get('retry-after'));
      expect(wait).toBeGreaterThan(880);
      expect(wait).toBeLessThanOrEqual(901);
      expect(headers.get('ratelimit-policy')).toBe('"account-address";q=10;w=900, "account";q=50;w=900, "address";q=100000;w=900, "success";q=100;w=3600');
      expect(headers.get('ratelimit')).toMatch(/^"account-address";r=0;t=\d+, "address";r=\d+;t=\d+$/);
    }
  });

  test('a success clears the failures', async () => {
    const user = await service.signUp();

    expect(await failures(user.email, 9)).toEqual(times(9, 401));
    const { status, headers } = await signIn(user.email, password);

    expect(status).toBe(200);
    expect(headers.get('ratelimit')).toMatch(/^"account-address";r=10;t=900, "address";/);
    expect(await failures(user.email, 10)).toEqual(times(10, 401));
  });

  test('guesses at the same time cannot pass the quota together', async () => {
    const second = await createServerApp(service.config);
    await second.listen(0, '127.0.0.1');
    const urls = [service.url, `http://127.0.0.1:${(second.getHttpServer().address() as AddressInfo).port}`];
    const guess = async (email: string, turn: number): Promise<Answer> =>
      callService(urls[turn % 2] ?? '', 'POST', '/auth/login', { body: { email, password: `wrong ${turn}` } });
    try {
      for (let run = 0; run < 4; run += 1) {
        const { email } = await service.signUp();

        const answers = await Promise.all(Array.from({ length: 30 }, async (_, turn) => guess(email, turn)));

        // Fewer when a place was being given back; never one more.
        expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(10);
        expect(answers.filter(({ status }) => ![401, 429, 503].includes(status))).toEqual([]);
      }
    } finally {
      await second.close();
    }
  });

  test('keep working without the limiter’s store', async () => {
    const user = await service.signUp();
    const other = await createServerApp({ ...service.config, dynamodb: { ...service.config.dynamodb, endpoint: 'http://127.0.0.1:9' } });
    try {
      await other.listen(0, '127.0.0.1');
      const url = `http://127.0.0.1:${(other.getHttpServer().address() as AddressInfo).port}`;

      const registered = await callService(url, 'POST', '/users', { body: { email: `${randomUUID()}@example.com`, name: 'Ada', password } });
      const signedIn = await callService(url, 'POST', '/auth/login', { body: { email: user.email, password } });
      const refused = await callService(url, 'POST', '/auth/login', { body: { email: user.email, password: 'not the password at all' } });

      expect([registered.status, signedIn.status, refused.status]).toEqual([201, 200, 401]);
      expect(refused.headers.get('ratelimit-policy')).toContain('"account-address";q=10;w=900');
    } finally {
      await other.close();
    }
  });

  test('X-Forwarded-For makes no other address', async () => {
    const user = await service.signUp();
    await failures(user.email, 10);

    const { status } = await service.call('POST', '/auth/login', {
      body: { email: user.email, password },
      headers: { 'X-Forwarded-For': '203.0.113.7', Forwarded: 'for=203.0.113.7' },
    });

    expect(status).toBe(429);
  });

  test('neither address nor e-mail is stored in clear, and every counter expires', async () => {
    const user = await service.signUp();
    await failures(user.email, 1);
    const app = await createServerApp(service.config);
    try {
      const client = app.get(DynamoDb).failFastClient(2000);
      const { Items = [] } = await client.send(new ScanCommand({ TableName: service.config.dynamodb.tables.rateLimits }));

      expect(Items.length).toBeGreaterThan(2);
      const text = JSON.stringify(Items);
      expect(text).not.toContain('127.0.0.1');
      expect(text).not.toContain('example.com');
      for (const { expire } of Items) {
        expect(expire?.N).toMatch(/^\d{10}$/);
      }
    } finally {
      await app.close();
    }
  });

  describe('of one account and of one address', () => {
    let tight: TestService;

    beforeAll(async () => {
      tight = await startService({ LOGIN_LIMIT_ACCOUNT: '4', LOGIN_LIMIT_ADDRESS: '7', REGISTRATION_LIMIT_ADDRESS: '3' });
    });
    afterAll(async () => tight?.stop());

    test('hold across accounts; successes are not counted; registrations are', async () => {
      const [one, two] = [await tight.signUp(), await tight.signUp()];
      const guess = async (email: string, word: string): Promise<Answer> => tight.call('POST', '/auth/login', { body: { email, password: word } });
      const register = async (body: object): Promise<Answer> =>
        tight.call('POST', '/users', { body: { email: `${randomUUID()}@example.com`, name: 'Ada', password, ...body } });

      for (let turn = 0; turn < 3; turn += 1) {
        const successes = await Promise.all(Array.from({ length: 4 }, async () => guess(one.email, password)));
        expect(successes.map(({ status }) => status)).toEqual(times(4, 200));
      }
      for (let turn = 0; turn < 4; turn += 1) {
        expect((await guess(one.email, 'wrong password')).status).toBe(401);
      }
      expect((await guess(one.email, password)).status).toBe(429);
      expect((await guess(two.email, password)).status).toBe(200);
      for (let turn = 0; turn < 3; turn += 1) {
        expect((await guess(two.email, 'wrong password')).status).toBe(401);
      }
      const locked = await guess(two.email, password);
      expect([locked.status, locked.headers.get('ratelimit')?.includes('"address";r=0;')]).toEqual([429, true]);

      expect((await register({ name: '' })).status).toBe(400);
      const third = await register({});
      expect([third.status, third.headers.get('ratelimit')]).toEqual([201, expect.stringMatching(/^"registration";r=0;t=3[56]\d\d$/)]);
      const fourth = await register({});
      expect([fourth.status, fourth.body.code]).toEqual([429, 'rate_limit.exceeded']);
      expect(Number(fourth.headers.get('retry-after'))).toBeGreaterThan(3500);
    });
  });
});
