import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { signUpAdmin } from '../../support/administrators.js';
import { expectProblem } from '../../support/problems.js';
import { type Answer, type SignedUp, startService, type TestService } from '../../support/service.js';
import { type RecordCalls, recordCalls } from './record-calls.js';

// Real here: the service over HTTP, its tokens, and embedded stores. Nothing is replaced.

let service: TestService;
let records: RecordCalls;
let ann: SignedUp;
let admin: SignedUp;
beforeAll(async () => {
  service = await startService();
  records = recordCalls(service);
  [ann, admin] = await Promise.all([service.signUp(), signUpAdmin(service)]);
});
afterAll(async () => service?.stop());

describe('Reading a record', () => {
  test('is 404 when there is none', async () => {
    const absent = await records.read(ann, `?user_id=${ann.id}`);

    expect([absent.status, absent.body.code]).toEqual([404, 'record.not_found']);
  });

  test('is for the owner, whether or not there is a record, and for admins', async () => {
    const owner = await records.userWithRecord({ a: 1 });

    const others = await Promise.all([
      records.read(ann, `?user_id=${owner.id}`),
      records.read(ann, `?user_id=${randomUUID()}`),
      records.read(ann, '?user_id=x'),
      records.read(ann, `?user_id=${ann.id}&user_id=${owner.id}`),
    ]);
    const byAdmin = await records.read(admin, `?user_id=${owner.id}`);

    expect(others.map(({ status }) => status)).toEqual(Array(4).fill(403));
    expect([byAdmin.status, byAdmin.body]).toEqual([200, { user_id: owner.id, a: 1 }]);
  });

  test('refuses an id that is none from an admin', async () => {
    const refused = await records.read(admin, '?user_id=x');

    expect(refused.status).toBe(400);
    expect(refused.body.errors).toEqual([{ pointer: '/user_id', detail: 'must be a UUID' }]);
  });
});

describe('Listing records', () => {
  test('is for admins alone', async () => {
    const refused = await records.read(ann, '');

    expect([refused.status, refused.body.code]).toEqual([403, 'access.denied']);
  });

  test.each([1, 2, 3, 100])('brings every record once, %i at a time', async (limit) => {
    const made = await Promise.all(Array.from({ length: 4 }, async () => records.userWithRecord({ listed: true })));
    const seen: { user_id: string }[] = [];
    let cursor: string | null = null;
    do {
      const page: Answer = await records.read(admin, `?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`);
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
    const large = await Promise.all(Array.from({ length: 4 }, async () => records.userWithRecord()));
    for (const name of ['a', 'b', 'c']) {
      await Promise.all(large.map(async (user) => records.change(user, { user_id: user.id, updatedKey: name, updatedValue: 'x'.repeat(100_000) })));
    }
    const pages: Answer[] = [];
    let cursor: string | null = null;
    do {
      const page: Answer = await records.read(admin, `?limit=100${cursor === null ? '' : `&cursor=${cursor}`}`);
      pages.push(page);
      cursor = page.body.nextCursor as string | null;
    } while (cursor !== null);

    // The listings of the other tests have whole pages again.
    await Promise.all(large.map(async (user) => records.remove(user, `?user_id=${user.id}`)));

    const ids = pages.flatMap(({ body }) => (body.items as { user_id: string }[]).map(({ user_id }) => user_id));
    expect(pages.length).toBeGreaterThan(1);
    expect(Math.max(...pages.map(({ text }) => text.length))).toBeLessThan(1_500_000);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(large.map(({ id }) => id)));
  });

  test('brings 25 when no limit is given, and null where nothing follows', async () => {
    await Promise.all(Array.from({ length: 26 }, async () => records.userWithRecord()));

    const first = await records.read(admin, '');

    expect(first.body.items).toHaveLength(25);
    expect(first.body.nextCursor).toEqual(expect.any(String));
  });

  test('refuses a limit out of range, an unknown field, and a damaged or foreign cursor', async () => {
    const otherAdmin = await signUpAdmin(service);
    await records.userWithRecord();
    await records.userWithRecord();
    const { nextCursor } = (await records.read(otherAdmin, '?limit=1')).body as { nextCursor: string };

    const limits = await Promise.all(['0', '101', '1.5', '-1', 'x', '', '0x10'].map(async (limit) => records.read(admin, `?limit=${limit}`)));
    const unknown = await records.read(admin, '?userId=x');
    const cursors = await Promise.all([nextCursor, `${nextCursor}x`, 'x', ''].map(async (cursor) => records.read(admin, `?cursor=${cursor}`)));

    expect(limits.map(({ status, body }) => [status, body.errors[0].pointer])).toEqual(Array(7).fill([400, '/limit']));
    expect([unknown.status, unknown.body.errors[0].pointer]).toEqual([400, '/userId']);
    expect(cursors.map(({ status, body }) => [status, body.errors[0].pointer])).toEqual(Array(4).fill([400, '/cursor']));
    expect((await records.read(otherAdmin, `?limit=1&cursor=${nextCursor}`)).status).toBe(200);
  });

  test('refuses a cursor beside user_id, which it would otherwise leave unread', async () => {
    const owner = await records.userWithRecord();

    expectProblem(await records.read(owner, `?user_id=${owner.id}&cursor=x`), 400, 'request.invalid', ['/cursor']);
  });
});

describe('Changing a record', () => {
  test.each([
    ['adds', 'new', { deep: [1, null] }],
    ['replaces', 'old', 'other'],
    ['stores null in', 'old', null],
    ['stores an empty text in', 'old', ''],
    ['adds one named like code:', 'constructor', { constructor: { name: 'Set' } }],
    ['adds one named like an expression:', 'a.b[0] = :x, #y', 1],
  ])('%s an attribute (%s) and answers the whole record', async (_, updatedKey, updatedValue) => {
    const user = await records.userWithRecord({ old: 1, kept: [true] });

    const changed = await records.change(user, { user_id: user.id, updatedKey, updatedValue });

    expect(changed.status).toBe(200);
    expect(changed.body).toEqual({ user_id: user.id, old: 1, kept: [true], [updatedKey]: updatedValue });
    expect((await records.read(user, `?user_id=${user.id}`)).body).toEqual(changed.body);
  });

  test('keeps every one of many changes at once', async () => {
    const user = await records.userWithRecord();

    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => records.change(user, { user_id: user.id, updatedKey: `k${index}`, updatedValue: index })),
    );

    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(Object.keys((await records.read(user, `?user_id=${user.id}`)).body)).toHaveLength(21);
  });

  test('is 404 when there is no record, and makes none', async () => {
    const absent = await records.change(ann, { user_id: ann.id, updatedKey: 'a', updatedValue: 1 });

    expect([absent.status, absent.body.code]).toEqual([404, 'record.not_found']);
    expect((await records.read(ann, `?user_id=${ann.id}`)).status).toBe(404);
  });

  test.each([
    ['user_id itself', { updatedKey: 'user_id', updatedValue: 'x' }, '/updatedKey'],
    ['an empty name', { updatedKey: '', updatedValue: 1 }, '/updatedKey'],
    ['__proto__', { updatedKey: '__proto__', updatedValue: 1 }, '/updatedKey'],
    ['no name', { updatedValue: 1 }, '/updatedKey'],
    ['a name that is no text', { updatedKey: 1, updatedValue: 1 }, '/updatedKey'],
    ['no value', { updatedKey: 'a' }, '/updatedValue'],
    ['an unknown field', { updatedKey: 'a', updatedValue: 1, more: 1 }, '/more'],
    ['a number that cannot be kept', { updatedKey: 'a', updatedValue: { b: [1e126] } }, '/updatedValue/b/0'],
    ['an empty name within', { updatedKey: 'a', updatedValue: { '': 1 } }, '/updatedValue/'],
  ])('refuses %s', async (_, body, pointer) => {
    const refused = await records.change(ann, { user_id: ann.id, ...body });

    expect([refused.status, refused.body.code]).toEqual([400, 'request.invalid']);
    expect(refused.body.errors).toEqual([{ pointer, detail: expect.any(String) }]);
  });

  test('refuses a number that parsing alters', async () => {
    const refused = await records.change(ann, `{"user_id":"${ann.id}","updatedKey":"a","updatedValue":9007199254740993}`);

    expect(refused.status).toBe(400);
    expect(refused.body.errors).toEqual([{ pointer: '/updatedValue', detail: expect.any(String) }]);
  });

  test('refuses to grow a record past what DynamoDB holds', async () => {
    const user = await records.userWithRecord();
    const grow = async (name: string): Promise<Answer> => records.change(user, { user_id: user.id, updatedKey: name, updatedValue: 'x'.repeat(100_000) });
    const fits = [await grow('a'), await grow('b'), await grow('c'), await grow('d')];

    const refused = await grow('e');

    expect(fits.map(({ status }) => status)).toEqual(Array(4).fill(200));
    expect([refused.status, refused.body.code]).toEqual([400, 'record.full']);
    expect(refused.body.errors).toEqual([{ pointer: '/updatedValue', detail: expect.any(String) }]);
  });

  test('is for the owner alone, whether or not there is a record', async () => {
    const owner = await records.userWithRecord({ a: 1 });
    const theirs = { user_id: owner.id, updatedKey: 'a', updatedValue: 2 };

    const answers = await Promise.all([records.change(ann, theirs), records.change(ann, { ...theirs, user_id: randomUUID() }), records.change(admin, theirs)]);

    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect((await records.read(owner, `?user_id=${owner.id}`)).body).toEqual({ user_id: owner.id, a: 1 });
  });
});

describe('Deleting a record', () => {
  test('is 204, and 404 the second time', async () => {
    const user = await records.userWithRecord();

    const first = await records.remove(user, `?user_id=${user.id}`);
    const second = await records.remove(user, `?user_id=${user.id}`);

    expect([first.status, first.text]).toEqual([204, '']);
    expect([second.status, second.body.code]).toEqual([404, 'record.not_found']);
    expect((await records.create(user, { user_id: user.id })).status).toBe(201);
  });

  test('is for the owner alone, whether or not there is a record', async () => {
    const owner = await records.userWithRecord();

    const answers = await Promise.all([
      records.remove(ann, `?user_id=${owner.id}`),
      records.remove(ann, `?user_id=${randomUUID()}`),
      records.remove(admin, `?user_id=${owner.id}`),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect((await records.read(owner, `?user_id=${owner.id}`)).status).toBe(200);
  });

  test('without a user_id is 400 at user_id for every caller', async () => {
    for (const [caller, query] of [
      [ann, ''],
      [admin, ''],
      [ann, '?user_id='],
    ] as const) {
      expectProblem(await records.remove(caller, query), 400, 'request.invalid', ['/user_id']);
    }
  });
});

describe('Without a valid token', () => {
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
