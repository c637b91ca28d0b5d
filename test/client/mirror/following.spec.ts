import { describe, expect, test } from '@jest/globals';
import { memoryStorage, UnknownTodoError } from '../../../client/mirror/index.js';
import { batchesOf, MirrorHarness } from './mirror-harness.js';

// Real here: mirrors in memory, the client, the service over HTTP and both stores.

const { currentDevice, device, newSession } = new MirrorHarness();

describe('A mirror', () => {
  test('loads what there is, newest first, and is then current', async () => {
    const session = await newSession();
    const { duet, mirror, titles } = device(session);
    expect(mirror.getSnapshot()).toEqual({ status: 'loading', failure: null, todos: [], pending: [], conflicts: [], rejected: [], lastSyncedAt: null });
    for (const title of ['a', 'b', 'c']) await duet.todos.create({ title });

    await mirror.refresh();

    expect(titles()).toEqual(['c', 'b', 'a']);
    expect(mirror.getSnapshot()).toMatchObject({ status: 'current', failure: null, lastSyncedAt: expect.any(String) });
    expect(mirror.getSnapshot().todos).toEqual((await duet.todos.list().take(10)).map((todo) => ({ ...todo, pending: false, key: todo.id })));
  });

  test('keeps nothing that it wrote before it had read the list, and that was deleted before it read it', async () => {
    const session = await newSession();
    let reads = false;
    const fetch = async (url: string, init?: RequestInit): Promise<Response> => {
      if (!reads && url.includes('/changes')) {
        throw new TypeError('fetch failed');
      }
      return globalThis.fetch(url, init);
    };
    const { elsewhere, mirror, shows, titles } = device(session, { fetch });
    mirror.create({ title: 'kept' });
    mirror.create({ title: 'deleted elsewhere' });
    await shows(({ pending, status }) => pending.length === 0 && status === 'offline', 'both are written and nothing is read');
    for await (const todo of elsewhere.todos.list()) {
      if (todo.title === 'deleted elsewhere') await elsewhere.todos.delete(todo);
    }

    reads = true;
    await mirror.refresh();

    expect(mirror.getSnapshot().status).toBe('current');
    expect(titles()).toEqual(['kept']);
  });

  test('follows what others change, delete and create, also by itself', async () => {
    const session = await newSession();
    const [{ duet, mirror, titles }, other] = [await currentDevice(session), await currentDevice(session, { pollMs: 30 })];
    const [a, b] = [await duet.todos.create({ title: 'a' }), await duet.todos.create({ title: 'b' })];
    await other.shows(({ todos }) => todos.length === 2, 'the polling mirror shows both');

    await duet.todos.update(a, { title: 'a, changed' });
    await duet.todos.delete(b);
    await duet.todos.create({ title: 'c' });
    await mirror.refresh();

    expect(titles()).toEqual(['c', 'a, changed']);
    await other.shows(({ todos }) => todos.map(({ title }) => title).join() === 'c,a, changed', 'the polling mirror shows the same');
  });

  test('gives the same snapshot, and the same todos in it, until something changes, and says when', async () => {
    const session = await newSession();
    const { duet, mirror } = await currentDevice(session);
    await duet.todos.create({ title: 'a' });
    await mirror.refresh();
    const before = mirror.getSnapshot();
    let calls = 0;
    const unsubscribe = mirror.subscribe(() => (calls += 1));
    expect(mirror.getSnapshot()).toBe(before);

    mirror.create({ title: 'b' });

    const after = mirror.getSnapshot();
    expect(calls).toBe(1);
    expect(after).not.toBe(before);
    expect(after.todos[1]).toBe(before.todos[0]);
    unsubscribe();
    mirror.create({ title: 'c' });
    expect(calls).toBe(1);
  });

  test('gives the same todos after a synchronisation that found nothing: ten thousand of them are not listed anew', async () => {
    const session = await newSession();
    const { duet, mirror } = await currentDevice(session);
    await duet.todos.create({ title: 'a' });
    await mirror.refresh();
    const before = mirror.getSnapshot();

    await mirror.refresh();

    expect(mirror.getSnapshot().lastSyncedAt).not.toBe(before.lastSyncedAt);
    expect(mirror.getSnapshot().todos).toBe(before.todos);
  });

  test('shows its own writes at once, sends them in order with a key each, and then shows what the service made of them', async () => {
    const session = await newSession();
    const one = await currentDevice(session);
    const { duet, mirror, titles } = one;

    const id = mirror.create({ title: 'Plants', tags: ['home', 'home'] });
    mirror.patch(id, { status: 'done', description: 'all of them' });
    const gone = mirror.create({ title: 'Mistake' });
    mirror.delete(gone);

    const { todos, pending } = mirror.getSnapshot();
    expect(id).toMatch(/^local-[\da-f-]{36}$/);
    expect(todos).toEqual([
      expect.objectContaining({
        id,
        title: 'Plants',
        tags: ['home'],
        status: 'done',
        priority: 'normal',
        due: null,
        pending: true,
        completedAt: expect.any(String),
      }),
    ]);
    expect(pending.map(({ kind, todoIds }) => [kind, todoIds])).toEqual([
      ['create', [id]],
      ['patch', [id]],
      ['create', [gone]],
      ['delete', [gone]],
    ]);
    const settled = await one.shows(({ pending }) => pending.length === 0, 'nothing waits');
    const [listed] = await duet.todos.list().take(5);
    expect(settled.todos).toEqual([{ ...listed, pending: false, key: id }]);
    expect(listed).toMatchObject({ title: 'Plants', status: 'done', description: 'all of them', version: 2 });
    const sent = batchesOf(one);
    expect(sent.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(4);
    expect(sent[1]?.operations).toEqual([{ op: 'patch', id: listed?.id, patch: { status: 'done', description: 'all of them' }, ifVersion: 1 }]);
    // The id it was first shown by still names it.
    mirror.patch(id, { title: 'Plants, again' });
    expect(titles()).toEqual(['Plants, again']);
  });

  test('makes a batch in one transaction', async () => {
    const session = await newSession();
    const one = await currentDevice(session);
    const { duet, mirror, titles } = one;
    const [a, b] = [await duet.todos.create({ title: 'a' }), await duet.todos.create({ title: 'b' })];
    await mirror.refresh();

    mirror.batch([
      { op: 'patch', id: a.id, patch: { title: 'A' } },
      { op: 'delete', id: b.id },
      { op: 'create', todo: { title: 'c' } },
    ]);

    expect(titles()).toEqual(['c', 'A']);
    await one.shows(({ pending }) => pending.length === 0, 'nothing waits');
    expect((await duet.todos.list().take(5)).map(({ title }) => title)).toEqual(['c', 'A']);
    expect(batchesOf(one)).toHaveLength(1);
  });

  test('refuses what makes no sense, where it is asked for', async () => {
    const session = await newSession();
    const { duet, mirror } = await currentDevice(session);
    const id = mirror.create({ title: 'a' });

    expect(() => mirror.patch('local-nothing', {})).toThrow(UnknownTodoError);
    expect(() => mirror.delete('019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c')).toThrow(/The mirror has no todo 019e3a5c/);
    expect(() => mirror.batch([])).toThrow(RangeError);
    expect(() => mirror.batch([{ op: 'delete', id }, { op: 'patch', id, patch: {} }])).toThrow(/each of another todo/); // prettier-ignore
    expect(() => mirror.batch(Array.from({ length: 51 }, () => ({ op: 'create', todo: { title: 'x' } })))).toThrow(/1 to 50/);
    expect(() => duet.mirror({ storage: memoryStorage(), pollMs: 0 })).toThrow(/pollMs is more than 0/);
    mirror.resolve('nothing', 'mine');
    mirror.dismiss('nothing');
    await mirror.close();
    expect(mirror.getSnapshot().status).toBe('closed');
    expect(() => mirror.create({ title: 'late' })).toThrow(/closed/);
    await expect(mirror.refresh()).rejects.toThrow(/closed/);
  });
});
