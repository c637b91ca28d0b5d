import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { createWorker } from '../../../src/create-worker.js';
import { OutboxCoreModule } from '../../../src/features/outbox/outbox-core.module.js';
import { type ClaimedRow, LeaseLostError, OutboxRepository } from '../../../src/features/outbox/outbox.repository.js';
import { postgresModule } from '../../../src/postgres.module.js';
import { randomFrom } from '../../support/faults/fault-proxy.js';
import { startService, type TestService } from '../../support/service.js';
import { MemoryOutbox, MemoryTable } from './memory-outbox.js';

// Real: PostgreSQL, but for its clock: now() is a function of the test's, so that both stores have the same time. Seen failing: with a lease of 29 s in memory.

const seed = Number(process.env['DUET_HISTORIES_SEED'] ?? 20_261_126);
const steps = 20_000;
const users = Array.from({ length: 4 }, () => randomUUID());
const kinds = ['user.registered', 'user.updated', 'user.updated', 'user.deleted', 'mail.reset', 'mail.verification'];

let service: TestService;
let worker: INestApplicationContext;
beforeAll(async () => {
  service = await startService();
  const { database } = service.config.postgres;
  for (const statement of [
    'CREATE SCHEMA simulated',
    'CREATE TABLE simulated.clock (at timestamptz NOT NULL)',
    'INSERT INTO simulated.clock VALUES (now())',
    `CREATE FUNCTION simulated.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM simulated.clock'`,
    // Named before pg_catalog, it is what "now()" means.
    `ALTER DATABASE ${database} SET search_path = simulated, public, pg_catalog`,
  ]) {
    await service.truth.query(statement);
  }
  worker = await createWorker(service.config, [postgresModule, OutboxCoreModule]);
}, 120_000);
afterAll(async () => {
  await worker?.close();
  await service?.stop();
});

/** What a call came to. */
async function outcomeOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof LeaseLostError) {
      return 'lease lost';
    }
    throw error;
  }
}

test(`The outbox in memory is the one in PostgreSQL, step by step (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const real = worker.get(OutboxRepository);
  const table = new MemoryTable();
  const memory = new MemoryOutbox(table);
  const { query } = service.truth;
  /** Rows that were taken, as each store gave them: the leases differ. */
  const held: [ClaimedRow, ClaimedRow][] = [];
  const dead = (): string => table.rows.find(({ status }) => status === 'dead')?.id ?? randomUUID();

  /** Calls both, and compares. */
  const both = async (call: (outbox: OutboxRepository) => Promise<unknown>): Promise<void> => {
    const [inPostgres, inMemory] = [await outcomeOf(async () => call(real)), await outcomeOf(async () => call(memory))];
    expect(comparable(inPostgres)).toEqual(comparable(inMemory));
  };
  const claim = async (call: (outbox: OutboxRepository) => Promise<ClaimedRow[]>): Promise<void> => {
    const [inPostgres, inMemory] = [bySequence(await call(real)), bySequence(await call(memory))];
    expect(inPostgres.map(comparable)).toEqual(inMemory.map(comparable));
    inPostgres.forEach((row, index) => held.push([row, inMemory[index] as ClaimedRow]));
  };
  const onHeld = async (call: (outbox: OutboxRepository, row: ClaimedRow) => Promise<unknown>): Promise<void> => {
    const [pair] = held.length === 0 ? [] : held.splice(below(held.length), random() < 0.8 ? 1 : 0);
    const [inPostgres, inMemory] = pair ?? held[0] ?? [];
    if (inPostgres !== undefined && inMemory !== undefined) {
      await both(async (outbox) => call(outbox, outbox === real ? inPostgres : inMemory));
    }
  };
  const order = (rows: readonly { id: string }[]): Map<string, number> => new Map(rows.map(({ id }, index) => [id, index]));
  function bySequence(rows: ClaimedRow[]): ClaimedRow[] {
    const at = order(table.rows);
    return rows.sort((a, b) => (at.get(a.id) ?? 0) - (at.get(b.id) ?? 0));
  }

  const kindsOfStep: readonly (() => Promise<unknown>)[] = [
    async () => {
      const row = table.append({ userId: users[below(users.length)] as string, kind: kinds[below(kinds.length)] as string, payload: { about: 'someone' } });
      await query('INSERT INTO outbox (id, user_id, kind, payload, occurred_at, next_attempt_at) VALUES ($1, $2, $3, $4, $5, $5)', [
        row.id,
        row.userId,
        row.kind,
        row.payload,
        new Date(table.now),
      ]);
    },
    async () => {
      table.now += [1, 500, 10_000, 30_000, 31_000, 86_400_000][below(6)] ?? 0;
      await query('UPDATE simulated.clock SET at = $1', [new Date(table.now)]);
    },
    async () => claim(async (outbox) => outbox.claimOldestOfEachUser(3)),
    async () => claim(async (outbox) => outbox.claimMails(2)),
    async () => claim(async (outbox) => [await outbox.claimErasure()].filter((row) => row !== null)),
    async () => {
      const user = users[below(users.length)] as string;
      await claim(async (outbox) => [await outbox.claimErasure(user)].filter((row) => row !== null));
      await both(async (outbox) => outbox.erasureIsPending(user));
    },
    async () => onHeld(async (outbox, row) => outbox.renew(row)),
    async () => onHeld(async (outbox, row) => (row.kind === 'user.deleted' ? outbox.markErased(row) : outbox.markDone(row))),
    async () => onHeld(async (outbox, row) => outbox.markDone(row)),
    async () => {
      const pauseMs = below(20) * 1_000;
      await onHeld(async (outbox, row) => outbox.postpone(row, pauseMs, 'r'.repeat(600)));
    },
    async () => onHeld(async (outbox, row) => outbox.release(row)),
    async () => onHeld(async (outbox, row) => (row.attempts > 2 ? outbox.markDead(row, 'a reason') : outbox.markDone(row))),
    async () => both(async (outbox) => outbox.backlog()),
    async () => both(async (outbox) => outbox.findDead(3)),
    async () => {
      const id = random() < 0.2 ? undefined : dead();
      await both(async (outbox) => new Set((await outbox.retryDead(id)).map((row) => row.id)));
    },
    async () => {
      const id = dead();
      await both(async (outbox) => (await outbox.discardDead(id))?.id);
    },
    async () => (random() < 0.1 ? both(async (outbox) => outbox.eraseAgain(new Date(table.now - 60_000))) : undefined),
    async () => both(async (outbox) => outbox.deleteDone(30, 1_000)),
  ];

  await query('UPDATE simulated.clock SET at = $1', [new Date(table.now)]);
  for (let step = 0; step < steps; step += 1) {
    await kindsOfStep[below(kindsOfStep.length)]?.();
    if (step % 100 === 0) {
      const rows = await query(
        `SELECT id, user_id AS "userId", kind, payload, status, attempts, last_error AS "lastError", (lease IS NOT NULL) AS held,
                extract(epoch FROM next_attempt_at) * 1000 AS "nextAttemptAt", extract(epoch FROM erased_at) * 1000 AS "erasedAt", extract(epoch FROM done_at) * 1000 AS "doneAt"
         FROM outbox ORDER BY sequence`,
      );
      const number = (value: unknown): number | null => (value === null ? null : Math.round(Number(value)));
      expect(
        rows.map((row) => ({ ...row, nextAttemptAt: number(row['nextAttemptAt']), erasedAt: number(row['erasedAt']), doneAt: number(row['doneAt']) })),
      ).toEqual(
        table.rows.map(({ id, userId, kind, payload, status, attempts, lastError, lease, nextAttemptAt, erasedAt, doneAt }) => ({
          id,
          userId,
          kind,
          payload,
          status,
          attempts,
          lastError,
          held: lease !== null,
          nextAttemptAt,
          erasedAt,
          doneAt,
        })),
      );
    }
  }
}, 600_000);

/** A result without what differs by nature: the leases, and what a claimed row in memory has besides. */
function comparable(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('lease' in result)) {
    return result;
  }
  const { id, userId, kind, payload, occurredAt, attempts } = result as unknown as ClaimedRow;
  return { id, userId, kind, payload, occurredAt, attempts };
}
