import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectProblem } from '../../support/problems.js';
import { startService, type TestService } from '../../support/service.js';
import { todoCalls } from './todo-calls.js';

// Real here: the service over HTTP and DynamoDB.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service?.stop();
});

const { newUser, create, batch, listed, itemOf } = todoCalls(() => service);

describe('POST /users/{id}/todos/batch', () => {
  test('makes its operations together, and answers each in order', async () => {
    const user = newUser();
    const [a, b] = [await create(user, { title: 'a' }), await create(user, { title: 'b', status: 'done' })];

    const { status, body } = await batch(user, [
      { op: 'delete', id: b.id, ifVersion: 1 },
      { op: 'create', todo: { title: 'c', tags: ['x', 'x'] } },
      { op: 'patch', id: a.id, patch: { status: 'in_progress' }, ifVersion: 1 },
    ]);

    expect(status).toBe(200);
    expect(body.results).toEqual([
      { id: b.id, todo: null },
      { id: expect.any(String), todo: expect.objectContaining({ title: 'c', tags: ['x'], version: 1 }) },
      { id: a.id, todo: expect.objectContaining({ title: 'a', status: 'in_progress', version: 2 }) },
    ]);
    expect((await listed(user)).map(({ title }) => title)).toEqual(['a', 'c']);
    expect(await itemOf(user, 'LIST')).toMatchObject({ open: 1, inProgress: 1, done: 0, revision: 5 });
  });

  test('of fifty deletions, or fifty changes, is one', async () => {
    const user = newUser();
    const made = (
      await batch(
        user,
        Array.from({ length: 50 }, (_, turn) => ({ op: 'create', todo: { title: `t${turn}` } })),
      )
    ).body.results as { id: string }[];

    expect(
      (
        await batch(
          user,
          made.map(({ id }) => ({ op: 'patch', id, patch: { status: 'done' } })),
        )
      ).status,
    ).toBe(200);
    expect(await itemOf(user, 'LIST')).toMatchObject({ open: 0, done: 50 });
    expect(
      (
        await batch(
          user,
          made.map(({ id }) => ({ op: 'delete', id })),
        )
      ).body.results,
    ).toEqual(made.map(({ id }) => ({ id, todo: null })));
    expect(await listed(user)).toEqual([]);
  });

  test('is nothing at all when one of fifty is stale; the problem is the first’s, and names each', async () => {
    const user = newUser();
    const made = (
      await batch(
        user,
        Array.from({ length: 50 }, (_, turn) => ({ op: 'create', todo: { title: `t${turn}` } })),
      )
    ).body.results as { id: string }[];
    const gone = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';

    const stale = await batch(
      user,
      made.map(({ id }, turn) => ({ op: 'patch', id: turn === 9 ? gone : id, patch: { title: 'y' }, ifVersion: turn === 3 ? 2 : 1 })),
    );

    expectProblem(stale, 412, 'version.stale', ['/operations/3', '/operations/9']);
    expect((await listed(user)).every(({ version }) => version === 1)).toBe(true);
    expect(await itemOf(user, 'LIST')).toMatchObject({ open: 50, revision: 50 });
  });

  test('with an idempotency key is made once, and its answer is given again', async () => {
    const user = newUser();
    const operations = [{ op: 'create', todo: { title: 'x' } }];
    const key = { 'Idempotency-Key': 'batch-1' };

    const answers = await Promise.all(Array.from({ length: 10 }, async () => batch(user, operations, key)));

    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('Idempotency-Replayed') === 'true')).toHaveLength(9);
    expect(await listed(user)).toHaveLength(1);
    expectProblem(await batch(user, [{ op: 'create', todo: { title: 'y' } }], key), 422, 'idempotency.key_reused');
  });

  const id = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';
  test.each<[string, readonly unknown[], string[] | undefined]>([
    ['no operation', [], ['/operations']],
    ['51 operations', Array.from({ length: 51 }, () => ({ op: 'create', todo: { title: 'x' } })), ['/operations']],
    [
      'one todo twice',
      [
        { op: 'delete', id },
        { op: 'patch', id: id.toUpperCase(), patch: {} },
      ],
      ['/operations/1/id'],
    ],
    ['an unknown operation', [{ op: 'move', id }], ['/operations/0/op']],
    ['an operation without its name', [{ id }], ['/operations/0/op']],
    ['an unknown field', [{ op: 'delete', id, force: true }], undefined],
    ['a todo that is none', [{ op: 'create', todo: { title: '' } }], ['/operations/0/todo/title']],
    ['a patch that is none', [{ op: 'patch', id, patch: { status: null } }], ['/operations/0/patch/status']],
    ['a version that is none', [{ op: 'delete', id, ifVersion: 0 }], ['/operations/0/ifVersion']],
    ['an id that is none', [{ op: 'delete', id: 'x' }], ['/operations/0/id']],
  ])('of %s is refused', async (_, operations, pointers) => {
    expectProblem(await batch(newUser(), operations), 400, 'request.invalid', pointers);
  });

  test('of a todo that is not there is 404, and another’s is no other', async () => {
    const other = await create(newUser(), { title: 'x' });

    expectProblem(await batch(newUser(), [{ op: 'delete', id: other.id }]), 404, 'todo.not_found', ['/operations/0']);
  });
});
