import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { type RunningPump, startStreamPump } from '../../../src/local/streams/stream-pump.js';
import { TtlSweeper } from '../../../src/local/streams/ttl-sweeper.js';
import { Log } from '../../../src/platform/observability/log.js';
import { eventually } from '../../support/eventually.js';
import { bus, call, service, start, stop, user, worker } from '../../support/stream-stage.js';
import { archived, counts, eventsOf, finish, itemOf, namesOf, newClient, storedTodo, tables } from './archive-calls.js';

// Seen failing: with a pump that forgets TTL's notices.
// Real: the service, both stores, the embedded server's stream, the pump and the sweeper. Not real: EventBridge, which is a stand-in over HTTP.

describe('Under npm start, expiry is seen', () => {
  let pump: RunningPump;

  beforeAll(async () => {
    // 2.6 seconds.
    await start({ ARCHIVE_AFTER_DAYS: '0.00003' });
    pump = startStreamPump(worker, service.config);
  });

  afterAll(async () => {
    await pump.stop();
    await stop();
  });

  const isArchived = async (id: string): Promise<boolean> => (await archived()).some((todo) => todo.id === id);

  test('a done todo moves to the archive within seconds, and leaves no trace of how', async () => {
    const todo = await finish('Soon');

    await eventually(async () => isArchived(todo.id), { what: 'archived' });

    await eventually(async () => namesOf(todo.id).includes('todo.archived'), { what: 'published' });
    await eventually(
      async () => {
        const { Items = [] } = await service.truth.dynamodb.send(new ScanCommand({ TableName: tables().todos }));
        const checkpoint = await readFile(join(service.config.dataDir, 'stream-checkpoint.json'), 'utf8');
        return Items.every(({ itemKey }) => !String(itemKey).startsWith('TTL#')) && !checkpoint.includes(todo.id);
      },
      { what: 'no trace is left' },
    );
    expect(namesOf(todo.id)).toEqual(['todo.created', 'todo.completed', 'todo.archived']);
    expect(await counts()).toMatchObject({ total: 0, done: 0, archived: 1 });
  });

  test('an archived todo that is brought back, or deleted, has its event', async () => {
    const [back, deleted] = [await finish('Back'), await finish('Away')];
    await eventually(async () => (await isArchived(back.id)) && isArchived(deleted.id), { what: 'both are archived' });

    await call('PATCH', `/todos/${back.id}`, { status: 'open' });
    await call('DELETE', `/todos/${deleted.id}`);

    await eventually(async () => namesOf(back.id).length === 4 && namesOf(deleted.id).length === 4, { what: 'both are published' });
    expect(namesOf(back.id)).toEqual(['todo.created', 'todo.completed', 'todo.archived', 'todo.updated']);
    expect(namesOf(deleted.id)).toEqual(['todo.created', 'todo.completed', 'todo.archived', 'todo.deleted']);
    expect(eventsOf(deleted.id).at(-1)?.detail.data).toMatchObject({ title: 'Away', version: 3, archivedAt: expect.any(String) });
    expect(await counts()).toMatchObject({ total: 1, open: 1, archived: 0 });
  });

  test('a todo that was reopened in time stays; one that its user deleted is deleted', async () => {
    const [reopened, deleted] = [await finish('Reopened'), await finish('Deleted')];
    await call('PATCH', `/todos/${reopened.id}`, { status: 'open' });
    await call('DELETE', `/todos/${deleted.id}`);
    // A third expires after them, so their time is over when it is archived.
    const last = await finish('Last');

    await eventually(async () => isArchived(last.id), { what: 'the last is archived' });
    await eventually(async () => namesOf(deleted.id).length === 3, { what: 'the deletion is published' });

    expect((await call('GET', `/todos/${reopened.id}`)).status).toBe('open');
    expect((await archived()).map(({ id }) => id)).toEqual([last.id]);
    expect(namesOf(deleted.id)).toEqual(['todo.created', 'todo.completed', 'todo.deleted']);
    expect(await counts()).toMatchObject({ total: 1, open: 1, done: 0, archived: 1 });
  });

  test('killed after the removal, and so late that its notice is gone too: it is archived at the next start', async () => {
    await pump.stop();
    const todo = await finish('Late');
    const client = newClient();
    const sweeper = new TtlSweeper(client, tables(), worker.get(Log), new AbortController().signal);
    await eventually(
      async () => {
        await sweeper.sweep();
        return (await storedTodo(todo.id)) === undefined && (await itemOf(tables().todos, `TTL#TODO#${todo.id}`)) === undefined;
      },
      { what: 'the todo and its notice are removed' },
    );
    client.destroy();
    expect(await isArchived(todo.id)).toBe(false);

    pump = startStreamPump(worker, service.config);

    await eventually(async () => isArchived(todo.id), { what: 'archived' });
    await eventually(async () => namesOf(todo.id).length === 3, { what: 'published' });
    expect(namesOf(todo.id)).toEqual(['todo.created', 'todo.completed', 'todo.archived']);
  });

  test('stopped between the notice and the removal, the next start still knows that TTL removed it', async () => {
    const todo = await finish('Between');
    await eventually(async () => namesOf(todo.id).length === 2, { what: 'both events are published' });
    bus.failNext({ kind: 'refuse', status: 500, code: 'InternalException' }, 1_000);
    const published = bus.calls.length;
    await eventually(async () => isArchived(todo.id), { what: 'archived' });
    await eventually(() => bus.calls.length > published, { what: 'its event is refused' });

    await pump.stop();
    bus.recover();
    pump = startStreamPump(worker, service.config);

    await eventually(async () => namesOf(todo.id).length === 3, { what: 'published' });
    expect(namesOf(todo.id)).toEqual(['todo.created', 'todo.completed', 'todo.archived']);
    expect(await counts()).toMatchObject({ done: 0, archived: 1 });
  });

  test('whatever else has expired is just deleted', async () => {
    const expiresAt = Math.floor(Date.now() / 1000) - 5;
    for (const itemKey of ['IDEM#old', 'LIST']) {
      await service.truth.dynamodb.send(
        new PutCommand({ TableName: tables().todos, Item: { userId: user.id, itemKey, expiresAt, ...(itemKey === 'LIST' && { deletedAt: 'long ago' }) } }),
      );
    }
    await service.truth.dynamodb.send(new PutCommand({ TableName: tables().counters, Item: { counterId: 'IDEM#old', expiresAt } }));
    await service.truth.dynamodb.send(
      new PutCommand({ TableName: tables().todos, Item: { userId: user.id, itemKey: 'IDEM#new', expiresAt: expiresAt + 1_000 } }),
    );

    await eventually(async () => (await itemOf(tables().todos, 'IDEM#old')) === undefined && (await itemOf(tables().todos, 'LIST')) === undefined, {
      what: 'deleted',
    });
    await eventually(
      async () =>
        (await service.truth.dynamodb.send(new GetCommand({ TableName: tables().counters, Key: { counterId: 'IDEM#old' }, ConsistentRead: true }))).Item ===
        undefined,
      { what: 'deleted' },
    );

    expect(await itemOf(tables().todos, 'IDEM#new')).toBeDefined();
  });
});
