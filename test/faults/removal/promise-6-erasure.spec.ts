import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Config } from '../../../src/config/config.js';
import { createWorker } from '../../../src/create-worker.js';
import { EventPublisher } from '../../../src/features/events/event-publisher.js';
import { DeadDeliveriesService } from '../../../src/features/outbox/dead-deliveries.service.js';
import { Erasure } from '../../../src/features/outbox/erasure.js';
import { OutboxModule } from '../../../src/features/outbox/outbox.module.js';
import { OutboxRepository } from '../../../src/features/outbox/outbox.repository.js';
import { OutboxService } from '../../../src/features/outbox/outbox.service.js';
import { OutboxWorker } from '../../../src/features/outbox/worker/outbox-worker.js';
import { UsersCoreModule } from '../../../src/features/users/users-core.module.js';
import { UsersRepository } from '../../../src/features/users/users.repository.js';
import { DynamoDbModule } from '../../../src/platform/dynamodb/dynamodb.module.js';
import { DynamoDb } from '../../../src/platform/dynamodb/dynamodb.js';
import { postgresModule } from '../../../src/postgres.module.js';
import { eventually } from '../../support/eventually.js';
import { ofUser, OutboxStage, tombstoneAlone, userOf } from '../../support/outbox-stage.js';

// Real: the application, its workers, PostgreSQL, DynamoDB and the AWS SDK. EventBridge is a stand-in that speaks its protocol. Not real: SIGKILL;
// a worker is killed by an exception at the step, and a fresh one goes on (promise-6-outbox-killed has real ones).
// Seen failing before the worker was divided: with one line of it, the erasure or the repository broken at a time. Not repeated since.
describe('Promise 6: the erasure of a deleted user', () => {
  let stage: OutboxStage;
  beforeAll(async () => {
    stage = await OutboxStage.start();
  });
  afterAll(async () => stage?.stop());
  beforeEach(async () => stage.reset());
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('erases todos, keyed results, archive and record before the answer, and only the tombstone stays, for a day', async () => {
    const user = await stage.furnish();

    expect((await stage.service.call('DELETE', `/users/${user.id}`, { token: user.accessToken })).status).toBe(204);

    const left = await stage.remains(user.id);
    expect(left).toEqual(tombstoneAlone(user.id));
    expect(Math.abs(Number(left.todos[0]?.['expiresAt']) - Date.now() / 1000 - 86_400)).toBeLessThan(60);
  });

  test('erases again who was deleted after the time to which a table was restored', async () => {
    const [earlier, user] = [await stage.furnish(), await stage.furnish()];
    const isDone = async (id: string) =>
      eventually(async () => (await stage.rowsOf(id)).every(({ status }) => status === 'done'), { what: 'the deletion is published' });
    await stage.service.call('DELETE', `/users/${earlier.id}`, { token: earlier.accessToken });
    await isDone(earlier.id);
    const restoredTo = new Date();
    await stage.service.call('DELETE', `/users/${user.id}`, { token: user.accessToken });
    await isDone(user.id);
    await stage.fill(stage.worker.get(DynamoDb).tables.todos, user.id, 30);

    expect(await stage.worker.get(DeadDeliveriesService).eraseAgain(restoredTo)).toBe(1);
    await stage.drain();
    await isDone(user.id);

    expect(await stage.remains(user.id)).toEqual(tombstoneAlone(user.id));
    expect((await stage.rowsOf(user.id)).map(({ payload }) => payload)).toEqual([{}, {}]);
  });

  test('erases however many items the user had', async () => {
    const user = await stage.furnish(260);
    await stage.fill(stage.worker.get(DynamoDb).tables.todos, user.id, 130);
    await stage.worker.get(UsersRepository).remove(user.id, () => {});

    await stage.drain();

    expect(await stage.remains(user.id)).toEqual(tombstoneAlone(user.id));
  });

  test('erases each of several users before their deletion is published', async () => {
    const users = [await stage.furnish(), await stage.furnish(), await stage.furnish()];
    for (const { id } of users) {
      await stage.worker.get(UsersRepository).remove(id, () => {});
    }
    const erase = jest.spyOn(stage.worker.get(Erasure), 'erase');
    const publish = jest.spyOn(stage.worker.get(EventPublisher), 'publish');

    await stage.drain();

    for (const [index, { id }] of users.entries()) {
      expect(await stage.remains(id)).toEqual(tombstoneAlone(id));
      const call = publish.mock.calls.findIndex(([events]) =>
        events.some(({ name, detail }) => name === 'user.deleted' && (detail.data as { id: string }).id === id),
      );
      expect(publish.mock.invocationCallOrder[call]).toBeGreaterThan(erase.mock.invocationCallOrder[index] ?? Number.NaN);
    }
  });

  test('leaves a token that still holds nothing to create, replay or read', async () => {
    const user = await stage.furnish();
    const token = user.accessToken;
    const [todo] = (await stage.service.call('GET', `/users/${user.id}/todos`, { token })).body.items;
    await stage.service.call('DELETE', `/users/${user.id}`, { token });

    const createTodo = async (headers = {}) => stage.service.call('POST', `/users/${user.id}/todos`, { token, body: { title: 'Todo 0' }, headers });
    const createRecord = async (headers = {}) => stage.service.call('POST', '/dynamo', { token, body: { user_id: user.id, plan: 'free' }, headers });
    const refused = [
      await createTodo(),
      await createTodo({ 'Idempotency-Key': 'todo-0' }),
      await createTodo({ 'Idempotency-Key': 'new' }),
      await createRecord(),
      await createRecord({ 'Idempotency-Key': 'record' }),
      await createRecord({ 'Idempotency-Key': 'new' }),
      await stage.service.call('PATCH', `/todos/${todo.id}`, { token, body: { title: 'x' } }),
      await stage.service.call('GET', `/todos/${todo.id}`, { token }),
      await stage.service.call('GET', `/dynamo?user_id=${user.id}`, { token }),
    ];

    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 404));
    expect((await stage.service.call('GET', `/users/${user.id}/todos`, { token })).body).toEqual({ items: [], nextCursor: null });
    expect(await stage.remains(user.id)).toEqual(tombstoneAlone(user.id));
  });

  test('replays no keyed result once the tombstone stands, purged or not', async () => {
    const user = await stage.furnish();
    const died = killAfter(stage.worker.get(DynamoDb), 1);
    await expect(stage.worker.get(Erasure).erase(user.id, async () => {})).rejects.toThrow('killed');
    died.mockRestore();

    const { status } = await stage.service.call('POST', `/users/${user.id}/todos`, {
      token: user.accessToken,
      body: { title: 'Todo 0' },
      headers: { 'Idempotency-Key': 'todo-0' },
    });

    expect(status).toBe(404);
  });

  test('does no harm when it is done twice', async () => {
    const user = await stage.furnish();
    await stage.worker.get(Erasure).erase(user.id, async () => {});
    const once = await stage.remains(user.id);
    await stage.worker.get(Erasure).erase(user.id, async () => {});

    const twice = await stage.remains(user.id);
    expect(twice).toEqual(tombstoneAlone(user.id));
    expect(twice.todos[0]?.['deletedAt']).toBe(once.todos[0]?.['deletedAt']);
  });

  test('finishes however often a worker is killed, after whichever of its writes', async () => {
    for (let step = 0, finished = false; !finished; step += 1) {
      const user = await stage.furnish();
      await stage.worker.get(UsersRepository).remove(user.id, () => {});
      const [doomed, heir] = stage.workers;
      const repository = doomed.get(OutboxRepository);
      // A killed process writes to neither store any more.
      const died = killAfter(doomed.get(DynamoDb), step);
      jest.spyOn(repository, 'postpone').mockRejectedValue(new Error('killed'));
      finished = await stage.drain(doomed).then(
        () => true,
        (error: Error) => {
          expect(error.message).toBe('killed');
          return false;
        },
      );
      died.mockRestore();
      jest.restoreAllMocks();

      if (!finished) {
        expect((await stage.rowsOf(user.id)).at(-1)).toMatchObject({ kind: 'user.deleted', status: 'pending', erased_at: null });
        expect(stage.published(user.id)).toEqual(['user.registered 1']);
      }
      await stage.letTimePass();
      await stage.drain(heir);
      expect(await stage.remains(user.id)).toEqual(tombstoneAlone(user.id));
      expect(stage.published(user.id)).toEqual(['user.registered 1', 'user.deleted 1']);
      expect((await stage.rowsOf(user.id)).map(({ status, payload }) => ({ status, payload }))).toEqual([
        { status: 'done', payload: {} },
        { status: 'done', payload: {} },
      ]);
      // The tombstone, two reads and a write of each table, the record: fewer would mean that not every step was met.
      expect(!finished || step >= 8).toBe(true);
    }
  });

  test.each(['markErased', 'markDone'] as const)('finishes when the worker is killed just before `%s`', async (method) => {
    const user = await stage.furnish();
    await stage.worker.get(UsersRepository).remove(user.id, () => {});
    const [doomed, heir] = stage.workers;
    jest.spyOn(doomed.get(OutboxRepository), method).mockRejectedValue(new Error('killed'));
    jest.spyOn(doomed.get(OutboxRepository), 'postpone').mockRejectedValue(new Error('killed'));

    await expect(stage.drain(doomed)).rejects.toThrow('killed');
    jest.restoreAllMocks();
    await stage.letTimePass();
    await stage.drain(heir);

    expect((await stage.rowsOf(user.id)).map(({ status }) => status)).toEqual(['done', 'done']);
    // Published again after a lost completion, under its old id.
    expect(stage.published(user.id)).toEqual(['user.registered 1', ...(method === 'markDone' ? ['user.deleted 1'] : []), 'user.deleted 1']);
    expect(new Set(stage.bus.events.filter(ofUser(user.id)).map(({ detail }) => detail.metadata.id)).size).toBe(2);
  });

  test('finishes once DynamoDB can be reached again, and lets the request be answered meanwhile', async () => {
    const user = await stage.service.signUp();
    const config: Config = { ...stage.service.config, dynamodb: { ...stage.service.config.dynamodb, endpoint: 'http://127.0.0.1:1' } };
    const cut = await createWorker(config, [postgresModule, DynamoDbModule, UsersCoreModule, OutboxModule]);
    try {
      await cut.get(UsersRepository).remove(user.id, () => {});
      await cut.get(OutboxService).eraseNow(user.id);
    } finally {
      await cut.close();
    }
    expect((await stage.rowsOf(user.id)).at(-1)).toMatchObject({ status: 'pending', attempts: 1, last_error: expect.stringContaining('ECONNREFUSED') });

    await stage.letTimePass();
    await stage.drain();

    expect(await stage.remains(user.id)).toEqual(tombstoneAlone(user.id));
  });

  test('gives an erasure back when the time is up, and the next run goes on where it ended', async () => {
    const user = await stage.furnish(250);
    await stage.worker.get(UsersRepository).remove(user.id, () => {});
    const send = jest.spyOn(stage.worker.get(DynamoDb), 'send');
    const { archive } = stage.worker.get(DynamoDb).tables;
    const erased = (): number =>
      send.mock.calls.flatMap(([command]) => (command instanceof BatchWriteCommand && command.input.RequestItems?.[archive]) || []).length;

    // The time is up once the archive's first page is erased.
    await stage.worker.get(OutboxWorker).drain(() => erased() === 0);
    expect(erased()).toBe(100);
    expect((await stage.rowsOf(user.id)).at(-1)).toMatchObject({ status: 'pending', attempts: 0, erased_at: null });
    await stage.drain();

    expect(await stage.remains(user.id)).toEqual(tombstoneAlone(user.id));
  });

  test('erases a user in one of several workers only', async () => {
    const user = await stage.furnish();
    await stage.worker.get(UsersRepository).remove(user.id, () => {});
    const erasures = stage.workers.map((one) => jest.spyOn(one.get(Erasure), 'erase'));

    await Promise.all(stage.workers.map(async (one) => stage.drain(one)));

    expect(erasures.flatMap(({ mock }) => mock.calls).filter(([id]) => id === user.id).length).toBe(1);
    expect(await stage.remains(user.id)).toEqual(tombstoneAlone(user.id));
  });

  test('erases deleted users while EventBridge fails', async () => {
    const user = await stage.furnish();
    stage.bus.failNext({ kind: 'refuse', status: 503, code: 'InternalException' }, 1_000);
    await stage.append(user.id, 'user.updated', userOf(user.id, 2));

    expect((await stage.service.call('DELETE', `/users/${user.id}`, { token: user.accessToken })).status).toBe(204);

    expect(await stage.remains(user.id)).toEqual(tombstoneAlone(user.id));
    expect(stage.published(user.id)).toEqual(['user.registered 1']);
    stage.bus.recover();
    await eventually(
      async () => {
        await stage.letTimePass();
        await stage.drain();
        return (await stage.rowsOf(user.id)).every(({ status }) => status === 'done');
      },
      { what: 'the rows are done' },
    );
    expect([...new Set(stage.published(user.id))]).toEqual(['user.registered 1', 'user.updated 2', 'user.deleted 1']);
  });

  test('erases the user of a deletion whose event can never be published', async () => {
    const user = await stage.furnish();
    await stage.append(user.id, 'user.deleted', { wrong: true });

    await stage.drain();

    expect(await stage.remains(user.id)).toEqual(tombstoneAlone(user.id));
    expect((await stage.rowsOf(user.id)).at(-1)).toMatchObject({ status: 'dead', erased_at: expect.any(Date) });
  });

  test('leaves nothing of a user in their dead rows once their deletion is published', async () => {
    const user = await stage.furnish();
    await stage.append(user.id, 'user.updated', { ...userOf(user.id, 2), version: 'two' });
    await stage.drain();
    await stage.service.call('DELETE', `/users/${user.id}`, { token: user.accessToken });
    await stage.bus.waitFor(2, ofUser(user.id));
    await eventually(async () => (await stage.rowsOf(user.id)).at(-1)?.status === 'done', { what: 'the deletion is published' });

    expect((await stage.rowsOf(user.id)).map(({ status, payload }) => ({ status, payload }))).toEqual([
      { status: 'done', payload: {} },
      { status: 'dead', payload: {} },
      { status: 'done', payload: {} },
    ]);
  });

  test('leaves nothing of a user in their dead rows when their deletion is dead too', async () => {
    const user = await stage.furnish();
    await stage.append(user.id, 'user.updated', { ...userOf(user.id, 2), version: 'two' });
    await stage.append(user.id, 'user.deleted', { wrong: true });

    await stage.drain();

    expect((await stage.rowsOf(user.id)).map(({ status, payload }) => ({ status, payload }))).toEqual([
      { status: 'done', payload: {} },
      { status: 'dead', payload: {} },
      { status: 'dead', payload: { wrong: true } },
    ]);
  });

  test('keeps no personal data in the row of a deletion, even before it is published', async () => {
    const user = await stage.furnish();
    await stage.worker.get(UsersRepository).remove(user.id, () => {});

    expect((await stage.rowsOf(user.id)).at(-1)).toMatchObject({ status: 'pending', payload: { id: user.id, version: 1 } });
    expect(JSON.stringify(await stage.rowsOf(user.id))).not.toContain(user.email);
  });
});

/** Lets `writes` calls through, and makes every later one fail: as a process does that was killed after them. */
function killAfter(dynamodb: DynamoDb, writes: number) {
  const send = dynamodb.send.bind(dynamodb);
  let done = 0;
  return jest.spyOn(dynamodb, 'send').mockImplementation(async (command) => {
    if (done >= writes) {
      throw new Error('killed');
    }
    done += 1;
    return send(command);
  });
}
