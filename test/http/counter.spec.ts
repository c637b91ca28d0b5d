import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServerApp } from '../../src/local/server/server-app.js';
import { type Answer, callService, startService, type TestService } from '../support/service.js';
import { startWireProxy, type WireCall } from '../support/faults/wire-proxy.js';

// Real here: the service over HTTP and an embedded DynamoDB. Nothing is replaced.

const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

async function many(times: number, call: (index: number) => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: times }, (_, index) => call(index)));
}

describe('The visit counter', () => {
  let service: TestService;

  const read = async (): Promise<Answer> => service.call('GET', '/counter');
  const count = async (key?: string, body?: unknown): Promise<Answer> =>
    service.call('POST', '/counter', { body, ...(key !== undefined && { headers: { 'Idempotency-Key': key } }) });
  const visits = async (): Promise<number> => (await read()).body.visitCount as number;

  beforeAll(async () => {
    service = await startService();
  });

  afterAll(async () => {
    await service.stop();
  });

  test('starts at nothing, and reading does not count', async () => {
    const first = await read();
    const second = await read();

    expect(first.status).toBe(200);
    expect(first.body).toEqual({ counterId: 'main_counter', visitCount: 0, lastUpdated: null });
    expect(second.body).toEqual(first.body);
  });

  test.each([
    ['no body', undefined],
    ['an empty object', {}],
  ])('counts one visit for %s, without asking who it is', async (_, body) => {
    const before = await visits();

    const counted = await count(undefined, body);

    expect(counted.status).toBe(200);
    expect(counted.body).toEqual({ counterId: 'main_counter', visitCount: before + 1, lastUpdated: instant });
    expect(counted.headers.get('Idempotency-Replayed')).toBeNull();
    expect((await read()).body).toEqual(counted.body);
  });

  test('counts each of fifty visits at once, and gives each its own number', async () => {
    const before = await visits();

    const answers = await many(50, async () => count());

    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(answers.map(({ body }) => body.visitCount as number).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => before + 1 + index));
    expect(await visits()).toBe(before + 50);
  });

  test('counts 200 visits at once, refuses none, and writes those that wait together', async () => {
    const before = await visits();
    const calls: WireCall[] = [];
    const proxy = await startWireProxy(service.config.dynamodb.endpoint ?? '', async (call, forward) => {
      calls.push(call);
      await forward(call.input);
    });
    const app = await createServerApp({ ...service.config, dynamodb: { ...service.config.dynamodb, endpoint: proxy.endpoint } });
    try {
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();

      const answers = await many(200, async () => callService(url, 'POST', '/counter'));

      expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200));
      const numbers = answers.map(({ body }) => body.visitCount as number).sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: 200 }, (_, index) => before + 1 + index));
      expect(await visits()).toBe(before + 200);
      expect(calls.filter(({ operation }) => operation === 'UpdateItem').length).toBeLessThan(100);
    } finally {
      await app.close();
      await proxy.stop();
    }
  });

  test('counts fifty visits with one key once, and answers all alike', async () => {
    const before = await visits();
    const key = randomUUID();

    const answers = await many(50, async (index) => count(key, index % 2 === 0 ? undefined : {}));

    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.body.visitCount).toBe(before + 1);
    expect(answers.filter(({ headers }) => headers.get('Idempotency-Replayed') === null)).toHaveLength(1);
    expect(await visits()).toBe(before + 1);
  });

  test('counts fifty visits with a key each beside fifty without, exactly', async () => {
    const before = await visits();

    const answers = await many(100, async (index) => count(index % 2 === 0 ? randomUUID() : undefined));

    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200));
    expect(await visits()).toBe(before + 100);
  });

  test('replays the first result to every sender of the key, whatever was counted since', async () => {
    const key = `visit-${randomUUID()}`;
    const first = await count(key);
    await count();

    const second = await count(key, {});

    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('Idempotency-Replayed')).toBe('true');
  });

  test('finishes a keyed visit whose process died before its result was kept', async () => {
    const key = randomUUID();
    const first = await count(key);
    // As the transaction leaves it: claimed and counted, with no result.
    const idempotencyItem = { TableName: service.config.dynamodb.tables.counters, Key: { counterId: { S: `IDEM#${key}` } } };
    await service.truth.dynamodb.send(new UpdateItemCommand({ ...idempotencyItem, UpdateExpression: 'REMOVE visitCount, lastUpdated' }));

    const answers = await many(10, async () => count(key));

    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.body.visitCount).toBe(first.body.visitCount);
    expect(await visits()).toBe(first.body.visitCount);
  });

  test('keeps a key for 24 hours, and takes it for new from then on', async () => {
    const key = randomUUID();
    const before = await visits();
    await count(key);
    const idempotencyItem = { TableName: service.config.dynamodb.tables.counters, Key: { counterId: { S: `IDEM#${key}` } } };
    const { Item } = await service.truth.dynamodb.send(new GetItemCommand(idempotencyItem));
    const keptSeconds = Number(Item?.['expiresAt']?.N) - Date.now() / 1000;
    // Expired, yet not swept away: DynamoDB deletes days later.
    await service.truth.dynamodb.send(
      new PutItemCommand({
        TableName: idempotencyItem.TableName,
        Item: { ...Item, counterId: { S: `IDEM#${key}` }, expiresAt: { N: String(Math.floor(Date.now() / 1000) - 1) } },
      }),
    );

    const again = await count(key);

    expect(keptSeconds).toBeGreaterThan(24 * 3600 - 60);
    expect(keptSeconds).toBeLessThanOrEqual(24 * 3600);
    expect(again.headers.get('Idempotency-Replayed')).toBeNull();
    expect(again.body.visitCount).toBe(before + 2);
  });

  test.each([
    ['a field', { visits: 5 }, '/visits'],
    ['a list', [], ''],
    ['null', 'null', ''],
    ['a number', '1', ''],
    ['a text', '"x"', ''],
  ])('refuses %s as a body, and counts nothing', async (_, body, pointer) => {
    const before = await visits();

    const refused = await count(undefined, body);

    expect(refused.status).toBe(400);
    expect(refused.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
    expect(refused.body).toMatchObject({
      status: 400,
      code: 'request.invalid',
      requestId: refused.headers.get('X-Request-Id'),
      errors: [{ pointer, detail: expect.any(String) }],
    });
    expect(await visits()).toBe(before);
  });

  test('refuses what is not JSON, another media type, and a body over the limit', async () => {
    const before = await visits();

    const broken = await count(undefined, '{');
    const form = await service.call('POST', '/counter', { body: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
    const large = await count(undefined, `{"a":"${'x'.repeat(102_400)}"}`);

    expect([broken.status, broken.body.code]).toEqual([400, 'request.malformed']);
    expect([form.status, form.body.code]).toEqual([415, 'request.unsupported_media_type']);
    expect([large.status, large.body.code]).toEqual([413, 'request.too_large']);
    expect(await visits()).toBe(before);
  });

  test.each(['two words', 'k'.repeat(256), ''])('refuses the idempotency key "%s"', async (key) => {
    const before = await visits();

    const refused = await count(key);

    expect(refused.status).toBe(400);
    expect(refused.body.errors).toEqual([{ pointer: '/Idempotency-Key', detail: expect.any(String) }]);
    expect(await visits()).toBe(before);
  });

  test('takes an idempotency key of 255 characters', async () => {
    const key = randomUUID().padEnd(255, '~');

    expect((await count(key)).status).toBe(200);
    expect((await count(key)).headers.get('Idempotency-Replayed')).toBe('true');
  });

  test('takes no other method', async () => {
    const refused = await service.call('DELETE', '/counter');

    expect(refused.status).toBe(405);
    expect(refused.headers.get('Allow')).toBe('GET, HEAD, POST');
  });
});

describe('The visit counter in shards', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startService({ COUNTER_SHARDS: '150' });
  });

  afterAll(async () => {
    await service.stop();
  });

  test('is one exact counter', async () => {
    const before = await service.call('GET', '/counter');

    const answers = await many(100, async (index) => service.call('POST', '/counter', index % 2 === 0 ? {} : { headers: { 'Idempotency-Key': randomUUID() } }));
    const after = await service.call('GET', '/counter');

    expect(before.body).toEqual({ counterId: 'main_counter', visitCount: 0, lastUpdated: null });
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200));
    // Each saw its own visit, and none more than there were.
    expect(Math.min(...answers.map(({ body }) => body.visitCount as number))).toBeGreaterThanOrEqual(1);
    expect(Math.max(...answers.map(({ body }) => body.visitCount as number))).toBe(100);
    expect(after.body).toEqual({ counterId: 'main_counter', visitCount: 100, lastUpdated: instant });
  });

  test('counts fifty visits with one key once, whichever shards they choose', async () => {
    const key = randomUUID();

    const answers = await many(50, async () => service.call('POST', '/counter', { headers: { 'Idempotency-Key': key } }));

    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.body.visitCount).toBe(101);
    expect((await service.call('GET', '/counter')).body.visitCount).toBe(101);
  });

  test('answers a replay from the one item that has its result', async () => {
    const calls: WireCall[] = [];
    const proxy = await startWireProxy(service.config.dynamodb.endpoint ?? '', async (call, forward) => {
      calls.push(call);
      await forward(call.input);
    });
    const app = await createServerApp({ ...service.config, counter: { shards: 150 }, dynamodb: { ...service.config.dynamodb, endpoint: proxy.endpoint } });
    try {
      await app.listen(0, '127.0.0.1');
      const headers = { 'Idempotency-Key': randomUUID() };
      const post = async () => callService(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`, 'POST', '/counter', { headers });
      const first = await post();
      calls.length = 0;

      const replay = await post();

      expect([replay.headers.get('Idempotency-Replayed'), replay.text]).toEqual(['true', first.text]);
      const read = calls.find(({ operation }) => operation === 'BatchGetItem')?.input['RequestItems'] as Record<string, { Keys: unknown[] }>;
      expect(Object.values(read).map(({ Keys }) => Keys.length)).toEqual([1]);
      expect(calls.map(({ operation }) => operation)).toEqual(['TransactWriteItems', 'BatchGetItem']);
    } finally {
      await app.close();
      await proxy.stop();
    }
  });

  test('loses no visit when the number of shards is lowered, or raised', async () => {
    const { visitCount: before } = (await service.call('GET', '/counter')).body as { visitCount: number };

    for (const [index, shards] of [1, 3, 300].entries()) {
      // Another process on the same tables, configured with another number.
      const other = await createServerApp({ ...service.config, counter: { shards } });
      await other.listen(0, '127.0.0.1');
      const url = await other.getUrl();
      const read = await callService(url, 'GET', '/counter');
      const counted = await callService(url, 'POST', '/counter');
      await other.close();

      expect(read.body.visitCount).toBe(before + index);
      expect(counted.body.visitCount).toBe(before + index + 1);
      expect((await service.call('GET', '/counter')).body.visitCount).toBe(before + index + 1);
    }
  });
});
