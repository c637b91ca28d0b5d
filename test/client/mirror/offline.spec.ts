import { describe, expect, test } from '@jest/globals';
import { memoryStorage } from '../../../client/mirror/index.js';
import { encodeSyncToken } from '../../../src/features/sync/sync-token.js';
import { batchesOf, MirrorHarness } from './mirror-harness.js';

// Real here: mirrors in memory, the client, the service over HTTP and both stores. The network is cut in the client's fetch.

const { currentDevice, device, newSession } = new MirrorHarness();
const settled = ({ pending }: { pending: readonly unknown[] }): boolean => pending.length === 0;

describe('Without a network, a mirror', () => {
  test('shows and keeps writes, over a reload too, and sends them in order and once when the network is back', async () => {
    const session = await newSession();
    const storage = memoryStorage();
    const before = await currentDevice(session, { storage });
    before.online = false;
    const id = before.mirror.create({ title: 'Plants' });
    before.mirror.patch(id, { priority: 'high' });
    before.mirror.create({ title: 'Taxes' });
    await before.shows(({ status }) => status === 'offline', 'it is offline');
    expect(before.mirror.getSnapshot().failure).toMatch(/cannot be reached/);
    await before.mirror.close();

    const after = device(session, { storage });
    after.online = false;
    await after.mirror.refresh();
    expect(after.titles()).toEqual(['Taxes', 'Plants']);
    expect(after.mirror.getSnapshot()).toMatchObject({ status: 'offline', pending: [{ kind: 'create' }, { kind: 'patch' }, { kind: 'create' }] });
    after.mirror.delete(id);
    after.online = true;
    await after.mirror.refresh();

    expect(after.titles()).toEqual(['Taxes']);
    expect(after.mirror.getSnapshot()).toMatchObject({ status: 'current', failure: null, pending: [], conflicts: [], rejected: [] });
    expect((await after.duet.todos.list().take(5)).map(({ title }) => title)).toEqual(['Taxes']);
    expect(batchesOf(after).filter(({ status }) => status === 200).map(({ operations: [operation] }: any) => operation.op)).toEqual(['create', 'patch', 'create', 'delete']); // prettier-ignore
  });

  test.each(['create', 'patch', 'delete'])('makes a write of which the answer was lost once, although the page was closed meanwhile: %s', async (kind) => {
    const session = await newSession();
    const storage = memoryStorage();
    let loses = false;
    const before = await currentDevice(session, {
      storage,
      fetch: async (url, init) => {
        const answer = await fetch(url, init);
        if (loses && url.endsWith('/batch')) {
          throw new TypeError('fetch failed');
        }
        return answer;
      },
    });
    const todo = await before.duet.todos.create({ title: 'Plants' });
    await before.mirror.refresh();
    loses = true;
    if (kind === 'create') before.mirror.create({ title: 'Taxes' });
    if (kind === 'patch') before.mirror.patch(todo.id, { title: 'Trees' });
    if (kind === 'delete') before.mirror.delete(todo.id);
    await before.shows(({ status }) => status === 'offline', 'the answer was lost');
    await before.mirror.close();

    const after = await currentDevice(session, { storage });

    expect(after.mirror.getSnapshot()).toMatchObject({ status: 'current', pending: [], conflicts: [], rejected: [] });
    const listed = await after.duet.todos.list().take(5);
    expect(listed.map(({ title, version }) => [title, version])).toEqual({ create: [['Taxes', 1], ['Plants', 1]], patch: [['Trees', 2]], delete: [] }[kind]); // prettier-ignore
    expect(after.titles()).toEqual(listed.map(({ title }) => title));
    const [first, again] = [...batchesOf(before), ...batchesOf(after)];
    expect(again).toEqual({ ...first, status: 200 });
  });

  test('comes back by itself', async () => {
    const one = await currentDevice(await newSession(), { pollMs: 20 });
    one.online = false;
    one.mirror.create({ title: 'Plants' });
    await one.shows(({ status }) => status === 'offline', 'it is offline');

    one.online = true;

    await one.shows(({ status, pending }) => status === 'current' && pending.length === 0, 'it is current');
  });
});

describe('After a position that has expired', () => {
  test('a mirror starts afresh: what went meanwhile is gone, what waits is sent, and nothing is empty in between', async () => {
    const session = await newSession();
    let expiring = false;
    const expired = encodeSyncToken({ after: 1, goneAfter: 1, completeAt: Date.now() - 31 * 86_400_000 }, session.userId);
    const answers: number[] = [];
    const one = await currentDevice(session, {
      fetch: async (asked, init) => {
        const url = new URL(asked);
        if (expiring && url.searchParams.has('since')) {
          expiring = false;
          url.searchParams.set('since', expired);
        }
        const answer = await fetch(url, init);
        answers.push(answer.status);
        return answer;
      },
    });
    const { duet, mirror, titles } = one;
    const [a] = [await duet.todos.create({ title: 'a' }), await duet.todos.create({ title: 'b' })];
    await mirror.refresh();
    one.online = false;
    mirror.create({ title: 'c' });
    await one.shows(({ status }) => status === 'offline', 'it is offline');
    await one.elsewhere.todos.delete(a);
    one.online = true;
    const shown = new Set<string>();
    mirror.subscribe(() => shown.add(titles().join()));
    expiring = true;

    await mirror.refresh();

    expect(answers).toContain(410);
    expect(titles()).toEqual(['c', 'b']);
    expect([...shown].every((one) => ['c,b,a', 'c,b'].includes(one))).toBe(true);
    expect(mirror.getSnapshot()).toMatchObject({ status: 'current', pending: [], rejected: [] });
    expect((await duet.todos.list().take(5)).map(({ title }) => title)).toEqual(['c', 'b']);
  });
});

describe('What is someone else’s', () => {
  test('is neither shown nor sent by a mirror over the same storage, and waits for its owner', async () => {
    const [ada, bob] = [await newSession(), await newSession()];
    const storage = memoryStorage();
    const first = await currentDevice(ada, { storage });
    await first.duet.todos.create({ title: 'Ada’s' });
    await first.mirror.refresh();
    first.online = false;
    first.mirror.create({ title: 'Ada’s, waiting' });
    await first.shows(({ status }) => status === 'offline', 'it is offline');
    await first.mirror.close();

    const second = await currentDevice(bob, { storage });
    expect(second.mirror.getSnapshot()).toMatchObject({ status: 'current', todos: [], pending: [] });
    expect(batchesOf(second)).toEqual([]);
    await second.mirror.clear();

    const third = await currentDevice(ada, { storage });
    expect(third.titles()).toEqual(['Ada’s, waiting', 'Ada’s']);
    expect(third.mirror.getSnapshot().pending).toEqual([]);
  });

  test('is not written into when someone else signs in at the same client, nor is anything read', async () => {
    const [ada, other] = [await newSession(), await newSession()];
    const one = await currentDevice(ada);
    await one.duet.signOut();
    one.mirror.create({ title: 'Ada’s' });
    await one.shows(({ status }) => status === 'failed', 'it has failed');
    expect(one.mirror.getSnapshot().failure).toMatch(/Nobody is signed in/);
    const credentials = { email: `bob-${crypto.randomUUID()}@example.com`, password: 'correct horse battery staple' };
    await one.duet.register({ ...credentials, name: 'Bob' });
    const bob = await one.duet.signIn(credentials);
    const before = one.exchanges.length;

    await one.mirror.refresh();

    expect(one.mirror.getSnapshot()).toMatchObject({
      status: 'failed',
      failure: expect.stringMatching(/Someone else is signed in/),
      pending: [{ kind: 'create' }],
    });
    expect(one.exchanges).toHaveLength(before);
    expect(await one.duet.todos.list().take(1)).toEqual([]);
    expect([bob.id, other.userId]).not.toContain(ada.userId);
  });

  test('is gone from the storage after clear()', async () => {
    const session = await newSession();
    const storage = memoryStorage();
    const { duet, mirror } = await currentDevice(session, { storage });
    await duet.todos.create({ title: 'a' });
    await mirror.refresh();

    await mirror.clear();

    expect(mirror.getSnapshot()).toMatchObject({ status: 'closed', todos: [], pending: [] });
    expect((await (await storage.open(session.userId)).load()).todos.size).toBe(0);
  });
});

describe('A write that the service refuses for good', () => {
  test('is reported with what was built on it, does not hold up what comes after it, and is forgotten when dismissed', async () => {
    const session = await newSession();
    const one = await currentDevice(session);
    const { mirror, titles } = one;

    const id = mirror.create({ title: '' });
    mirror.patch(id, { priority: 'high' });
    mirror.create({ title: 'Taxes' });
    await one.shows(settled, 'nothing waits');

    expect(titles()).toEqual(['Taxes']);
    const [rejected, ...others] = mirror.getSnapshot().rejected;
    expect(others).toEqual([]);
    expect(rejected).toMatchObject({
      todoId: id,
      problem: { code: 'request.invalid', status: 400, errors: [{ pointer: '/title' }] },
      operations: [
        { op: 'create', todo: { title: '' } },
        { op: 'patch', id, patch: { priority: 'high' } },
      ],
    });
    mirror.dismiss(rejected?.id ?? '');
    expect(mirror.getSnapshot().rejected).toEqual([]);
  });
});
