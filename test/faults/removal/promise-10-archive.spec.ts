import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DeleteCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { StreamHandler } from '../../../src/features/streams/stream-handler.js';
import { TtlSweeper } from '../../../src/local/streams/ttl-sweeper.js';
import { Log } from '../../../src/platform/observability/log.js';
import { bus, call, service, start, stop, user, worker } from '../../support/stream-stage.js';
import { archived, counts, create, eventsOf, finish, itemOf, itemsOf, namesOf, newClient, storedTodo, tables } from './archive-calls.js';

// Seen failing: with an unconditional archive put, no condition on LIST; with a sweeper that deletes what it has seen, whatever was written since (the
// race with it); with a notice that keeps what was deleted for 30 days.
// Real: the service, both stores, the handler. Not real: EventBridge, which is a stand-in over HTTP, and the TTL service: an item is deleted, and the
// record of it is made here.

describe('Expiry moves a done todo to the archive exactly once and keeps the counts right', () => {
  let handler: StreamHandler;

  beforeAll(async () => {
    await start({ ARCHIVE_AFTER_DAYS: '90' });
    handler = worker.get(StreamHandler);
  });

  afterAll(stop);

  /** Removes a todo as the TTL service does, and gives the record of it. */
  async function expire(id: string): Promise<DynamoDBRecord> {
    const item = await storedTodo(id);
    await service.truth.dynamodb.send(new DeleteCommand({ TableName: tables().todos, Key: { userId: item.userId, itemKey: item.itemKey } }));
    return {
      eventID: `event-${id}`,
      eventName: 'REMOVE',
      eventSource: 'aws:dynamodb',
      eventSourceARN: `arn:aws:dynamodb:eu-central-1:123456789012:table/${tables().todos}/stream/2026-11-21T00:00:00.000`,
      userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
      dynamodb: { SequenceNumber: '100', ApproximateCreationDateTime: 1_795_242_305, OldImage: marshall(item) as any, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    };
  }

  const deliver = async (record: DynamoDBRecord): Promise<unknown> => (await handler.handle({ Records: [record] })).batchItemFailures;

  test('a removal that is delivered twice: one archived todo, right counts, one event id', async () => {
    await create('Stays');
    const todo = await finish('Goes');
    const removal = await expire(todo.id);

    expect(await deliver(removal)).toEqual([]);
    expect(await deliver(removal)).toEqual([]);

    const inArchive = { ...todo, archivedAt: new Date(1_795_242_305_000).toISOString(), version: 3 };
    expect(await archived()).toEqual([inArchive]);
    expect(await counts()).toMatchObject({ total: 1, open: 1, inProgress: 0, done: 0, archived: 1 });
    expect(eventsOf(todo.id).map(({ detailType, detail }) => [detailType, detail.data])).toEqual([
      ['todo.archived', inArchive],
      ['todo.archived', inArchive],
    ]);
    expect(new Set(eventsOf(todo.id).map(({ detail }) => detail.metadata.id)).size).toBe(1);
  });

  test('a removal that is delivered many times at once', async () => {
    const todos = await Promise.all(['a', 'b', 'c'].map(finish));
    const removals = await Promise.all(todos.map(async ({ id }) => expire(id)));

    expect(await Promise.all(Array.from({ length: 15 }, async (_, index) => deliver(removals[index % 3] as DynamoDBRecord)))).toEqual(
      Array.from({ length: 15 }, () => []),
    );

    expect((await archived()).map(({ id }) => id)).toEqual(
      todos
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
    expect(await counts()).toMatchObject({ total: 0, done: 0, archived: 3 });
  });

  test('an archived todo is listed in the archive only, and nothing of it expires', async () => {
    const todo = await finish('Read only');
    await deliver(await expire(todo.id));

    const item = await itemOf(tables().archive, `TODO#${todo.id}`);
    expect(item).toMatchObject({ userId: user.id, title: 'Read only', version: 3 });
    expect(Object.keys(item)).not.toContain('expiresAt');
    expect(Object.keys(item)).not.toContain('dueKey');
    expect((await call('GET', `/users/${user.id}/todos`)).items).toEqual([]);
    expect((await call('GET', `/users/${user.id}/todos?archived=true&q=READ`)).items).toEqual([await call('GET', `/todos/${todo.id}`)]);
    expect((await call('GET', `/users/${user.id}/todos?archived=true&tag=none`)).items).toEqual([]);
  });

  test.each([
    ['PATCH', { title: 'Back' }, 'done'],
    ['PATCH', { status: 'open' }, 'open'],
    ['PUT', { title: 'Back' }, 'open'],
  ])('a %s of %j brings an archived todo back; the removal, delivered again, does not archive it again', async (method, body, status) => {
    const todo = await finish('Away');
    const { next: since } = await call('GET', `/users/${user.id}/changes`);
    const removal = await expire(todo.id);
    await deliver(removal);
    const { changes: away, next } = await call('GET', `/users/${user.id}/changes?since=${since}`);

    const back = await call(method, `/todos/${todo.id}`, body);
    expect(await deliver(removal)).toEqual([]);

    expect(back).toMatchObject({ id: todo.id, status, archivedAt: null, version: 4, completedAt: status === 'done' ? todo.completedAt : null });
    expect(away).toEqual([{ id: todo.id, state: 'archived' }]);
    expect((await call('GET', `/users/${user.id}/changes?since=${next}`)).changes).toEqual([{ id: todo.id, state: 'present', todo: back }]);
    expect(await call('GET', `/todos/${todo.id}`)).toEqual(back);
    expect((await call('GET', `/users/${user.id}/todos`)).items).toEqual([back]);
    expect(await archived()).toEqual([]);
    expect(await counts()).toMatchObject({ total: 1, [status]: 1, archived: 0 });
  });

  test.each([1, 2, 100])('the change feed, %i at a time, tells of what was archived in the order of the writes, and of none of it at first', async (limit) => {
    const [first, second, third] = [await finish('First'), await finish('Second'), await finish('Third')];
    const { next: since } = await call('GET', `/users/${user.id}/changes`);
    await deliver(await expire(first.id));
    const between = await create('Between');
    await deliver(await expire(second.id));
    await call('DELETE', `/todos/${second.id}`);
    await deliver(await expire(third.id));
    const read = async (token: string): Promise<string[]> => {
      const { changes, next, more } = await call('GET', `/users/${user.id}/changes?limit=${limit}${token}`);
      const told = changes.map(({ id, state }: { id: string; state: string }) => `${id} ${state}`);
      return more === true ? [...told, ...(await read(`&since=${next}`))] : told;
    };

    const all = [`${first.id} archived`, `${between.id} present`, `${second.id} archived`, `${second.id} deleted`, `${third.id} archived`];
    // Each id once a page, as it is now.
    expect(await read(`&since=${since}`)).toEqual(all.filter((one) => limit === 1 || one !== `${second.id} archived`));
    expect(await read('')).toEqual([`${between.id} present`]);
  });

  test('an archived todo is deleted by its id; the removal, delivered again, does not bring it back', async () => {
    const todo = await finish('Away');
    const removal = await expire(todo.id);
    await deliver(removal);
    const stale = await service.call('DELETE', `/todos/${todo.id}`, { token: user.accessToken, headers: { 'If-Match': '"2"' } });

    await call('DELETE', `/todos/${todo.id}`);
    expect(await deliver(removal)).toEqual([]);

    expect(stale.status).toBe(412);
    const inTwoDays = Date.now() / 1000 + 2 * 86_400;
    expect((await itemsOf(tables().todos)).filter(({ title, expiresAt }) => title === 'Away' && !(expiresAt <= inTwoDays))).toEqual([]);
    expect((await service.call('DELETE', `/todos/${todo.id}`, { token: user.accessToken })).status).toBe(404);
    expect(await archived()).toEqual([]);
    expect(await counts()).toMatchObject({ total: 0, archived: 0 });
  });

  test('ended between the archive and the event: the redelivered removal publishes it', async () => {
    const todo = await finish('Half done');
    const removal = await expire(todo.id);
    bus.failNext({ kind: 'refuse', status: 503, code: 'ServiceUnavailable' }, 100);

    expect(await deliver(removal)).toEqual([{ itemIdentifier: '100' }]);
    expect(await archived()).toHaveLength(1);
    bus.recover();
    expect(await deliver(removal)).toEqual([]);

    expect(namesOf(todo.id)).toEqual(['todo.archived']);
    expect(await archived()).toHaveLength(1);
    expect(await counts()).toMatchObject({ done: 0, archived: 1 });
  });

  test('nothing is archived for a user whose tombstone stands', async () => {
    const todo = await finish('Erased');
    const removal = await expire(todo.id);
    await service.truth.dynamodb.send(
      new UpdateCommand({
        TableName: tables().todos,
        Key: { userId: user.id, itemKey: 'LIST' },
        UpdateExpression: 'SET deletedAt = :now',
        ExpressionAttributeValues: { ':now': 'now' },
      }),
    );
    const before = await itemOf(tables().todos, 'LIST');

    expect(await deliver(removal)).toEqual([]);

    expect(await itemOf(tables().archive, `TODO#${todo.id}`)).toBeUndefined();
    expect(await itemOf(tables().todos, 'LIST')).toEqual(before);
    expect(namesOf(todo.id)).toEqual(['todo.deleted']);
  });

  test('a removal redelivered after the user’s erasure brings nothing back, not even when the tombstone is gone', async () => {
    const todo = await finish('Archived, then erased');
    const removal = await expire(todo.id);
    await deliver(removal);
    await service.truth.dynamodb.send(new DeleteCommand({ TableName: tables().archive, Key: { userId: user.id, itemKey: `TODO#${todo.id}` } }));
    for (const itemKey of ['LIST', 'GONE#0000000000000003']) {
      await service.truth.dynamodb.send(new DeleteCommand({ TableName: tables().todos, Key: { userId: user.id, itemKey } }));
    }

    expect(await deliver(removal)).toEqual([]);

    expect(await itemsOf(tables().todos)).toEqual([]);
    expect(await itemsOf(tables().archive)).toEqual([]);
  });

  test('what is written between the sweeper’s look and its delete stays: a reopened todo, a renewed key', async () => {
    const { id } = await finish('Reopened in time');
    const past = Math.floor(Date.now() / 1000) - 5;
    await service.truth.dynamodb.send(
      new UpdateCommand({
        TableName: tables().todos,
        Key: { userId: user.id, itemKey: `TODO#${id}` },
        UpdateExpression: 'SET expiresAt = :past',
        ExpressionAttributeValues: { ':past': past },
      }),
    );
    const key = { userId: user.id, itemKey: 'IDEM#renewed' };
    await service.truth.dynamodb.send(new PutCommand({ TableName: tables().todos, Item: { ...key, expiresAt: past } }));
    const interrupted = newClient();
    let seen: string[] = [];
    interrupted.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args);
        const { Items = [] } = result.output as { Items?: Record<string, { S?: string }>[] };
        if (context.commandName === 'ScanCommand' && Items.some(({ userId }) => userId?.S === user.id)) {
          seen = Items.flatMap(({ itemKey }) => itemKey?.S ?? []);
          await call('PATCH', `/todos/${id}`, { status: 'open' });
          await service.truth.dynamodb.send(new PutCommand({ TableName: tables().todos, Item: { ...key, expiresAt: past + 10_000 } }));
        }
        return result;
      },
      { step: 'initialize' },
    );

    await new TtlSweeper(interrupted, tables(), worker.get(Log), new AbortController().signal).sweep();
    interrupted.destroy();

    expect(seen).toEqual(expect.arrayContaining([`TODO#${id}`, 'IDEM#renewed']));
    expect(await call('GET', `/todos/${id}`)).toMatchObject({ status: 'open', version: 3 });
    expect(await itemOf(tables().todos, 'IDEM#renewed')).toMatchObject({ expiresAt: past + 10_000 });
    expect(await itemOf(tables().todos, `TTL#TODO#${id}`)).toBeUndefined();
    expect(await archived()).toEqual([]);
    expect(await counts()).toMatchObject({ total: 1, open: 1, done: 0, archived: 0 });
  });

  test('only a done todo is on the clock: it starts at completion, an edit leaves it, reopening stops it', async () => {
    const { id } = await create('Clock');
    expect(await storedTodo(id)).not.toHaveProperty('expiresAt');

    const done = await call('PATCH', `/todos/${id}`, { status: 'done' });
    const expiresAt = Math.floor(Date.parse(done.completedAt) / 1000) + 90 * 86_400;
    expect(await storedTodo(id)).toMatchObject({ expiresAt });
    await call('PATCH', `/todos/${id}`, { title: 'Still the clock' });
    expect(await storedTodo(id)).toMatchObject({ expiresAt });

    await call('PATCH', `/todos/${id}`, { status: 'in_progress' });
    expect(await storedTodo(id)).not.toHaveProperty('expiresAt');
    await call('PUT', `/todos/${id}`, { title: 'Again', status: 'done' });
    expect(await storedTodo(id)).toHaveProperty('expiresAt');
  });
});
