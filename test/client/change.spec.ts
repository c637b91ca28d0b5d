import { describe, expect, test } from '@jest/globals';
import { type TodoPatch } from '../../client/index.js';
import { ClientHarness, failureOf, sessionOf, withMethod, type Fault } from './client-harness.js';

// Real here: the client, the service over HTTP and both stores. Servers that misbehave are small ones, over real sockets.

const harness = new ClientHarness();
const { lossy, client, signedIn } = harness;

describe('A change', () => {
  test('carries the version that was read, and is refused when that is stale', async () => {
    const { duet, attempts } = await signedIn();
    const todo = await duet.todos.create({ title: 'One' });

    const changed = await duet.todos.update(todo, { title: 'Two' });
    const replaced = await duet.todos.replace(changed, { title: 'Three' });
    const stale = [
      await failureOf(duet.todos.update(todo, { title: 'X' })),
      await failureOf(duet.todos.replace(todo, { title: 'X' })),
      await failureOf(duet.todos.delete(todo)),
    ];

    expect([changed.version, replaced.version, replaced.title]).toEqual([2, 3, 'Three']);
    expect(stale.map(({ code, status, uncertain }) => [code, status, uncertain])).toEqual(Array(3).fill(['version.stale', 412, false]));
    expect(attempts('PATCH').map(({ requestHeaders }) => requestHeaders.get('If-Match'))).toEqual(['"1"', '"1"']);
    await duet.todos.delete(replaced);
    expect((await failureOf(duet.todos.get(todo.id))).code).toBe('todo.not_found');
  });

  test('of a user carries the version too', async () => {
    const { duet } = await signedIn();
    const user = await duet.users.me();

    const renamed = await duet.users.update(user, { name: 'Grace' });

    expect([renamed.name, renamed.version]).toEqual(['Grace', user.version + 1]);
    expect((await failureOf(duet.users.update(user, { name: 'X' }))).code).toBe('version.stale');
    expect((await failureOf(duet.users.delete(user))).code).toBe('version.stale');
  });

  test('whose reply was lost is recognised as one’s own', async () => {
    const user = await harness.service.signUp();
    const direct = client({ session: sessionOf(user) });
    const todo = await direct.duet.todos.create({ title: 'One', tags: ['a'], checklist: [{ title: 'x' }] });
    const patch = client({ session: sessionOf(user), baseUrl: await lossy('lose the reply', withMethod('PATCH')) });
    const put = client({ session: sessionOf(user), baseUrl: await lossy('lose the reply', withMethod('PUT')) });

    const patched = await patch.duet.todos.update(todo, { title: 'Two', tags: null, checklist: [{ title: 'x', done: true }] });
    const replaced = await put.duet.todos.replace(patched, { title: 'Three' });
    const renamed = await patch.duet.users.update(await patch.duet.users.me(), { name: 'Grace' });

    expect(patch.attempts('PATCH /todos').map(({ status }) => status)).toEqual([undefined, 412]);
    expect([patched.version, patched.title, patched.tags]).toEqual([2, 'Two', []]);
    expect([replaced.version, replaced.title, replaced.checklist]).toEqual([3, 'Three', []]);
    expect(renamed.name).toBe('Grace');
  });

  test.each<[Fault, string, ...TodoPatch[]]>([
    ['lose the request', 'another title', { title: 'Theirs' }],
    ['lose the request', 'the same title and more', { title: 'Mine', status: 'done' }],
    ['lose the reply', 'a change after it', { priority: 'high' }],
    ['lose the reply', 'a change after it, and back', { priority: 'high' }, { priority: 'normal' }],
  ])('is refused when they %s and somebody else wrote meanwhile: %s', async (fault, _, ...theirs) => {
    const user = await harness.service.signUp();
    const { duet: direct } = client({ session: sessionOf(user) });
    const todo = await direct.todos.create({ title: 'One' });
    const other = async (): Promise<void> => {
      for (const patch of theirs) {
        await direct.todos.update(await direct.todos.get(todo.id), patch);
      }
    };
    const { duet } = client({ session: sessionOf(user), baseUrl: await lossy(fault, withMethod('PATCH'), other) });

    const error = await failureOf(duet.todos.update(todo, { title: 'Mine' }));

    expect([error.code, error.uncertain]).toEqual(['version.stale', true]);
  });

  test('that deletes, whose reply was lost, is done', async () => {
    const { duet, attempts } = await signedIn({ baseUrl: await lossy('lose the reply', withMethod('DELETE')) });
    const todo = await duet.todos.create({ title: 'One' });

    await duet.todos.delete(todo);

    expect(attempts('DELETE').map(({ status }) => status)).toEqual([undefined, 404]);
    expect((await failureOf(duet.todos.delete(todo))).code).toBe('todo.not_found');
  });

  test('without a version is not sent again when its reply was lost', async () => {
    const baseUrl = await lossy('lose the reply', withMethod('PATCH'));
    const { duet, attempts } = await signedIn({ baseUrl });
    await duet.records.create({ plan: 'free' });

    const error = await failureOf(duet.records.set('plan', 'team'));

    expect(error.uncertain).toBe(true);
    expect(attempts('PATCH')).toHaveLength(1);
    expect((await duet.records.get())['plan']).toBe('team');
  });
});
