import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { OutboxJanitor } from '../../../src/features/outbox/worker/outbox-janitor.js';
import { LeaseLostError, OutboxRepository } from '../../../src/features/outbox/outbox.repository.js';
import { OutboxService } from '../../../src/features/outbox/outbox.service.js';
import type { EventBridgeStandIn } from '../../support/aws/eventbridge.js';
import { eventually } from '../../support/eventually.js';
import { ofUser, OutboxStage, userOf } from '../../support/outbox-stage.js';

// Real: the application, its workers, PostgreSQL, DynamoDB and the AWS SDK. EventBridge is a stand-in that speaks its protocol.
// Seen failing before the worker was divided: with one line of it or the repository broken at a time. Not repeated since.
describe('Promise 7: the outbox', () => {
  let stage: OutboxStage;
  beforeAll(async () => {
    stage = await OutboxStage.start();
  });
  afterAll(async () => stage?.stop());
  beforeEach(async () => stage.reset());
  afterEach(() => {
    jest.restoreAllMocks();
  });

  describe('publishes every change of a user', () => {
    test('publishes it once and in order, right after the requests, with nothing secret', async () => {
      const user = await stage.service.signUp();
      await stage.service.call('PATCH', `/users/${user.id}`, { token: user.accessToken, body: { name: 'Changed' } });
      await stage.service.call('PATCH', `/users/${user.id}`, {
        token: user.accessToken,
        body: { password: 'a wholly new password', currentPassword: user.password },
      });
      expect((await stage.service.call('DELETE', `/users/${user.id}`, { token: user.accessToken })).status).toBe(204);

      const events = await stage.bus.waitFor(4, ofUser(user.id));
      await stage.allDone(user.id);

      expect(stage.published(user.id)).toEqual(['user.registered 1', 'user.updated 2', 'user.updated 3', 'user.deleted 3']);
      const rows = await stage.rowsOf(user.id);
      expect(events.map(({ detail }) => detail.metadata.id)).toEqual(rows.map(({ id }) => id));
      expect(rows.map(({ payload }) => payload)).toEqual([{}, {}, {}, {}]);
      for (const { source, busName, detailType, detail, time } of events) {
        expect({ source, busName }).toEqual({ source: 'duet', busName: 'duet-test' });
        // EventBridge's own time is in whole seconds; the detail has it exactly.
        expect(Math.abs(Date.parse(time ?? '') - Date.parse(detail.metadata.occurredAt))).toBeLessThan(1_000);
        const personal = ['createdAt', 'email', 'emailVerified', 'name', 'role', 'timeZone', 'updatedAt'];
        expect(Object.keys(detail.data).sort()).toEqual(['id', 'version', ...(detailType === 'user.deleted' ? [] : personal)].sort());
      }
    });

    test('publishes many changes that come at once in one run and one request', async () => {
      const callsBefore = stage.bus.calls.length;
      const users = await Promise.all(Array.from({ length: 10 }, async () => stage.appendUpdates(1)));
      const claims = jest.spyOn(stage.worker.get(OutboxRepository), 'claimOldestOfEachUser');

      for (let index = 0; index < 50; index += 1) {
        stage.worker.get(OutboxService).notify();
      }
      await stage.bus.waitFor(10, ({ detail }) => users.includes(detail.data.id));

      expect(stage.bus.calls.slice(callsBefore)).toEqual([10]);
      // One that takes them all, and one that finds nothing more.
      expect(claims.mock.calls.length).toBeLessThanOrEqual(2);
    });
  });

  describe('while EventBridge fails', () => {
    test('sends again only the entries that failed', async () => {
      const users = await Promise.all(Array.from({ length: 5 }, async () => stage.appendUpdates(1)));
      stage.bus.failNext({ kind: 'entries', failed: [0, 2] });

      await stage.drain();

      const failed = (await Promise.all(users.map(async (id) => stage.rowsOf(id)))).flat().filter(({ status }) => status === 'pending');
      expect(failed.map(({ attempts, last_error }) => ({ attempts, last_error }))).toEqual(
        Array.from({ length: 2 }, () => ({ attempts: 1, last_error: 'EventBridge refused the entry: ThrottlingException Failed by the test' })),
      );
      expect(await stage.drain()).toBe(0);
      await stage.letTimePass();
      await stage.drain();
      expect(users.map((id) => stage.published(id))).toEqual(users.map(() => ['user.updated 1']));
      // Done rows keep nothing of their user, who may still be one.
      expect((await Promise.all(users.map(async (id) => stage.rowsOf(id)))).flat().map(({ payload }) => payload)).toEqual(users.map(() => ({})));
    });

    test.each<[string, Parameters<EventBridgeStandIn['failNext']>]>([
      ['refuses', [{ kind: 'refuse', status: 503, code: 'InternalException' }, 2]],
      ['throttles', [{ kind: 'refuse', status: 400, code: 'ThrottlingException' }, 2]],
      ['denies', [{ kind: 'refuse', status: 403, code: 'AccessDeniedException' }, 2]],
      ['hangs', [{ kind: 'hang' }, 2]],
      ['answers without entries', [{ kind: 'malformed', body: '{"FailedEntryCount":0}' }, 2]],
      ['answers too few entries', [{ kind: 'malformed', body: '{"FailedEntryCount":0,"Entries":[{"EventId":"a"}]}' }, 2]],
      ['answers what is no JSON', [{ kind: 'malformed', body: '<html>' }, 2]],
      ['answers nothing', [{ kind: 'malformed', body: '' }, 2]],
    ])('keeps its rows while EventBridge %s, and publishes them afterwards', async (_, failure) => {
      const users = [await stage.appendUpdates(1), await stage.appendUpdates(1)];
      stage.bus.failNext(...failure);

      await stage.drain();
      const rows = (await Promise.all(users.map(async (id) => stage.rowsOf(id)))).flat();
      const before = users.map((id) => stage.published(id));
      stage.bus.recover();
      await stage.letTimePass();
      await stage.drain();

      expect(before).toEqual([[], []]);
      expect(rows.map(({ status, attempts }) => ({ status, attempts }))).toEqual(users.map(() => ({ status: 'pending', attempts: 1 })));
      expect(users.map((id) => stage.published(id))).toEqual([['user.updated 1'], ['user.updated 1']]);
    });

    test('publishes an event whose reply was lost again, under the same id', async () => {
      const id = await stage.appendUpdates(1);
      stage.bus.failNext({ kind: 'lose-reply' });

      await stage.drain();

      const events = stage.bus.events.filter(ofUser(id));
      expect(events.length).toBe(2);
      expect(new Set(events.map(({ detail }) => detail.metadata.id)).size).toBe(1);
      expect((await stage.rowsOf(id)).map(({ status }) => status)).toEqual(['done']);
    });

    test('holds back later events of the same user, and of no other user', async () => {
      const [held, other] = [await stage.appendUpdates(2), await stage.appendUpdates(2)];
      stage.bus.failNext({ kind: 'entries', failed: [0] });

      await stage.drain();
      expect([stage.published(held), stage.published(other)]).toEqual([[], ['user.updated 1', 'user.updated 2']]);

      await stage.letTimePass();
      await stage.drain();
      expect(stage.published(held)).toEqual(['user.updated 1', 'user.updated 2']);
    });
  });

  describe('with several workers at once', () => {
    test('publishes each change exactly once, in order for each user', async () => {
      const users = await Promise.all(Array.from({ length: 30 }, async () => stage.appendUpdates(4)));

      await eventually(
        async () => {
          await Promise.all(stage.workers.map(async (one) => stage.drain(one)));
          return (await stage.pending()) === 0;
        },
        { what: 'the outbox is empty' },
      );

      expect(users.map((id) => stage.published(id))).toEqual(users.map(() => ['user.updated 1', 'user.updated 2', 'user.updated 3', 'user.updated 4']));
    });

    test('leaves a row to the worker that has the lease, and takes it over when a dead worker’s lease has ended', async () => {
      const id = await stage.appendUpdates(1);
      const [dead, heir] = stage.workers;
      const [claimed] = await dead.get(OutboxRepository).claimOldestOfEachUser(10);

      expect(await stage.drain(heir)).toBe(0);
      await stage.letTimePass();
      expect(await stage.drain(heir)).toBe(1);

      expect(stage.published(id)).toEqual(['user.updated 1']);
      expect(claimed?.userId).toBe(id);
      await expect(dead.get(OutboxRepository).markDone(claimed as never)).rejects.toThrow(LeaseLostError);
    });
  });

  describe('isolates what can never be published', () => {
    test('marks an unknown kind and a malformed payload dead, and publishes later events of the same user', async () => {
      const [unknown, malformed, sound] = [randomUUID(), randomUUID(), await stage.appendUpdates(1)];
      await stage.append(unknown, 'user.renamed', userOf(unknown, 1));
      await stage.append(malformed, 'user.updated', { email: 'someone@example.com' });
      for (const id of [unknown, malformed]) {
        await stage.append(id, 'user.updated', userOf(id, 2));
      }

      await stage.drain();

      for (const id of [unknown, malformed]) {
        expect((await stage.rowsOf(id)).map(({ status }) => status)).toEqual(['dead', 'done']);
        expect(stage.published(id)).toEqual(['user.updated 2']);
      }
      expect(stage.published(sound)).toEqual(['user.updated 1']);
      expect((await stage.rowsOf(malformed))[0]?.last_error).not.toContain('someone@example.com');
      expect(await stage.worker.get(OutboxRepository).backlog()).toEqual({ pending: 0, dead: 2, oldestPendingSeconds: 0 });
    });

    test('marks an event dead that has failed too often, and publishes the next one', async () => {
      const id = await stage.appendUpdates(2);
      await stage.query(
        'UPDATE outbox SET attempts = 399 WHERE user_id = $1 AND sequence = (SELECT min(sequence) FROM outbox WHERE user_id = $1) RETURNING id',
        [id],
      );
      stage.bus.failNext({ kind: 'entries', failed: [0] });

      await stage.drain();

      expect((await stage.rowsOf(id)).map(({ status }) => status)).toEqual(['dead', 'done']);
    });
  });

  test('deletes rows that have been done for 30 days, and no others', async () => {
    const [old, young, dead] = [await stage.appendUpdates(1), await stage.appendUpdates(1), randomUUID()];
    await stage.append(dead, 'user.renamed', {});
    await stage.drain();
    await stage.query(`UPDATE outbox SET done_at = now() - interval '31 days' WHERE user_id = $1 RETURNING id`, [old]);
    await stage.query(`UPDATE outbox SET done_at = now() - interval '29 days' WHERE user_id = $1 RETURNING id`, [young]);

    expect(await stage.worker.get(OutboxJanitor).deleteOld()).toBe(1);

    expect((await Promise.all([old, young, dead].map(async (id) => stage.rowsOf(id)))).map((rows) => rows.length)).toEqual([0, 1, 1]);
  });
});
