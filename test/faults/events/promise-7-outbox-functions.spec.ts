import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parseConfig } from '../../../src/config/config.js';
import { createApp } from '../../../src/create-app.js';
import { EventPublisher } from '../../../src/features/events/event-publisher.js';
import { OutboxService } from '../../../src/features/outbox/outbox.service.js';
import { OutboxWorker } from '../../../src/features/outbox/worker/outbox-worker.js';
import { UsersRepository } from '../../../src/features/users/users.repository.js';
import { OutboxStage, tombstoneAlone } from '../../support/outbox-stage.js';

// Real: the functions' handlers in this process, both stores, the AWS SDK. EventBridge is a stand-in that speaks its protocol.
describe('Promise 7: on Lambda', () => {
  let stage: OutboxStage;
  beforeAll(async () => {
    stage = await OutboxStage.start();
  });
  afterAll(async () => stage?.stop());
  beforeEach(async () => stage.reset());

  const environment = () => ({
    ...stage.service.environment,
    AWS_LAMBDA_FUNCTION_NAME: 'duet-test-outbox',
    LOG_LEVEL: 'error',
    EVENT_BUS_NAME: 'duet-test',
    EVENTBRIDGE_ENDPOINT: stage.bus.endpoint,
  });

  test('the function that serves requests erases a deleted user, and has nothing that could publish', async () => {
    const app = await createApp(parseConfig(environment()));
    try {
      const user = await stage.furnish();
      await app.get(UsersRepository).remove(user.id, () => {});
      await app.get(OutboxService).eraseNow(user.id);

      expect(await stage.remains(user.id)).toEqual(tombstoneAlone(user.id));
      expect((await stage.rowsOf(user.id)).at(-1)).toMatchObject({ kind: 'user.deleted', status: 'pending', erased_at: expect.any(Date) });
      for (const publishing of [EventPublisher, OutboxWorker]) {
        expect(() => app.get(publishing)).toThrow('does not exist');
      }
    } finally {
      await app.close();
    }
  });

  test('the scheduled function publishes what is due, and the migration function migrates and grants', async () => {
    const saved = { ...process.env };
    Object.assign(process.env, environment());
    const lines = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      const outbox = await import('../../../src/lambda/outbox.js');
      const migrate = await import('../../../src/lambda/migrate.js');
      const id = await stage.appendUpdates(3);
      await stage.append(randomUUID(), 'user.renamed', {});

      const run = await outbox.handler({}, { getRemainingTimeInMillis: () => 50_000 });
      const late = await stage.appendUpdates(1);
      const short = await outbox.handler({}, { getRemainingTimeInMillis: () => 1_000 });

      expect(run).toMatchObject({ pending: 0, dead: 1 });
      expect(stage.published(id)).toEqual(['user.updated 1', 'user.updated 2', 'user.updated 3']);
      expect([short, stage.published(late)]).toEqual([{ taken: 0, pending: 1, dead: 1 }, []]);
      const metrics = lines.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('OutboxOldestPendingAge'));
      expect(metrics.map((line) => JSON.parse(line) as object)).toEqual([
        expect.objectContaining({ OutboxPending: 0, OutboxDead: 1, OutboxOldestPendingAge: 0 }),
        expect.objectContaining({ OutboxPending: 1, OutboxDead: 1, OutboxOldestPendingAge: expect.any(Number) }),
      ]);
      // Only now: a registration wakes the service's own worker, which would work beside the function on what is due.
      const user = await stage.service.signUp();
      expect(await migrate.handler({})).toEqual({ migrations: [] });
      expect(await migrate.handler({ grantAdmin: user.id })).toEqual({ granted: 'admin', id: user.id });
      await expect(migrate.handler({ grantAdmin: randomUUID() })).rejects.toThrow('No user has this id');
      await expect(migrate.handler({ dropEverything: true })).rejects.toThrow('The event must be');
      const { body } = await stage.service.call('POST', '/auth/login', { body: { email: user.email, password: user.password } });
      expect(body.user.role).toBe('admin');
    } finally {
      lines.mockRestore();
      for (const name of Object.keys(process.env)) {
        if (!(name in saved)) delete process.env[name];
      }
      Object.assign(process.env, saved);
    }
  });
});
