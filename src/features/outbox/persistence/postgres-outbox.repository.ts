import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Postgres } from '../../../platform/postgres/postgres.js';
import type { Transaction } from '../../../platform/postgres/transaction.js';
import { type ClaimedRow, type DeadRow, LeaseLostError, type OutboxBacklog, OutboxRepository } from '../outbox.repository.js';

/** Far longer than any single store call between two renewals may take; what a dead worker held is free again after it. */
const leaseSeconds = 30;
const maxReasonLength = 500;

const awaitsErasure = `status = 'pending' AND kind = 'user.deleted' AND erased_at IS NULL`;
const publishable = `status = 'pending' AND kind NOT LIKE 'mail.%' AND NOT (kind = 'user.deleted' AND erased_at IS NULL)`;
const isOldestOfUser = `NOT EXISTS (SELECT 1 FROM outbox earlier WHERE earlier.user_id = outbox.user_id AND earlier.sequence < outbox.sequence AND earlier.status = 'pending' AND earlier.kind NOT LIKE 'mail.%')`;
const sendable = `status = 'pending' AND kind LIKE 'mail.%'`;

interface RawRow {
  readonly id: string;
  readonly user_id: string;
  readonly kind: string;
  readonly payload: unknown;
  readonly occurred_at: Date;
  readonly attempts: number;
  readonly lease: string;
}

/** {@link OutboxRepository} over the `outbox` table. */
@Injectable()
export class PostgresOutboxRepository extends OutboxRepository {
  constructor(private readonly postgres: Postgres) {
    super();
  }

  override async claimErasure(userId?: string): Promise<ClaimedRow | null> {
    const [row] = await this.claim(userId === undefined ? awaitsErasure : `${awaitsErasure} AND user_id = $4`, 1, userId === undefined ? [] : [userId]);
    return row ?? null;
  }

  override async claimOldestOfEachUser(limit: number): Promise<ClaimedRow[]> {
    return this.claim(`${publishable} AND ${isOldestOfUser}`, limit);
  }

  override async claimMails(limit: number): Promise<ClaimedRow[]> {
    return this.claim(sendable, limit);
  }

  override async erasureIsPending(userId: string): Promise<boolean> {
    const rows = await this.postgres.select(`SELECT 1 FROM outbox WHERE ${awaitsErasure} AND user_id = $1 LIMIT 1`, [userId]);
    return rows.length > 0;
  }

  override async renew(row: ClaimedRow): Promise<void> {
    await this.change(row, `next_attempt_at = now() + make_interval(secs => $3)`, [leaseSeconds]);
  }

  override async markErased(row: ClaimedRow): Promise<void> {
    await this.change(row, `erased_at = now(), attempts = 0, last_error = NULL, ${free}, next_attempt_at = now()`);
  }

  override async markDone(row: ClaimedRow): Promise<void> {
    await this.end(row, `status = 'done', done_at = now(), payload = '{}', last_error = NULL, ${free}`);
  }

  override async postpone(row: ClaimedRow, pauseMs: number, reason: string): Promise<void> {
    await this.change(row, `last_error = $3, ${free}, next_attempt_at = now() + make_interval(secs => $4)`, [reason.slice(0, maxReasonLength), pauseMs / 1000]);
  }

  override async release(row: ClaimedRow): Promise<void> {
    await this.change(row, `attempts = attempts - 1, ${free}, next_attempt_at = now()`);
  }

  override async markDead(row: ClaimedRow, reason: string): Promise<void> {
    await this.end(row, `status = 'dead', last_error = $3, ${free}`, [reason.slice(0, maxReasonLength)]);
  }

  override async backlog(): Promise<OutboxBacklog> {
    const [row] = await this.postgres.select<{ pending: number; dead: number; age: number }>(
      `SELECT count(*) FILTER (WHERE status = 'pending')::int AS pending,
              count(*) FILTER (WHERE status = 'dead')::int AS dead,
              COALESCE(GREATEST(0, extract(epoch FROM now() - min(occurred_at) FILTER (WHERE status = 'pending'))), 0)::float8 AS age
       FROM outbox WHERE status IN ('pending', 'dead')`,
      [],
    );
    return { pending: row?.pending ?? 0, dead: row?.dead ?? 0, oldestPendingSeconds: row?.age ?? 0 };
  }

  override async findDead(limit: number): Promise<DeadRow[]> {
    return this.postgres.select<DeadRow>(
      `SELECT id, kind, user_id AS "userId", attempts, last_error AS "lastError", extract(epoch FROM now() - occurred_at)::float8 AS "ageSeconds"
       FROM outbox WHERE status = 'dead' ORDER BY sequence LIMIT $1`,
      [limit],
    );
  }

  override async retryDead(id?: string): Promise<Pick<DeadRow, 'id' | 'kind'>[]> {
    return this.postgres.transaction(async (transaction) => {
      const [rows]: [Pick<DeadRow, 'id' | 'kind'>[], number] = await transaction.query(
        `UPDATE outbox SET status = 'pending', attempts = 0, next_attempt_at = now() WHERE status = 'dead' AND ($1::uuid IS NULL OR id = $1) RETURNING id, kind`,
        [id ?? null],
      );
      return rows;
    });
  }

  override async eraseAgain(since: Date): Promise<number> {
    return this.postgres.transaction(async (transaction) => {
      // The payload of a done row was emptied. Receivers know the event by its id, which stays.
      const [, updated]: [unknown, number] = await transaction.query(
        `UPDATE outbox SET status = 'pending', erased_at = NULL, attempts = 0, ${free}, next_attempt_at = now(),
                payload = CASE payload WHEN '{}' THEN jsonb_build_object('id', user_id, 'version', 1) ELSE payload END
         WHERE kind = 'user.deleted' AND status <> 'pending' AND occurred_at >= $1`,
        [since],
      );
      return updated;
    });
  }

  override async discardDead(id: string): Promise<Pick<DeadRow, 'id' | 'kind'> | null> {
    return this.postgres.transaction(async (transaction) => {
      const [[row]]: [Pick<DeadRow, 'id' | 'kind'>[], number] = await transaction.query(
        `DELETE FROM outbox WHERE status = 'dead' AND id = $1 RETURNING id, kind`,
        [id],
      );
      return row ?? null;
    });
  }

  override async deleteDone(days: number, limit: number): Promise<number> {
    return this.postgres.transaction(async (transaction) => {
      const [, deleted]: [unknown, number] = await transaction.query(
        `DELETE FROM outbox WHERE id IN (
           SELECT id FROM outbox WHERE status = 'done' AND done_at < now() - make_interval(days => $1) ORDER BY done_at LIMIT $2 FOR UPDATE SKIP LOCKED
         )`,
        [days, limit],
      );
      return deleted;
    });
  }

  // A row that another worker took between our snapshot and its lock is evaluated again by PostgreSQL, and is then no longer due.
  private async claim(condition: string, limit: number, more: readonly unknown[] = []): Promise<ClaimedRow[]> {
    return this.postgres.transaction(async (transaction) => {
      const [rows]: [RawRow[], number] = await transaction.query(
        `WITH due AS MATERIALIZED (
           SELECT id FROM outbox WHERE ${condition} AND next_attempt_at <= now()
           ORDER BY next_attempt_at, sequence LIMIT $1 FOR UPDATE SKIP LOCKED
         )
         UPDATE outbox SET attempts = attempts + 1, lease = $2, next_attempt_at = now() + make_interval(secs => $3)
         FROM due WHERE outbox.id = due.id
         RETURNING outbox.id, user_id, kind, payload, occurred_at, attempts, lease`,
        [limit, randomUUID(), leaseSeconds, ...more],
      );
      return rows.map((row) => ({ ...row, userId: row.user_id, occurredAt: row.occurred_at.toISOString() }));
    });
  }

  // Where a user's deletion ends, no other row of theirs keeps what it was about.
  private async end(row: ClaimedRow, assignments: string, values: readonly unknown[] = []): Promise<void> {
    await this.postgres.transaction(async (transaction) => {
      await update(transaction, row, assignments, values);
      if (row.kind === 'user.deleted') {
        await transaction.query(`UPDATE outbox SET payload = '{}' WHERE user_id = $1 AND id <> $2 AND payload <> '{}'`, [row.userId, row.id]);
      }
    });
  }

  private async change(row: ClaimedRow, assignments: string, values: readonly unknown[] = []): Promise<void> {
    await this.postgres.transaction(async (transaction) => update(transaction, row, assignments, values));
  }
}

const free = 'lease = NULL';

async function update(transaction: Transaction, { id, lease }: ClaimedRow, assignments: string, values: readonly unknown[] = []): Promise<void> {
  const [, updated]: [unknown, number] = await transaction.query(`UPDATE outbox SET ${assignments} WHERE id = $1 AND lease = $2 AND status = 'pending'`, [
    id,
    lease,
    ...values,
  ]);
  if (updated === 0) {
    throw new LeaseLostError(id);
  }
}
