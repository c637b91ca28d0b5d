import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectProblem } from '../../support/problems.js';
import { type Answer, startService, type TestService } from '../../support/service.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';

// Real here: the service over HTTP, DynamoDB, and token checks. The users have good tokens, and no profile: todos need none.

const uuidV7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const defaults = { description: null, status: 'open', priority: 'normal', due: null, tags: [], checklist: [], completedAt: null, archivedAt: null };
const full = {
  title: 'Water the plants',
  description: 'All of them',
  status: 'in_progress',
  priority: 'high',
  due: '2030-05-01',
  tags: ['home', 'green'],
  checklist: [
    { title: 'Ferns', done: true },
    { title: 'Moss', done: false },
  ],
};

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => service?.stop());

const newUser = (): TokenBearer => tokenBearer(service.config);
const post = async (user: TokenBearer, body: unknown): Promise<Answer> => service.call('POST', `/users/${user.id}/todos`, { token: user.token, body });
const create = async (user: TokenBearer, body: object = { title: 'A todo' }): Promise<Record<string, any>> => {
  const answer = await post(user, body);
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return answer.body;
};
const callTodo = async (user: TokenBearer, method: string, id: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> =>
  service.call(method, `/todos/${id}`, { token: user.token, body, headers });

describe('POST /users/{id}/todos', () => {
  test('of a title alone takes the defaults for the rest', async () => {
    const user = newUser();

    const { status, body, headers } = await post(user, { title: 'A todo' });

    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(uuidV7),
      userId: user.id,
      title: 'A todo',
      ...defaults,
      createdAt: expect.stringMatching(instant),
      updatedAt: body.createdAt,
      version: 1,
    });
    expect(Object.keys(body)).toHaveLength(14);
    expect(headers.get('Location')).toBe(`/todos/${body.id}`);
    expect(headers.get('ETag')).toBe('"1"');
    expect(headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(headers.has('Idempotency-Replayed')).toBe(false);
  });

  test('keeps every field, and answers it again at its Location', async () => {
    const user = newUser();

    const created = await post(user, full);

    expect(created.body).toMatchObject(full);
    const read = await service.call('GET', created.headers.get('Location') ?? '', { token: user.token });
    expect([read.status, read.body]).toEqual([200, created.body]);
  });

  test('of a done todo says when: at its creation', async () => {
    const todo = await create(newUser(), { title: 'Was done before', status: 'done' });

    expect(todo['completedAt']).toBe(todo['createdAt']);
  });

  test('gives ids whose time is the time of creation', async () => {
    const before = Date.now();
    const todo = await create(newUser());

    expect(Number.parseInt(todo['id'].slice(0, 8) + todo['id'].slice(9, 13), 16)).toBe(Date.parse(todo['createdAt']));
    expect(Date.parse(todo['createdAt'])).toBeGreaterThanOrEqual(before);
    expect(Date.parse(todo['createdAt'])).toBeLessThanOrEqual(Date.now());
  });

  test.each([
    ['2030-05-01T18:00:00Z', '2030-05-01T18:00:00.000Z'],
    ['2030-05-01T18:00:00.123456+02:30', '2030-05-01T15:30:00.123Z'],
    ['2029-12-31T23:30:00-01:00', '2030-01-01T00:30:00.000Z'],
    ['2028-02-29', '2028-02-29'],
    ['9999-12-31', '9999-12-31'],
    ['0001-01-01', '0001-01-01'],
  ])('takes the due %s and answers %s', async (due, answered) => {
    const user = newUser();
    const todo = await create(user, { title: 'Due', due });

    expect(todo['due']).toBe(answered);
    expect((await callTodo(user, 'GET', todo['id'])).body.due).toBe(answered);
  });

  test('keeps texts as they are, whatever the script', async () => {
    const user = newUser();
    const content = {
      title: '  نص 漢字 👩‍👩‍👧 e\u0301  ',
      description: 'two\nlines\tand "quotes" \\ </script> \u2028',
      tags: ['Ünï', 'a b'],
      checklist: [{ title: '\u{1F600}', done: false }],
    };

    const todo = await create(user, content);

    expect((await callTodo(user, 'GET', todo['id'])).body).toMatchObject(content);
  });

  test('counts lengths in code points: every longest value passes', async () => {
    const longest = {
      title: '😀'.repeat(200),
      description: '😀'.repeat(10_000),
      tags: Array.from({ length: 20 }, (_, turn) => String.fromCodePoint(0x1f600 + turn).repeat(50)),
      checklist: Array.from({ length: 50 }, () => ({ title: '😀'.repeat(200), done: true })),
    };

    expect(await create(newUser(), longest)).toMatchObject(longest);
  });

  test('keeps a tag that stands twice once, in the order first given', async () => {
    const user = newUser();
    const given = ['b', 'a', 'b', 'cafe\u0301', 'A', 'caf\u00e9', 'a'];
    const kept = ['b', 'a', 'cafe\u0301', 'A'];

    const { id } = await create(user, { title: 'x', tags: given });

    expect((await callTodo(user, 'GET', String(id))).body.tags).toEqual(kept);
    expect((await callTodo(user, 'PATCH', String(id), { tags: given })).body.tags).toEqual(kept);
    expect((await callTodo(user, 'PUT', String(id), { title: 'x', tags: given })).body.tags).toEqual(kept);
  });

  test('takes an id in capitals for the same user', async () => {
    const user = newUser();

    const answer = await service.call('POST', `/users/${user.id.toUpperCase()}/todos`, { token: user.token, body: { title: 'x' } });

    expect([answer.status, answer.body.userId]).toEqual([201, user.id]);
  });
});

describe('GET /todos/{id}', () => {
  test('answers If-None-Match with 304 and no body while the version is the same', async () => {
    const user = newUser();
    const { id } = await create(user);
    const conditional = async (tag: string, method = 'GET'): Promise<Answer> => callTodo(user, method, id, undefined, { 'If-None-Match': tag });

    for (const tag of ['"1"', 'W/"1"', '*', '"7", "1"']) {
      const { status, text, headers } = await conditional(tag);
      expect([tag, status, text, headers.get('ETag')]).toEqual([tag, 304, '', '"1"']);
    }
    expect((await conditional('"1"', 'HEAD')).status).toBe(304);
    for (const tag of ['"2"', '1', '"11"']) {
      expect((await conditional(tag)).status).toBe(200);
    }
    await callTodo(user, 'PATCH', id, { title: 'Changed' });
    expect((await conditional('"1"')).status).toBe(200);
  });

  test('answers HEAD like GET, without the body', async () => {
    const user = newUser();
    const { id } = await create(user);

    const { status, text, headers } = await callTodo(user, 'HEAD', id);

    expect([status, text, headers.get('ETag')]).toEqual([200, '', '"1"']);
  });
});

describe('PUT /todos/{id}', () => {
  test('returns what is left out to its default', async () => {
    const user = newUser();
    const before = await create(user, { ...full, status: 'done' });

    const { status, body, headers } = await callTodo(user, 'PUT', before['id'], { title: 'Bare' });

    expect(status).toBe(200);
    expect(body).toEqual({ ...before, title: 'Bare', ...defaults, updatedAt: expect.stringMatching(instant), version: 2 });
    expect(headers.get('ETag')).toBe('"2"');
    expect(body.updatedAt >= before['updatedAt']).toBe(true);
    expect((await callTodo(user, 'GET', before['id'])).body).toEqual(body);
  });

  test('replaces every field', async () => {
    const user = newUser();
    const { id } = await create(user);

    expect((await callTodo(user, 'PUT', id, full)).body).toMatchObject({ ...full, version: 2 });
  });

  test('needs a title', async () => {
    const user = newUser();
    const before = await create(user);

    expectProblem(await callTodo(user, 'PUT', before['id'], { status: 'done' }), 400, 'request.invalid', ['/title']);
    expect((await callTodo(user, 'GET', before['id'])).body).toEqual(before);
  });

  test('takes no merge patch', async () => {
    const user = newUser();
    const { id } = await create(user);

    expectProblem(await callTodo(user, 'PUT', id, { title: 'x' }, { 'Content-Type': 'application/merge-patch+json' }), 415, 'request.unsupported_media_type');
  });
});

describe('PATCH /todos/{id}', () => {
  test.each(['application/merge-patch+json', 'application/json', 'application/merge-patch+json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'as %s changes what it names and leaves the rest',
    async (mediaType) => {
      const user = newUser();
      const before = await create(user, full);

      const { status, body, headers } = await callTodo(user, 'PATCH', before['id'], { title: 'Changed', tags: ['new'] }, { 'Content-Type': mediaType });

      expect(status).toBe(200);
      expect(body).toEqual({ ...before, title: 'Changed', tags: ['new'], updatedAt: expect.stringMatching(instant), version: 2 });
      expect(headers.get('ETag')).toBe('"2"');
    },
  );

  test.each([
    ['description', null],
    ['due', null],
    ['tags', []],
    ['checklist', []],
  ])('with null clears or empties %s', async (field, cleared) => {
    const user = newUser();
    const before = await create(user, full);

    const { status, body } = await callTodo(user, 'PATCH', before['id'], { [field]: null });

    expect([status, body]).toEqual([200, { ...before, [field]: cleared, updatedAt: expect.any(String), version: 2 }]);
    expect((await callTodo(user, 'GET', before['id'])).body).toEqual(body);
  });

  test.each(['title', 'status', 'priority'])('refuses null for %s', async (field) => {
    const user = newUser();
    const before = await create(user, full);

    expectProblem(await callTodo(user, 'PATCH', before['id'], { [field]: null }), 400, 'request.invalid', [`/${field}`]);
    expect((await callTodo(user, 'GET', before['id'])).body).toEqual(before);
  });

  test('replaces a list whole, as RFC 7396 says', async () => {
    const user = newUser();
    const { id } = await create(user, full);

    expect((await callTodo(user, 'PATCH', id, { checklist: [{ title: 'Only' }] })).body.checklist).toEqual([{ title: 'Only', done: false }]);
  });

  test('to done says when; staying done keeps it; leaving done clears it', async () => {
    const user = newUser();
    const { id } = await create(user);

    const done = (await callTodo(user, 'PATCH', id, { status: 'done' })).body;
    const still = (await callTodo(user, 'PATCH', id, { status: 'done', title: 'Renamed' })).body;
    const open = (await callTodo(user, 'PATCH', id, { status: 'open' })).body;

    expect(done.completedAt).toBe(done.updatedAt);
    expect(still.completedAt).toBe(done.completedAt);
    expect([open.completedAt, open.version]).toEqual([null, 4]);
  });

  test.each(['id', 'userId', 'version', 'createdAt', 'updatedAt', 'completedAt', 'itemKey'])(
    'refuses %s, which is not the caller’s to write',
    async (field) => {
      const user = newUser();
      const before = await create(user);

      expectProblem(await callTodo(user, 'PATCH', before['id'], { [field]: before[field] ?? 'x' }), 400, 'request.invalid', [`/${field}`]);
    },
  );
});

describe('DELETE /todos/{id}', () => {
  test('is 204 once and 404 from then on, for every method', async () => {
    const user = newUser();
    const { id } = await create(user);

    const { status, text } = await callTodo(user, 'DELETE', id);

    expect([status, text]).toEqual([204, '']);
    for (const [method, body] of [['DELETE'], ['GET'], ['PUT', { title: 'x' }], ['PATCH', { title: 'x' }]] as const) {
      expectProblem(await callTodo(user, method, id, body), 404, 'todo.not_found');
    }
    expect((await service.call('GET', `/users/${user.id}/todos`, { token: user.token })).body).toEqual({ items: [], nextCursor: null });
  });
});

describe('If-Match', () => {
  const writes = [
    ['PUT', { title: 'x' }],
    ['PATCH', { title: 'x' }],
    ['DELETE', undefined],
  ] as const;

  test.each(writes)('on %s refuses any other version with 412 and changes nothing', async (method, body) => {
    const user = newUser();
    const { id } = await create(user);
    const before = (await callTodo(user, 'PATCH', id, { title: 'Second' })).body;

    for (const tag of ['"1"', '"3"', 'W/"2"', '2', '""', '"1", "3"', 'W/"1", W/"2"']) {
      expectProblem(await callTodo(user, method, id, body, { 'If-Match': tag }), 412, 'version.stale');
    }
    expect((await callTodo(user, 'GET', id)).body).toEqual(before);
  });

  test.each(writes)('on %s lets the present version, a list with it and * through', async (method, body) => {
    const user = newUser();
    for (const tag of ['"1"', '"7", "1"', 'W/"1","1"', '*']) {
      const { id } = await create(user);
      expect([tag, (await callTodo(user, method, id, body, { 'If-Match': tag })).status]).toEqual([tag, method === 'DELETE' ? 204 : 200]);
    }
  });

  test('on a todo that is not there is 404', async () => {
    expectProblem(await callTodo(newUser(), 'PATCH', randomUUID(), { title: 'x' }, { 'If-Match': '"1"' }), 404, 'todo.not_found');
  });
});
