import { describe, expect, test } from '@jest/globals';
import type { Todo } from '../../../client/index.js';
import type { Conflict, MirrorSnapshot } from '../../../client/mirror/index.js';
import { batchesOf, type Device, MirrorHarness } from './mirror-harness.js';

// Real here: mirrors in memory, the client, the service over HTTP and both stores.

const { currentDevice, newSession } = new MirrorHarness();
const settled = ({ pending }: MirrorSnapshot): boolean => pending.length === 0;

/** A device that holds the todo and has lost its network, and the todo as the service has it. */
async function offlineWith(title: string): Promise<{ one: Device; todo: Todo }> {
  const one = await currentDevice(await newSession());
  const todo = await one.duet.todos.create({ title });
  await one.mirror.refresh();
  one.online = false;
  return { one, todo };
}

/** Has the device come back, and gives the one conflict it then has. */
async function conflictOf(one: Device): Promise<Conflict> {
  one.online = true;
  await one.mirror.refresh();
  const { conflicts, pending, rejected } = one.mirror.getSnapshot();
  expect([conflicts.length, pending, rejected]).toEqual([1, [], []]);
  return conflicts[0] as Conflict;
}

describe('A change of what has changed meanwhile', () => {
  test.each(['mine', 'theirs'] as const)('is a conflict with both versions, and is ended by keeping %s', async (keep) => {
    const { one, todo } = await offlineWith('Plants');
    one.mirror.patch(todo.id, { title: 'My plants' });
    one.mirror.patch(todo.id, { priority: 'high' });
    const theirs = await one.elsewhere.todos.update(todo, { title: 'Their plants' });

    const conflict = await conflictOf(one);

    expect(conflict).toEqual({ id: expect.any(String), todoId: todo.id, mine: { title: 'My plants', priority: 'high' }, base: todo, theirs });
    expect(one.titles()).toEqual(['Their plants']);
    one.mirror.resolve(conflict.id, keep);
    expect(one.mirror.getSnapshot().conflicts).toEqual([]);
    expect(one.titles()).toEqual([keep === 'mine' ? 'My plants' : 'Their plants']);
    await one.shows(settled, 'nothing waits');
    const listed = await one.duet.todos.get(todo.id);
    expect([listed.title, listed.priority, listed.version]).toEqual(keep === 'mine' ? ['My plants', 'high', 3] : ['Their plants', 'normal', 2]);
    expect(one.mirror.getSnapshot().conflicts).toEqual([]);
  });

  test('is none when there is already what was wanted, and what was written on top of it is made', async () => {
    const { one, todo } = await offlineWith('Plants');
    one.mirror.patch(todo.id, { status: 'done' });
    one.mirror.patch(todo.id, { title: 'Watered' });
    await one.elsewhere.todos.update(todo, { status: 'done' });

    one.online = true;
    await one.mirror.refresh();

    expect(one.mirror.getSnapshot()).toMatchObject({ conflicts: [], pending: [], rejected: [] });
    expect(await one.duet.todos.get(todo.id)).toMatchObject({ status: 'done', title: 'Watered', version: 3 });
  });

  test('and which then changes again before it is ended is a conflict again, with what is there now', async () => {
    const { one, todo } = await offlineWith('Plants');
    one.mirror.patch(todo.id, { title: 'Mine' });
    const second = await one.elsewhere.todos.update(todo, { title: 'Theirs' });
    const { id } = await conflictOf(one);
    const third = await one.duet.todos.update(second, { title: 'Theirs, later' });

    one.mirror.resolve(id, 'mine');

    const { conflicts } = await one.shows(({ conflicts, pending }) => conflicts.length === 1 && pending.length === 0, 'there is a conflict again');
    expect(conflicts[0]).toMatchObject({ mine: { title: 'Mine' }, theirs: third });
  });
});

describe('A change of what was deleted meanwhile', () => {
  test.each(['mine', 'theirs'] as const)('is a conflict without theirs, and is ended by keeping %s', async (keep) => {
    const { one, todo } = await offlineWith('Plants');
    one.mirror.patch(todo.id, { tags: ['home'] });
    await one.elsewhere.todos.delete(todo);

    const conflict = await conflictOf(one);

    expect(conflict).toMatchObject({ todoId: todo.id, mine: { tags: ['home'] }, base: todo, theirs: null });
    expect(one.titles()).toEqual([]);
    one.mirror.resolve(conflict.id, keep);
    await one.shows(settled, 'nothing waits');
    const listed = await one.duet.todos.list().take(5);
    expect(listed.map(({ title, tags }) => [title, tags])).toEqual(keep === 'mine' ? [['Plants', ['home']]] : []);
    expect(one.mirror.getSnapshot().todos.map(({ id }) => id)).toEqual(listed.map(({ id }) => id));
  });
});

describe('A deletion', () => {
  test.each(['mine', 'theirs'] as const)('of what has changed meanwhile is a conflict, and is ended by keeping %s', async (keep) => {
    const { one, todo } = await offlineWith('Plants');
    one.mirror.delete(todo.id);
    const theirs = await one.elsewhere.todos.update(todo, { title: 'Still needed' });

    const conflict = await conflictOf(one);

    expect(conflict).toMatchObject({ mine: 'deleted', base: todo, theirs });
    expect(one.titles()).toEqual(['Still needed']);
    one.mirror.resolve(conflict.id, keep);
    await one.shows(settled, 'nothing waits');
    expect(one.titles()).toEqual(keep === 'mine' ? [] : ['Still needed']);
    expect(await one.duet.todos.list().take(5)).toHaveLength(keep === 'mine' ? 0 : 1);
  });

  test('of what was deleted meanwhile is done', async () => {
    const { one, todo } = await offlineWith('Plants');
    one.mirror.delete(todo.id);
    await one.elsewhere.todos.delete(todo);

    one.online = true;
    await one.mirror.refresh();

    expect(one.mirror.getSnapshot()).toMatchObject({ status: 'current', todos: [], pending: [], conflicts: [], rejected: [] });
  });
});

describe('A batch in which some todos have changed meanwhile', () => {
  test('makes the other changes together, and is a conflict for each of those', async () => {
    const session = await newSession();
    const one = await currentDevice(session);
    const todos: Todo[] = [];
    for (const title of ['a', 'b', 'c', 'd']) todos.push(await one.duet.todos.create({ title }));
    const [a, b, c, d] = todos as [Todo, Todo, Todo, Todo];
    await one.mirror.refresh();
    one.online = false;
    one.mirror.batch(todos.map(({ id }) => ({ op: 'patch', id, patch: { status: 'done' } })));
    one.mirror.batch([b, d].map(({ id }) => ({ op: 'patch', id, patch: { priority: 'high' } })));
    const [changed] = await Promise.all([one.elsewhere.todos.update(b, { title: 'B' }), one.elsewhere.todos.delete(c)]);

    one.online = true;
    await one.mirror.refresh();

    const { conflicts, pending } = one.mirror.getSnapshot();
    expect(pending).toEqual([]);
    expect(conflicts.map(({ todoId, mine, theirs }) => [todoId, mine, theirs])).toEqual([
      [b.id, { status: 'done', priority: 'high' }, changed],
      [c.id, { status: 'done' }, null],
    ]);
    expect(one.mirror.getSnapshot().todos.map(({ id, status, priority }) => [id, status, priority])).toEqual([
      [d.id, 'done', 'high'],
      [b.id, 'open', 'normal'],
      [a.id, 'done', 'normal'],
    ]);
    const sent = batchesOf(one).filter(({ status }) => status !== undefined);
    expect(sent.map(({ status, operations }) => [status, operations.length])).toEqual([[412, 4], [200, 2], [200, 1]]); // prettier-ignore
    expect(new Set(sent.map(({ key }) => key)).size).toBe(3);
  });
});
