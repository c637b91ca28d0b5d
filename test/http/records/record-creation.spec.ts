import { randomUUID } from 'node:crypto';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { signUpAdmin } from '../../support/administrators.js';
import { type SignedUp, startService, type TestService } from '../../support/service.js';
import { type RecordCalls, recordCalls } from './record-calls.js';

// Real here: the service over HTTP, its tokens, and embedded stores. Nothing is replaced.

let service: TestService;
let records: RecordCalls;
let ann: SignedUp;
let bob: SignedUp;
let admin: SignedUp;
beforeAll(async () => {
  service = await startService();
  records = recordCalls(service);
  [ann, bob, admin] = await Promise.all([service.signUp(), service.signUp(), signUpAdmin(service)]);
});
afterAll(async () => {
  await service?.stop();
});

async function setTombstone(userId: string): Promise<void> {
  const Item = { userId: { S: userId }, itemKey: { S: 'LIST' }, deletedAt: { S: new Date().toISOString() } };
  await service.truth.dynamodb.send(new PutItemCommand({ TableName: service.config.dynamodb.tables.todos, Item }));
}

describe('Creating a record', () => {
  test('stores whatever JSON holds, and answers where it is', async () => {
    const user = await service.signUp();
    const record = {
      user_id: user.id,
      text: 'né à 12h 🎉',
      empty: '',
      none: null,
      yes: true,
      numbers: [0, -1, 1.5, 0.1, 1e20, 1e-130, 9.99e125, 9007199254740991],
      list: [[], {}, [{ deep: ['er'] }]],
      // Names that trip code which takes data for objects of its own.
      map: { constructor: 'x', toString: { name: 'Set' }, nested: { constructor: { name: 'Map' } }, length: 3, 'a.b#c:d': '~/' },
      constructor: { name: 'Set' },
      size: 1,
    };

    const created = await records.create(user, record);

    expect(created.status).toBe(201);
    expect(created.body).toEqual(record);
    expect(created.headers.get('Location')).toBe(`/dynamo?user_id=${user.id}`);
    expect(created.headers.get('Idempotency-Replayed')).toBeNull();
    const stored = await records.read(user, `?user_id=${user.id}`);
    expect(stored.status).toBe(200);
    expect(stored.body).toEqual(record);
  });

  test('takes a record without other attributes, and an id in capitals', async () => {
    const user = await service.signUp();

    const created = await records.create(user, { user_id: user.id.toUpperCase() });

    expect(created.status).toBe(201);
    expect(created.body).toEqual({ user_id: user.id });
  });

  test('refuses a second record, and keeps the first', async () => {
    const user = await records.userWithRecord({ first: true });

    const refused = await records.create(user, { user_id: user.id, second: true });

    expect([refused.status, refused.body.code]).toEqual([409, 'record.exists']);
    expect((await records.read(user, `?user_id=${user.id}`)).body).toEqual({ user_id: user.id, first: true });
  });

  test('lets one of many at once through', async () => {
    const user = await service.signUp();

    const answers = await Promise.all(Array.from({ length: 20 }, async (_, index) => records.create(user, { user_id: user.id, index })));

    const made = answers.filter(({ status }) => status === 201);
    expect(made).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    expect((await records.read(user, `?user_id=${user.id}`)).body).toEqual(made[0]?.body);
  });

  test.each([
    ['9007199254740993', '/a/0'],
    ['12345678901234567890', '/a/0'],
    ['0.1234567890123456789012', '/a/0'],
    ['1e999', '/a/0'],
    ['1e126', '/a/0'],
    ['1e-131', '/a/0'],
  ])('refuses the number %s, which cannot be kept exactly', async (number, pointer) => {
    const user = await service.signUp();

    const refused = await records.create(user, `{"user_id":"${user.id}","a":[${number}]}`);

    expect([refused.status, refused.body.code]).toEqual([400, 'request.invalid']);
    expect(refused.body.errors).toEqual([{ pointer, detail: expect.any(String) }]);
    expect((await records.read(user, `?user_id=${user.id}`)).status).toBe(404);
  });

  test.each([
    ['no user_id', () => ({ a: 1 }), '/user_id'],
    ['a user_id that is no UUID', () => ({ user_id: 'me' }), '/user_id'],
    ['an empty name', () => ({ user_id: ann.id, '': 1 }), '/'],
    ['an empty name within', () => ({ user_id: ann.id, a: [{ '': 1 }] }), '/a/0/'],
    ['a name of 70,000 bytes', () => ({ user_id: ann.id, ['n'.repeat(70_000)]: 1 }), `/${'n'.repeat(70_000)}`],
    ['NUL', () => ({ user_id: ann.id, a: 'x\0' }), '/a'],
    ['half a surrogate pair', () => `{"user_id":"${ann.id}","a":"\\ud800"}`, '/a'],
    ['__proto__', () => `{"user_id":"${ann.id}","a":{"__proto__":1}}`, '/a/__proto__'],
    ['a list', () => [], ''],
  ])('refuses %s', async (_, body, pointer) => {
    const refused = await records.create(ann, body());

    expect([refused.status, refused.body.code]).toEqual([400, 'request.invalid']);
    expect(refused.body.errors).toEqual([{ pointer, detail: expect.any(String) }]);
  });

  test('stores nesting as deep as DynamoDB does, and refuses more', async () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    const user = await service.signUp();

    const refused = await records.create(user, `{"user_id":"${user.id}","a":${nested(32)}}`);
    const created = await records.create(user, `{"user_id":"${user.id}","a":${nested(31)}}`);

    expect(refused.status).toBe(400);
    expect(created.status).toBe(201);
  });

  test('refuses no body, what is not JSON, another media type, and a body over the limit', async () => {
    const none = await records.create(ann, undefined);
    const broken = await records.create(ann, '{');
    const text = await service.call('POST', '/dynamo', { body: '{}', token: ann.accessToken, headers: { 'Content-Type': 'text/plain' } });
    const large = await records.create(ann, { user_id: ann.id, a: 'x'.repeat(102_400) });

    expect([none.status, broken.status, text.status, large.status]).toEqual([400, 400, 415, 413]);
  });

  test('is for the owner alone, whether or not there is a record', async () => {
    const answers = await Promise.all([
      records.create(ann, { user_id: bob.id }),
      records.create(ann, { user_id: randomUUID() }),
      records.create(admin, { user_id: bob.id }),
    ]);

    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(Array(3).fill([403, 'access.denied']));
    expect((await records.read(bob, `?user_id=${bob.id}`)).status).toBe(404);
  });

  test('is impossible once the user is deleted, although the token still holds', async () => {
    const user = await service.signUp();
    await setTombstone(user.id);

    const refused = await records.create(user, { user_id: user.id });

    expect([refused.status, refused.body.code]).toEqual([404, 'user.not_found']);
    expect((await records.read(user, `?user_id=${user.id}`)).status).toBe(404);
  });
});

describe('Creating a record with an idempotency key', () => {
  test('makes one record of fifty requests, and answers all alike', async () => {
    const user = await service.signUp();
    const key = randomUUID();

    const answers = await Promise.all(Array.from({ length: 50 }, async () => records.create(user, { user_id: user.id, a: [1, { b: 2 }] }, key)));

    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(201));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(new Set(answers.map(({ headers }) => headers.get('Location')))).toEqual(new Set([`/dynamo?user_id=${user.id}`]));
    expect(answers.filter(({ headers }) => headers.get('Idempotency-Replayed') === null)).toHaveLength(1);
  });

  test('replays the first result whatever the order of the fields, also when the record has changed or gone', async () => {
    const user = await service.signUp();
    const key = randomUUID();
    const first = await records.create(user, { user_id: user.id, a: 1, b: 2 }, key);
    await records.change(user, { user_id: user.id, updatedKey: 'a', updatedValue: 9 });

    const changed = await records.create(user, { b: 2, a: 1, user_id: user.id }, key);
    await records.remove(user, `?user_id=${user.id}`);
    const gone = await records.create(user, { user_id: user.id, a: 1, b: 2 }, key);

    for (const replay of [changed, gone]) {
      expect(replay.status).toBe(201);
      expect(replay.body).toEqual(first.body);
      expect(replay.headers.get('Idempotency-Replayed')).toBe('true');
      expect(replay.headers.get('Location')).toBe(first.headers.get('Location'));
    }
    expect((await records.read(user, `?user_id=${user.id}`)).status).toBe(404);
  });

  test('refuses another payload with the same key', async () => {
    const user = await service.signUp();
    const key = randomUUID();
    await records.create(user, { user_id: user.id, a: 1 }, key);

    const refused = await records.create(user, { user_id: user.id, a: 2 }, key);

    expect([refused.status, refused.body.code]).toEqual([422, 'idempotency.key_reused']);
    expect(refused.headers.get('Location')).toBeNull();
  });

  test('keeps the keys of users apart', async () => {
    const key = randomUUID();
    const [one, two] = await Promise.all([service.signUp(), service.signUp()]);

    const answers = [await records.create(one, { user_id: one.id }, key), await records.create(two, { user_id: two.id }, key)];

    expect(answers.map(({ status, headers }) => [status, headers.get('Idempotency-Replayed')])).toEqual(Array(2).fill([201, null]));
  });

  test('remembers no conflict: a key is used up by a record only', async () => {
    const user = await records.userWithRecord();
    const key = randomUUID();
    const conflict = await records.create(user, { user_id: user.id, a: 1 }, key);
    await records.remove(user, `?user_id=${user.id}`);

    const created = await records.create(user, { user_id: user.id, a: 2 }, key);

    expect([conflict.status, created.status]).toEqual([409, 201]);
  });

  test('replays nothing once the user is deleted', async () => {
    const user = await service.signUp();
    const key = randomUUID();
    await records.create(user, { user_id: user.id }, key);
    await setTombstone(user.id);

    const refused = await records.create(user, { user_id: user.id }, key);

    expect([refused.status, refused.body.code]).toEqual([404, 'user.not_found']);
  });

  test('refuses a key that is none', async () => {
    const refused = await records.create(ann, { user_id: ann.id }, 'two words');

    expect(refused.status).toBe(400);
    expect(refused.body.errors).toEqual([{ pointer: '/Idempotency-Key', detail: expect.any(String) }]);
  });
});
