import { randomUUID } from 'node:crypto';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { signUpAdmin } from '../support/admin.js';
import { expectProblem } from '../support/problems.js';
import { type Answer, type SignedUp, startService, type TestService } from '../support/service.js';

// Real here: the service over HTTP, its tokens, and embedded stores. Nothing is replaced.

describe('Records', () => {
  let service: TestService;
  let store: DynamoDBClient;
  let ann: SignedUp;
  let bob: SignedUp;
  let admin: SignedUp;

  const create = async (user: SignedUp, body: unknown, key?: string): Promise<Answer> =>
    service.call('POST', '/dynamo', { body, token: user.accessToken, ...(key !== undefined && { headers: { 'Idempotency-Key': key } }) });
  const read = async (user: SignedUp, query: string): Promise<Answer> => service.call('GET', `/dynamo${query}`, { token: user.accessToken });
  const change = async (user: SignedUp, body: unknown): Promise<Answer> => service.call('PATCH', '/dynamo', { body, token: user.accessToken });
  const remove = async (user: SignedUp, query: string): Promise<Answer> => service.call('DELETE', `/dynamo${query}`, { token: user.accessToken });

  async function userWithRecord(attributes: object = {}): Promise<SignedUp> {
    const user = await service.signUp();
    expect((await create(user, { user_id: user.id, ...attributes })).status).toBe(201);
    return user;
  }

  async function setTombstone(userId: string): Promise<void> {
    const Item = { userId: { S: userId }, itemKey: { S: 'LIST' }, deletedAt: { S: new Date().toISOString() } };
    await store.send(new PutItemCommand({ TableName: service.config.dynamodb.tables.todos, Item }));
  }

  beforeAll(async () => {
    service = await startService();
    store = new DynamoDBClient({
      region: service.config.region,
      endpoint: service.config.dynamodb.endpoint,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    [ann, bob, admin] = await Promise.all([service.signUp(), service.signUp(), signUpAdmin(service)]);
  });

  afterAll(async () => {
    store.destroy();
    await service.stop();
  });

  describe('creating', () => {
    test('stores whatever JSON holds, and tells where', async () => {
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

      const created = await create(user, record);

      expect(created.status).toBe(201);
      expect(created.body).toEqual(record);
      expect(created.headers.get('Location')).toBe(`/dynamo?user_id=${user.id}`);
      expect(created.headers.get('Idempotency-Replayed')).toBeNull();
      const stored = await read(user, `?user_id=${user.id}`);
      expect(stored.status).toBe(200);
      expect(stored.body).toEqual(record);
    });

    test('takes a record without other attributes, and an id in capitals', async () => {
      const user = await service.signUp();

      const created = await create(user, { user_id: user.id.toUpperCase() });

      expect(created.status).toBe(201);
      expect(created.body).toEqual({ user_id: user.id });
    });

    test('refuses a second record, and keeps the first', async () => {
      const user = await userWithRecord({ first: true });

      const refused = await create(user, { user_id: user.id, second: true });

      expect([refused.status, refused.body.code]).toEqual([409, 'record.exists']);
      expect((await read(user, `?user_id=${user.id}`)).body).toEqual({ user_id: user.id, first: true });
    });

    test('lets one of many at once through', async () => {
      const user = await service.signUp();

      const answers = await Promise.all(Array.from({ length: 20 }, async (_, index) => create(user, { user_id: user.id, index })));

      const made = answers.filter(({ status }) => status === 201);
      expect(made).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
      expect((await read(user, `?user_id=${user.id}`)).body).toEqual(made[0]?.body);
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

      const refused = await create(user, `{"user_id":"${user.id}","a":[${number}]}`);

      expect([refused.status, refused.body.code]).toEqual([400, 'request.invalid']);
      expect(refused.body.errors).toEqual([{ pointer, detail: expect.any(String) }]);
      expect((await read(user, `?user_id=${user.id}`)).status).toBe(404);
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
      const refused = await create(ann, body());

      expect([refused.status, refused.body.code]).toEqual([400, 'request.invalid']);
      expect(refused.body.errors).toEqual([{ pointer, detail: expect.any(String) }]);
    });

    test('stores nesting as deep as DynamoDB does, and refuses more', async () => {
      const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
      const user = await service.signUp();

      const refused = await create(user, `{"user_id":"${user.id}","a":${nested(32)}}`);
      const created = await create(user, `{"user_id":"${user.id}","a":${nested(31)}}`);

      expect(refused.status).toBe(400);
      expect(created.status).toBe(201);
    });

    test('refuses no body, what is not JSON, another media type, and a body over the limit', async () => {
      const none = await create(ann, undefined);
      const broken = await create(ann, '{');
      const text = await service.call('POST', '/dynamo', { body: '{}', token: ann.accessToken, headers: { 'Content-Type': 'text/plain' } });
      const large = await create(ann, { user_id: ann.id, a: 'x'.repeat(102_400) });

      expect([none.status, broken.status, text.status, large.status]).toEqual([400, 400, 415, 413]);
    });

    test('is for the owner alone, whether or not there is a record', async () => {
      const answers = await Promise.all([create(ann, { user_id: bob.id }), create(ann, { user_id: randomUUID() }), create(admin, { user_id: bob.id })]);

      expect(answers.map(({ status, body }) => [status, body.code])).toEqual(Array(3).fill([403, 'access.denied']));
      expect((await read(bob, `?user_id=${bob.id}`)).status).toBe(404);
    });

    test('is impossible once the user is deleted, although the token still holds', async () => {
      const user = await service.signUp();
      await setTombstone(user.id);

      const refused = await create(user, { user_id: user.id });

      expect([refused.status, refused.body.code]).toEqual([404, 'user.not_found']);
      expect((await read(user, `?user_id=${user.id}`)).status).toBe(404);
    });
  });

  describe('creating with an idempotency key', () => {
    test('makes one record of fifty requests, and answers all alike', async () => {
      const user = await service.signUp();
      const key = randomUUID();

      const answers = await Promise.all(Array.from({ length: 50 }, async () => create(user, { user_id: user.id, a: [1, { b: 2 }] }, key)));

      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(201));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(new Set(answers.map(({ headers }) => headers.get('Location')))).toEqual(new Set([`/dynamo?user_id=${user.id}`]));
      expect(answers.filter(({ headers }) => headers.get('Idempotency-Replayed') === null)).toHaveLength(1);
    });

    test('replays the first result whatever the order of the fields, also when the record has changed or gone', async () => {
      const user = await service.signUp();
      const key = randomUUID();
      const first = await create(user, { user_id: user.id, a: 1, b: 2 }, key);
      await change(user, { user_id: user.id, updatedKey: 'a', updatedValue: 9 });

      const changed = await create(user, { b: 2, a: 1, user_id: user.id }, key);
      await remove(user, `?user_id=${user.id}`);
      const gone = await create(user, { user_id: user.id, a: 1, b: 2 }, key);

      for (const replay of [changed, gone]) {
        expect(replay.status).toBe(201);
        expect(replay.body).toEqual(first.body);
        expect(replay.headers.get('Idempotency-Replayed')).toBe('true');
        expect(replay.headers.get('Location')).toBe(first.headers.get('Location'));
      }
      expect((await read(user, `?user_id=${user.id}`)).status).toBe(404);
    });

    test('refuses another payload with the same key', async () => {
      const user = await service.signUp();
      const key = randomUUID();
      await create(user, { user_id: user.id, a: 1 }, key);

      const refused = await create(user, { user_id: user.id, a: 2 }, key);

      expect([refused.status, refused.body.code]).toEqual([422, 'idempotency.key_reused']);
      expect(refused.headers.get('Location')).toBeNull();
    });

    test('keeps the keys of users apart', async () => {
      const key = randomUUID();
      const [one, two] = await Promise.all([service.signUp(), service.signUp()]);

      const answers = [await create(one, { user_id: one.id }, key), await create(two, { user_id: two.id }, key)];

      expect(answers.map(({ status, headers }) => [status, headers.get('Idempotency-Replayed')])).toEqual(Array(2).fill([201, null]));
    });

    test('remembers no conflict: a key is used up by a record only', async () => {
      const user = await userWithRecord();
      const key = randomUUID();
      const conflict = await create(user, { user_id: user.id, a: 1 }, key);
      await remove(user, `?user_id=${user.id}`);

      const created = await create(user, { user_id: user.id, a: 2 }, key);

      expect([conflict.status, created.status]).toEqual([409, 201]);
    });

    test('replays nothing once the user is deleted', async () => {
      const user = await service.signUp();
      const key = randomUUID();
      await create(user, { user_id: user.id }, key);
      await setTombstone(user.id);

      const refused = await create(user, { user_id: user.id }, key);

      expect([refused.status, refused.body.code]).toEqual([404, 'user.not_found']);
    });

    test('refuses a key that is none', async () => {
      const refused = await create(ann, { user_id: ann.id }, 'two words');

      expect(refused.status).toBe(400);
      expect(refused.body.errors).toEqual([{ pointer: '/Idempotency-Key', detail: expect.any(String) }]);
    });
  });

  describe('reading', () => {
    test('is 404 when there is none', async () => {
      const absent = await read(ann, `?user_id=${ann.id}`);

      expect([absent.status, absent.body.code]).toEqual([404, 'record.not_found']);
    });

    test('is for the owner, whether or not there is a record, and for admins', async () => {
      const owner = await userWithRecord({ a: 1 });

      const others = await Promise.all([
        read(ann, `?user_id=${owner.id}`),
        read(ann, `?user_id=${randomUUID()}`),
        read(ann, '?user_id=x'),
        read(ann, `?user_id=${ann.id}&user_id=${owner.id}`),
      ]);
      const byAdmin = await read(admin, `?user_id=${owner.id}`);

      expect(others.map(({ status }) => status)).toEqual(Array(4).fill(403));
      expect([byAdmin.status, byAdmin.body]).toEqual([200, { user_id: owner.id, a: 1 }]);
    });

    test('refuses an id that is none from an admin', async () => {
      const refused = await read(admin, '?user_id=x');

      expect(refused.status).toBe(400);
      expect(refused.body.errors).toEqual([{ pointer: '/user_id', detail: 'must be a UUID' }]);
    });
  });

  describe('listing', () => {
    test('is for admins alone', async () => {
      const refused = await read(ann, '');

      expect([refused.status, refused.body.code]).toEqual([403, 'access.denied']);
    });

    test.each([1, 2, 3, 100])('brings every record once, %i at a time', async (limit) => {
      const made = await Promise.all(Array.from({ length: 4 }, async () => userWithRecord({ listed: true })));
      const seen: { user_id: string }[] = [];
      let cursor: string | null = null;
      do {
        const page: Answer = await read(admin, `?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`);
        expect(page.status).toBe(200);
        expect(page.body.items.length).toBeGreaterThan(0);
        expect(page.body.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.body.items);
        cursor = page.body.nextCursor as string | null;
      } while (cursor !== null);

      const ids = seen.map(({ user_id }) => user_id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
      expect(seen).toContainEqual({ user_id: made[0]?.id, listed: true });
    });

    test('brings every record once, also large ones, in pages that stay small', async () => {
      const large = await Promise.all(Array.from({ length: 4 }, async () => userWithRecord()));
      for (const name of ['a', 'b', 'c']) {
        await Promise.all(large.map(async (user) => change(user, { user_id: user.id, updatedKey: name, updatedValue: 'x'.repeat(100_000) })));
      }
      const pages: Answer[] = [];
      let cursor: string | null = null;
      do {
        const page: Answer = await read(admin, `?limit=100${cursor === null ? '' : `&cursor=${cursor}`}`);
        pages.push(page);
        cursor = page.body.nextCursor as string | null;
      } while (cursor !== null);

      const ids = pages.flatMap(({ body }) => (body.items as { user_id: string }[]).map(({ user_id }) => user_id));
      expect(pages.length).toBeGreaterThan(1);
      expect(Math.max(...pages.map(({ text }) => text.length))).toBeLessThan(1_500_000);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining(large.map(({ id }) => id)));
    });

    test('brings 25 when no limit is given, and null where nothing follows', async () => {
      await Promise.all(Array.from({ length: 26 }, async () => userWithRecord()));

      const first = await read(admin, '');

      expect(first.body.items).toHaveLength(25);
      expect(first.body.nextCursor).toEqual(expect.any(String));
    });

    test('refuses a limit out of range, a field nobody knows, and a damaged or foreign cursor', async () => {
      const otherAdmin = await signUpAdmin(service);
      await userWithRecord();
      await userWithRecord();
      const { nextCursor } = (await read(otherAdmin, '?limit=1')).body as { nextCursor: string };

      const limits = await Promise.all(['0', '101', '1.5', '-1', 'x', '', '0x10'].map(async (limit) => read(admin, `?limit=${limit}`)));
      const unknown = await read(admin, '?userId=x');
      const cursors = await Promise.all([nextCursor, `${nextCursor}x`, 'x', ''].map(async (cursor) => read(admin, `?cursor=${cursor}`)));

      expect(limits.map(({ status, body }) => [status, body.errors[0].pointer])).toEqual(Array(7).fill([400, '/limit']));
      expect([unknown.status, unknown.body.errors[0].pointer]).toEqual([400, '/userId']);
      expect(cursors.map(({ status, body }) => [status, body.errors[0].pointer])).toEqual(Array(4).fill([400, '/cursor']));
      expect((await read(otherAdmin, `?limit=1&cursor=${nextCursor}`)).status).toBe(200);
    });

    test('refuses a cursor beside user_id, which it would otherwise leave unread', async () => {
      const owner = await userWithRecord();

      expectProblem(await read(owner, `?user_id=${owner.id}&cursor=x`), 400, 'request.invalid', ['/cursor']);
    });
  });

  describe('changing', () => {
    test.each([
      ['adds', 'new', { deep: [1, null] }],
      ['replaces', 'old', 'other'],
      ['stores null in', 'old', null],
      ['stores an empty text in', 'old', ''],
      ['adds one named like code:', 'constructor', { constructor: { name: 'Set' } }],
      ['adds one named like an expression:', 'a.b[0] = :x, #y', 1],
    ])('%s an attribute (%s) and answers the whole record', async (_, updatedKey, updatedValue) => {
      const user = await userWithRecord({ old: 1, kept: [true] });

      const changed = await change(user, { user_id: user.id, updatedKey, updatedValue });

      expect(changed.status).toBe(200);
      expect(changed.body).toEqual({ user_id: user.id, old: 1, kept: [true], [updatedKey]: updatedValue });
      expect((await read(user, `?user_id=${user.id}`)).body).toEqual(changed.body);
    });

    test('keeps every one of many changes at once', async () => {
      const user = await userWithRecord();

      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => change(user, { user_id: user.id, updatedKey: `k${index}`, updatedValue: index })),
      );

      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
      expect(Object.keys((await read(user, `?user_id=${user.id}`)).body)).toHaveLength(21);
    });

    test('is 404 when there is no record, and makes none', async () => {
      const absent = await change(ann, { user_id: ann.id, updatedKey: 'a', updatedValue: 1 });

      expect([absent.status, absent.body.code]).toEqual([404, 'record.not_found']);
      expect((await read(ann, `?user_id=${ann.id}`)).status).toBe(404);
    });

    test.each([
      ['user_id itself', { updatedKey: 'user_id', updatedValue: 'x' }, '/updatedKey'],
      ['an empty name', { updatedKey: '', updatedValue: 1 }, '/updatedKey'],
      ['__proto__', { updatedKey: '__proto__', updatedValue: 1 }, '/updatedKey'],
      ['no name', { updatedValue: 1 }, '/updatedKey'],
      ['a name that is no text', { updatedKey: 1, updatedValue: 1 }, '/updatedKey'],
      ['no value', { updatedKey: 'a' }, '/updatedValue'],
      ['a field nobody knows', { updatedKey: 'a', updatedValue: 1, more: 1 }, '/more'],
      ['a number that cannot be kept', { updatedKey: 'a', updatedValue: { b: [1e126] } }, '/updatedValue/b/0'],
      ['an empty name within', { updatedKey: 'a', updatedValue: { '': 1 } }, '/updatedValue/'],
    ])('refuses %s', async (_, body, pointer) => {
      const refused = await change(ann, { user_id: ann.id, ...body });

      expect([refused.status, refused.body.code]).toEqual([400, 'request.invalid']);
      expect(refused.body.errors).toEqual([{ pointer, detail: expect.any(String) }]);
    });

    test('refuses a number that parsing alters', async () => {
      const refused = await change(ann, `{"user_id":"${ann.id}","updatedKey":"a","updatedValue":9007199254740993}`);

      expect(refused.status).toBe(400);
      expect(refused.body.errors).toEqual([{ pointer: '/updatedValue', detail: expect.any(String) }]);
    });

    test('refuses to grow a record past what DynamoDB holds', async () => {
      const user = await userWithRecord();
      const grow = async (name: string): Promise<Answer> => change(user, { user_id: user.id, updatedKey: name, updatedValue: 'x'.repeat(100_000) });
      const fits = [await grow('a'), await grow('b'), await grow('c'), await grow('d')];

      const refused = await grow('e');

      expect(fits.map(({ status }) => status)).toEqual(Array(4).fill(200));
      expect([refused.status, refused.body.code]).toEqual([400, 'record.full']);
      expect(refused.body.errors).toEqual([{ pointer: '/updatedValue', detail: expect.any(String) }]);
    });

    test('is for the owner alone, whether or not there is a record', async () => {
      const owner = await userWithRecord({ a: 1 });
      const theirs = { user_id: owner.id, updatedKey: 'a', updatedValue: 2 };

      const answers = await Promise.all([change(ann, theirs), change(ann, { ...theirs, user_id: randomUUID() }), change(admin, theirs)]);

      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
      expect((await read(owner, `?user_id=${owner.id}`)).body).toEqual({ user_id: owner.id, a: 1 });
    });
  });

  describe('deleting', () => {
    test('is 204, and 404 the second time', async () => {
      const user = await userWithRecord();

      const first = await remove(user, `?user_id=${user.id}`);
      const second = await remove(user, `?user_id=${user.id}`);

      expect([first.status, first.text]).toEqual([204, '']);
      expect([second.status, second.body.code]).toEqual([404, 'record.not_found']);
      expect((await create(user, { user_id: user.id })).status).toBe(201);
    });

    test('is for the owner alone, whether or not there is a record', async () => {
      const owner = await userWithRecord();

      const answers = await Promise.all([remove(ann, `?user_id=${owner.id}`), remove(ann, `?user_id=${randomUUID()}`), remove(admin, `?user_id=${owner.id}`)]);

      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
      expect((await read(owner, `?user_id=${owner.id}`)).status).toBe(200);
    });

    test('without a user_id is 400 at user_id, whoever asks', async () => {
      for (const [caller, query] of [
        [ann, ''],
        [admin, ''],
        [ann, '?user_id='],
      ] as const) {
        expectProblem(await remove(caller, query), 400, 'request.invalid', ['/user_id']);
      }
    });
  });

  describe('without a valid token', () => {
    test.each([
      ['POST', '/dynamo'],
      ['GET', '/dynamo'],
      ['GET', `/dynamo?user_id=${randomUUID()}`],
      ['PATCH', '/dynamo'],
      ['DELETE', `/dynamo?user_id=${randomUUID()}`],
    ])('%s %s is 401', async (method, path) => {
      const body = method === 'POST' || method === 'PATCH' ? {} : undefined;

      const none = await service.call(method, path, { body });
      const bad = await service.call(method, path, { body, token: 'bad' });

      expect([none.status, none.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer']);
      expect([bad.status, bad.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer error="invalid_token"']);
    });
  });
});
