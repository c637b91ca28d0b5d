import { describe, expect, test } from '@jest/globals';
import type { Todo, TodoChange } from '../../client/index.js';
import { ClientHarness, failureOf, withPath } from './client-harness.js';

// Real here: the client, the service over HTTP and both stores. Lost replies are those of a small proxy.

const harness = new ClientHarness();
const { client, lossy, signedIn } = harness;

describe('A batch', () => {
  test('makes its operations together and answers each in order', async () => {
    const { duet } = await signedIn();
    const [a, b] = [await duet.todos.create({ title: 'a' }), await duet.todos.create({ title: 'b' })];

    const results = await duet.todos.batch([
      { op: 'delete', id: a.id, ifVersion: a.version },
      { op: 'create', todo: { title: 'c' } },
      { op: 'patch', id: b.id, patch: { status: 'done' } },
    ]);

    expect(results.map(({ todo }) => todo && [todo.title, todo.status])).toEqual([null, ['c', 'open'], ['b', 'done']]);
    expect(results.map(({ id }) => id)).toEqual([a.id, expect.any(String), b.id]);
  });

  test('is none when one operation fails; the problem names each that does', async () => {
    const { duet } = await signedIn();
    const todo = await duet.todos.create({ title: 'a' });
    const patch = { title: 'x' };

    const failure = await failureOf(duet.todos.batch([{ op: 'create', todo: { title: 'b' } }, { op: 'patch', id: todo.id, patch, ifVersion: 9 }])); // prettier-ignore

    expect([failure.code, failure.status, failure.errors.map(({ pointer }: { pointer: string }) => pointer)]).toEqual([
      'version.stale',
      412,
      ['/operations/1'],
    ]);
    expect((await duet.todos.list().take(5)).map(({ title }) => title)).toEqual(['a']);
  });

  test('whose reply was lost is made once, with one key', async () => {
    const user = await signedIn();
    const url = await lossy('lose the reply', withPath('/users/me/todos/batch'));
    const { duet, attempts } = client({ baseUrl: url, session: user.duet.session });

    const [made] = await duet.todos.batch([{ op: 'create', todo: { title: 'once' } }]);

    expect((await duet.todos.list().take(5)).map(({ id }) => id)).toEqual([made?.id]);
    expect(attempts('POST').map(({ status }) => status)).toEqual([undefined, 200]);
    expect(new Set(attempts('POST').map(({ requestHeaders }) => requestHeaders.get('Idempotency-Key'))).size).toBe(1);
  });
});

describe('The change feed', () => {
  test('gives every todo at first, and from a token on what has changed since', async () => {
    const { duet, attempts } = await signedIn();
    const todos: Todo[] = [];
    for (const title of ['a', 'b', 'c']) todos.push(await duet.todos.create({ title }));
    let next = '';
    const first: TodoChange[] = [];
    for await (const page of duet.changes({ limit: 2 }).pages()) {
      first.push(...page.changes);
      next = page.next;
    }
    await duet.todos.delete(todos[1]!);
    const changed = await duet.todos.update(todos[0]!, { title: 'A' });

    const later: TodoChange[] = [];
    for await (const change of duet.changes({ since: next })) later.push(change);

    expect(first).toEqual(todos.map((todo) => ({ id: todo.id, state: 'present', todo })));
    expect(later).toEqual([
      { id: todos[1]?.id, state: 'deleted' },
      { id: todos[0]?.id, state: 'present', todo: changed },
    ]);
    expect(attempts('GET /users/me/changes')).toHaveLength(3);
  });

  test('of an iteration that is left asks for no more pages', async () => {
    const { duet, attempts } = await signedIn();
    for (const title of ['a', 'b', 'c']) await duet.todos.create({ title });

    for await (const { id } of duet.changes({ limit: 1 })) {
      expect(id).toEqual(expect.any(String));
      break;
    }

    expect(attempts('GET /users/me/changes')).toHaveLength(1);
  });

  test('refuses a token that is none, and is for those who are signed in', async () => {
    const { duet } = await signedIn();

    expect((await failureOf(duet.changes({ since: 'nonsense' }).pages().next())).code).toBe('cursor.invalid');
    expect(() => client().duet.changes()).toThrow(/Nobody is signed in/);
  });
});
