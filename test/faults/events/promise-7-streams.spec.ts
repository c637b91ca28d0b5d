import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { catalogue } from '../../../src/features/events/catalogue.js';
import { type RunningPump, startStreamPump } from '../../../src/local/streams/stream-pump.js';
import type { ReceivedEvent } from '../../support/aws/eventbridge.js';
import { eventually } from '../../support/eventually.js';
import { bus, call, service, start, stop, user, worker } from '../../support/stream-stage.js';

// Seen failing: with a pump that ignores batchItemFailures.
// Real: the service, both stores, the embedded server's streams, the pump and the handler. Not real: EventBridge, which is a stand-in over HTTP.

let pump: RunningPump;

beforeAll(async () => {
  await start();
  pump = startStreamPump(worker, service.config);
});

afterAll(async () => {
  await pump.stop();
  await stop();
});

const createTodo = async (title: string): Promise<any> => call('POST', `/users/${user.id}/todos`, { title });
const ours = ({ detailType, detail }: ReceivedEvent): boolean => !detailType.startsWith('user.') && (detail.data.userId ?? detail.data.user_id) === user.id;
const of =
  (id: string) =>
  ({ detail }: ReceivedEvent): boolean =>
    detail.data.id === id;
const idOf = ({ detail }: ReceivedEvent): string => detail.metadata.id;
/** Long enough for an event that should not come. */
const quiet = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_500));
/** The first time each event came. */
const firsts = (events: readonly ReceivedEvent[]): ReceivedEvent[] =>
  events.filter((event, index) => events.findIndex((other) => idOf(other) === idOf(event)) === index);
const checkpointFile = (): string => join(service.config.dataDir, 'stream-checkpoint.json');

describe('Every change of a todo or record appears on the bus', () => {
  test('a todo’s life: each change once, in order, with the todo as it was answered', async () => {
    const created = await createTodo('Live');
    const updated = await call('PATCH', `/todos/${created.id}`, { priority: 'high', due: '2027-01-31', checklist: [{ title: 'one' }] });
    const completed = await call('PATCH', `/todos/${created.id}`, { status: 'done' });
    await call('DELETE', `/todos/${created.id}`);

    await bus.waitFor(4, of(created.id));
    await quiet();

    const events = bus.events.filter(of(created.id));
    expect(events.map(({ detailType, detail }) => [detailType, detail.data])).toEqual([
      ['todo.created', created],
      ['todo.updated', updated],
      ['todo.completed', completed],
      ['todo.deleted', completed],
    ]);
    expect(new Set(events.map(idOf)).size).toBe(4);
    for (const { source, busName, detailType, detail } of events) {
      expect({ source, busName }).toEqual({ source: 'duet', busName: 'duet-test' });
      expect(detail.metadata).toEqual({ id: expect.any(String), occurredAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/), version: 1 });
      expect(catalogue.find(({ name }) => name === detailType)?.data.safeParse(detail.data).success).toBe(true);
    }
  });

  test('a record’s life', async () => {
    const created = await call('POST', '/dynamo', { user_id: user.id, plan: 'free', nested: { list: [1, 'two', null, { deep: true }] } });
    const updated = await call('PATCH', '/dynamo', { user_id: user.id, updatedKey: 'plan', updatedValue: 'team' });
    await call('DELETE', `/dynamo?user_id=${user.id}`);

    await bus.waitFor(3, ours);
    await quiet();

    expect(bus.events.filter(ours).map(({ detailType, detail }) => [detailType, detail.data])).toEqual([
      ['record.created', created],
      ['record.updated', updated],
      ['record.deleted', updated],
    ]);
  });

  test('a keyed todo that is sent again makes one event', async () => {
    const send = async (): Promise<any> =>
      (await service.call('POST', `/users/${user.id}/todos`, { token: user.accessToken, body: { title: 'Once' }, headers: { 'Idempotency-Key': 'once' } }))
        .body;
    const [first, second] = [await send(), await send()];
    expect(second).toEqual(first);

    await bus.waitFor(1, ours);
    await quiet();

    expect(bus.events.filter(ours)).toHaveLength(1);
  });
});

describe('While the bus fails', () => {
  test('nothing is skipped: afterwards every event arrives, each todo’s in order', async () => {
    bus.failNext({ kind: 'refuse', status: 500, code: 'InternalException' }, 1_000);
    const ids = await changeThreeTodos();
    await quiet();
    expect(bus.events.filter(ours)).toEqual([]);

    bus.recover();

    await bus.waitFor(6, ours, 20_000);
    expectBothInOrder(ids);
  });

  test('partly, entries that failed are sent again, and none is overtaken by its todo’s next', async () => {
    bus.failNext({ kind: 'entries', failed: [0, 2] }, 4);
    const ids = await changeThreeTodos();

    await settled(6);

    expectBothInOrder(ids);
  });

  test('with answers that are none, and with replies that are lost, events arrive under the same ids', async () => {
    bus.failNext({ kind: 'malformed', body: '{"oops":' }, 2);
    bus.failNext({ kind: 'lose-reply' }, 3);
    const ids = await changeThreeTodos();

    await settled(6);

    expectBothInOrder(ids);
  });

  async function changeThreeTodos(): Promise<string[]> {
    const todos = await Promise.all(['a', 'b', 'c'].map(createTodo));
    await Promise.all(todos.map(async ({ id }) => call('PATCH', `/todos/${id}`, { status: 'done' })));
    return todos.map(({ id }) => id);
  }

  async function settled(different: number): Promise<void> {
    await eventually(() => firsts(bus.events.filter(ours)).length >= different, { timeoutMs: 20_000, what: `${different} events are published` });
    await quiet();
  }

  function expectBothInOrder(ids: readonly string[]): void {
    const events = firsts(bus.events.filter(ours));
    expect(events).toHaveLength(6);
    for (const id of ids) {
      expect(events.filter(of(id)).map(({ detailType }) => detailType)).toEqual(['todo.created', 'todo.completed']);
    }
  }
});

describe('The pump', () => {
  test('goes on where it was when it starts again', async () => {
    const saved = await readFile(checkpointFile(), 'utf8');
    const before = await createTodo('Before');
    await bus.waitFor(1, of(before.id));
    await eventually(async () => (await readFile(checkpointFile(), 'utf8')) !== saved, { what: 'the checkpoint is saved' });

    await pump.stop();
    const meanwhile = await createTodo('Meanwhile');
    await quiet();
    expect(bus.events.filter(of(meanwhile.id))).toEqual([]);
    pump = startStreamPump(worker, service.config);

    await bus.waitFor(1, of(meanwhile.id));
    await quiet();
    expect(bus.events.filter(ours)).toHaveLength(2);
  });

  test('killed after publishing and before its checkpoint, it publishes again, under the same ids', async () => {
    const saved = await readFile(checkpointFile(), 'utf8');
    const created = await createTodo('Twice');
    await call('POST', '/dynamo', { user_id: user.id });
    await bus.waitFor(2, ours);
    await pump.stop();
    await writeFile(checkpointFile(), saved);

    pump = startStreamPump(worker, service.config);

    await bus.waitFor(4, ours);
    expect(new Set(bus.events.filter(ours).map(idOf)).size).toBe(2);
    expect(new Set(bus.events.filter(of(created.id)).map(idOf)).size).toBe(1);
  });

  test('with a checkpoint that cannot be read, it publishes everything again rather than nothing', async () => {
    const created = await createTodo('Still there');
    await bus.waitFor(1, of(created.id));
    await pump.stop();
    await writeFile(checkpointFile(), '{"arn');

    pump = startStreamPump(worker, service.config);

    await bus.waitFor(2, of(created.id), 20_000);
    expect(new Set(bus.events.filter(of(created.id)).map(idOf)).size).toBe(1);
  });

  test('gets past what is no todo', async () => {
    const client = new DynamoDBClient({
      region: 'us-east-1',
      endpoint: service.config.dynamodb.endpoint,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    await client.send(
      new PutItemCommand({
        TableName: service.config.dynamodb.tables.todos,
        Item: { userId: { S: user.id }, itemKey: { S: 'TODO#foreign' }, title: { N: '1' } },
      }),
    );
    client.destroy();

    const todo = await createTodo('Behind');

    await bus.waitFor(1, of(todo.id));
  });
});
