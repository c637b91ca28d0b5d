import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { INestApplicationContext } from '@nestjs/common';
import type { DynamoDBRecord } from 'aws-lambda';
import type { Config } from '../../../src/config/config.js';
import { createWorker } from '../../../src/create-worker.js';
import { StreamsModule } from '../../../src/features/streams/streams.module.js';
import { DynamoDbModule } from '../../../src/platform/dynamodb/dynamodb.module.js';
import { StreamHandler } from '../../../src/features/streams/stream-handler.js';
import { type RunningPump, startStreamPump } from '../../../src/local/streams/stream-pump.js';
import { TtlSweeper } from '../../../src/local/streams/ttl-sweeper.js';
import { Log } from '../../../src/platform/observability/log.js';
import { type EventBridgeStandIn, type ReceivedEvent, startEventBridge } from '../../support/aws/eventbridge.js';
import { eventually } from '../../support/eventually.js';
import { type SignedUp, startService, type TestService } from '../../support/service.js';

// Seen failing: with an unconditional archive put, no condition on LIST and a pump that forgets TTL's notices, all three in one build; with a sweeper that deletes what it
// has seen, whatever was written since (the race with it).
// Real: the service, both stores, the handler; in the second half also the embedded server's stream, the pump and the sweeper. Not real:
// EventBridge, which is a stand-in over HTTP, and in the first half the TTL service: an item is deleted, and the record of it is made here.

let bus: EventBridgeStandIn;
let service: TestService;
let worker: INestApplicationContext;
let client: DynamoDBClient;
let documents: DynamoDBDocumentClient;
let user: SignedUp;

async function start(archiveAfterDays: string): Promise<void> {
  bus = await startEventBridge();
  service = await startService({ EVENT_BUS_NAME: 'duet-test', EVENTBRIDGE_ENDPOINT: bus.endpoint, ARCHIVE_AFTER_DAYS: archiveAfterDays });
  worker = await createWorker(service.config, [DynamoDbModule, StreamsModule]);
  client = newClient();
  documents = DynamoDBDocumentClient.from(client);
}

function newClient(): DynamoDBClient {
  return new DynamoDBClient({
    region: 'us-east-1',
    endpoint: service.config.dynamodb.endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
}

async function stop(): Promise<void> {
  client.destroy();
  await worker.close();
  await service.stop();
  await bus.stop();
}

beforeEach(async () => {
  user = await service.signUp();
});

afterEach(() => {
  bus.recover();
});

const tables = (): Config['dynamodb']['tables'] => service.config.dynamodb.tables;
const call = async (method: string, path: string, body?: unknown): Promise<any> => {
  const answer = await service.call(method, path, { token: user.accessToken, ...(body !== undefined && { body }) });
  expect([200, 201, 204]).toContain(answer.status);
  return answer.body;
};
const create = async (title: string, more: object = {}): Promise<any> => call('POST', `/users/${user.id}/todos`, { title, ...more });
const finish = async (title: string): Promise<any> => call('PATCH', `/todos/${(await create(title, { due: '2026-12-31' })).id}`, { status: 'done' });
const archived = async (): Promise<any[]> => (await call('GET', `/users/${user.id}/todos?archived=true`)).items;
const counts = async (): Promise<any> => (await call('GET', `/dashboard/${user.id}`)).todos;
const itemOf = async (table: string, itemKey: string): Promise<any> =>
  (await documents.send(new GetCommand({ TableName: table, Key: { userId: user.id, itemKey }, ConsistentRead: true }))).Item;
const itemsOf = async (table: string): Promise<any[]> => {
  const ofUser = { KeyConditionExpression: 'userId = :user', ExpressionAttributeValues: { ':user': user.id } };
  return (await documents.send(new QueryCommand({ TableName: table, ConsistentRead: true, ...ofUser }))).Items ?? [];
};
const storedTodo = async (id: string): Promise<any> => itemOf(tables().todos, `TODO#${id}`);
const eventsOf = (id: string): ReceivedEvent[] => bus.events.filter(({ detail }) => detail.data.id === id);
const namesOf = (id: string): string[] => eventsOf(id).map(({ detailType }) => detailType);

describe('Expiry moves a done todo to the archive exactly once and keeps the counts right', () => {
  let handler: StreamHandler;

  beforeAll(async () => {
    await start('90');
    handler = worker.get(StreamHandler);
  });

  afterAll(stop);

  /** Removes a todo as the TTL service does, and gives the record of it. */
  async function expire(id: string): Promise<DynamoDBRecord> {
    const item = await storedTodo(id);
    await documents.send(new DeleteCommand({ TableName: tables().todos, Key: { userId: item.userId, itemKey: item.itemKey } }));
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
    await documents.send(
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
    await documents.send(new DeleteCommand({ TableName: tables().archive, Key: { userId: user.id, itemKey: `TODO#${todo.id}` } }));
    for (const itemKey of ['LIST', 'GONE#0000000000000003']) {
      await documents.send(new DeleteCommand({ TableName: tables().todos, Key: { userId: user.id, itemKey } }));
    }

    expect(await deliver(removal)).toEqual([]);

    expect(await itemsOf(tables().todos)).toEqual([]);
    expect(await itemsOf(tables().archive)).toEqual([]);
  });

  test('what is written between the sweeper’s look and its delete stays: a reopened todo, a renewed key', async () => {
    const { id } = await finish('Reopened in time');
    const past = Math.floor(Date.now() / 1000) - 5;
    await documents.send(
      new UpdateCommand({
        TableName: tables().todos,
        Key: { userId: user.id, itemKey: `TODO#${id}` },
        UpdateExpression: 'SET expiresAt = :past',
        ExpressionAttributeValues: { ':past': past },
      }),
    );
    const key = { userId: user.id, itemKey: 'IDEM#renewed' };
    await documents.send(new PutCommand({ TableName: tables().todos, Item: { ...key, expiresAt: past } }));
    const interrupted = newClient();
    let seen: string[] = [];
    interrupted.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args);
        const { Items = [] } = result.output as { Items?: Record<string, { S?: string }>[] };
        if (context.commandName === 'ScanCommand' && Items.some(({ userId }) => userId?.S === user.id)) {
          seen = Items.flatMap(({ itemKey }) => itemKey?.S ?? []);
          await call('PATCH', `/todos/${id}`, { status: 'open' });
          await documents.send(new PutCommand({ TableName: tables().todos, Item: { ...key, expiresAt: past + 10_000 } }));
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

describe('Under npm start, expiry is seen', () => {
  let pump: RunningPump;

  beforeAll(async () => {
    // 2.6 seconds.
    await start('0.00003');
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
        const { Items = [] } = await documents.send(new ScanCommand({ TableName: tables().todos }));
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
    const sweeper = new TtlSweeper(client, tables(), worker.get(Log), new AbortController().signal);
    await eventually(
      async () => {
        await sweeper.sweep();
        return (await storedTodo(todo.id)) === undefined && (await itemOf(tables().todos, `TTL#TODO#${todo.id}`)) === undefined;
      },
      { what: 'the todo and its notice are removed' },
    );
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
      await documents.send(
        new PutCommand({ TableName: tables().todos, Item: { userId: user.id, itemKey, expiresAt, ...(itemKey === 'LIST' && { deletedAt: 'long ago' }) } }),
      );
    }
    await documents.send(new PutCommand({ TableName: tables().counters, Item: { counterId: 'IDEM#old', expiresAt } }));
    await documents.send(new PutCommand({ TableName: tables().todos, Item: { userId: user.id, itemKey: 'IDEM#new', expiresAt: expiresAt + 1_000 } }));

    await eventually(async () => (await itemOf(tables().todos, 'IDEM#old')) === undefined && (await itemOf(tables().todos, 'LIST')) === undefined, {
      what: 'deleted',
    });
    await eventually(
      async () =>
        (await documents.send(new GetCommand({ TableName: tables().counters, Key: { counterId: 'IDEM#old' }, ConsistentRead: true }))).Item === undefined,
      { what: 'deleted' },
    );

    expect(await itemOf(tables().todos, 'IDEM#new')).toBeDefined();
  });
});
