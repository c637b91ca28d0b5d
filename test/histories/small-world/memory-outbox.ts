import { randomUUID } from 'node:crypto';
import { type ClaimedRow, type DeadRow, LeaseLostError, type OutboxBacklog, OutboxRepository } from '../../../src/features/outbox/outbox.repository.js';

/** A row as the table has it; times in milliseconds of the simulated clock. */
export interface MemoryRow {
  readonly id: string;
  readonly userId: string;
  readonly kind: string;
  readonly sequence: number;
  readonly occurredAt: number;
  payload: unknown;
  status: 'pending' | 'done' | 'dead';
  attempts: number;
  nextAttemptAt: number;
  lease: string | null;
  erasedAt: number | null;
  lastError: string | null;
  doneAt: number | null;
}

/** The outbox's table in memory, and the clock that its times are of. */
export class MemoryTable {
  now = Date.UTC(2026, 10, 26);
  rows: MemoryRow[] = [];
  private sequence = 0;

  append(entry: Pick<MemoryRow, 'userId' | 'kind' | 'payload'>, id: string = randomUUID()): MemoryRow {
    const row: MemoryRow = {
      id,
      ...entry,
      sequence: (this.sequence += 1),
      occurredAt: this.now,
      status: 'pending',
      attempts: 0,
      nextAttemptAt: this.now,
      lease: null,
      erasedAt: null,
      lastError: null,
      doneAt: null,
    };
    this.rows.push(row);
    return row;
  }
}

const leaseMs = 30_000;
const maxReasonLength = 500;
const dayMs = 86_400_000;

const isMail = ({ kind }: MemoryRow): boolean => kind.startsWith('mail.');
const awaitsErasure = ({ status, kind, erasedAt }: MemoryRow): boolean => status === 'pending' && kind === 'user.deleted' && erasedAt === null;

/** {@link OutboxRepository} over a {@link MemoryTable}: each call waits for its turn, and then happens at once, as a transaction does. */
export class MemoryOutbox extends OutboxRepository {
  constructor(
    protected readonly table: MemoryTable,
    protected readonly turn: (name: string) => Promise<void> = async () => undefined,
  ) {
    super();
  }

  override async claimErasure(userId?: string): Promise<ClaimedRow | null> {
    await this.turn('claim an erasure');
    return this.claim((row) => awaitsErasure(row) && (userId === undefined || row.userId === userId), 1)[0] ?? null;
  }

  override async claimOldestOfEachUser(limit: number): Promise<ClaimedRow[]> {
    await this.turn('claim events');
    return this.claim((row) => row.status === 'pending' && !isMail(row) && !awaitsErasure(row) && this.isOldestOfUser(row), limit);
  }

  override async claimMails(limit: number): Promise<ClaimedRow[]> {
    await this.turn('claim mails');
    return this.claim((row) => row.status === 'pending' && isMail(row), limit);
  }

  override async erasureIsPending(userId: string): Promise<boolean> {
    await this.turn('look for an erasure');
    return this.table.rows.some((row) => awaitsErasure(row) && row.userId === userId);
  }

  override async renew(row: ClaimedRow): Promise<void> {
    await this.turn('renew a lease');
    this.leased(row).nextAttemptAt = this.table.now + leaseMs;
  }

  override async markErased(row: ClaimedRow): Promise<void> {
    await this.turn('mark as erased');
    Object.assign(this.leased(row), { erasedAt: this.table.now, attempts: 0, lastError: null, lease: null, nextAttemptAt: this.table.now });
  }

  override async markDone(row: ClaimedRow): Promise<void> {
    await this.turn('mark as done');
    this.end(row, { status: 'done', doneAt: this.table.now, payload: {}, lastError: null });
  }

  override async postpone(row: ClaimedRow, pauseMs: number, reason: string): Promise<void> {
    await this.turn('postpone');
    Object.assign(this.leased(row), { lastError: reason.slice(0, maxReasonLength), lease: null, nextAttemptAt: this.table.now + pauseMs });
  }

  override async release(row: ClaimedRow): Promise<void> {
    await this.turn('release');
    const held = this.leased(row);
    Object.assign(held, { attempts: held.attempts - 1, lease: null, nextAttemptAt: this.table.now });
  }

  override async markDead(row: ClaimedRow, reason: string): Promise<void> {
    await this.turn('mark as dead');
    this.end(row, { status: 'dead', lastError: reason.slice(0, maxReasonLength) });
  }

  override async backlog(): Promise<OutboxBacklog> {
    const [pending, dead] = (['pending', 'dead'] as const).map((status) => this.table.rows.filter((row) => row.status === status)) as [
      MemoryRow[],
      MemoryRow[],
    ];
    const oldest = Math.min(this.table.now, ...pending.map(({ occurredAt }) => occurredAt));
    return { pending: pending.length, dead: dead.length, oldestPendingSeconds: (this.table.now - oldest) / 1_000 };
  }

  override async findDead(limit: number): Promise<DeadRow[]> {
    return this.dead()
      .slice(0, limit)
      .map(({ id, kind, userId, attempts, lastError, occurredAt }) => ({
        id,
        kind,
        userId,
        attempts,
        lastError,
        ageSeconds: (this.table.now - occurredAt) / 1_000,
      }));
  }

  override async retryDead(id?: string): Promise<Pick<DeadRow, 'id' | 'kind'>[]> {
    return this.dead(id).map((row) => Object.assign(row, { status: 'pending', attempts: 0, nextAttemptAt: this.table.now }));
  }

  override async eraseAgain(since: Date): Promise<number> {
    const rows = this.table.rows.filter(({ kind, status, occurredAt }) => kind === 'user.deleted' && status !== 'pending' && occurredAt >= since.getTime());
    for (const row of rows) {
      const payload = Object.keys(row.payload as object).length === 0 ? { id: row.userId, version: 1 } : row.payload;
      Object.assign(row, { status: 'pending', erasedAt: null, attempts: 0, lease: null, nextAttemptAt: this.table.now, payload });
    }
    return rows.length;
  }

  override async discardDead(id: string): Promise<Pick<DeadRow, 'id' | 'kind'> | null> {
    const [row] = this.dead(id);
    this.table.rows = this.table.rows.filter((other) => other !== row);
    return row ?? null;
  }

  override async deleteDone(days: number, limit: number): Promise<number> {
    const old = this.table.rows
      .filter(({ status, doneAt }) => status === 'done' && doneAt !== null && doneAt < this.table.now - days * dayMs)
      .sort((a, b) => (a.doneAt ?? 0) - (b.doneAt ?? 0))
      .slice(0, limit);
    this.table.rows = this.table.rows.filter((row) => !old.includes(row));
    return old.length;
  }

  protected isOldestOfUser(row: MemoryRow): boolean {
    return !this.table.rows.some((other) => other.userId === row.userId && other.sequence < row.sequence && other.status === 'pending' && !isMail(other));
  }

  protected claim(isDue: (row: MemoryRow) => boolean, limit: number): ClaimedRow[] {
    const lease = randomUUID();
    return this.table.rows
      .filter((row) => row.nextAttemptAt <= this.table.now && isDue(row))
      .sort((a, b) => a.nextAttemptAt - b.nextAttemptAt || a.sequence - b.sequence)
      .slice(0, limit)
      .map((row) => {
        Object.assign(row, { attempts: row.attempts + 1, lease, nextAttemptAt: this.table.now + leaseMs });
        return { ...row, lease, occurredAt: new Date(row.occurredAt).toISOString() };
      });
  }

  /** @throws LeaseLostError */
  protected leased({ id, lease }: ClaimedRow): MemoryRow {
    const row = this.table.rows.find((candidate) => candidate.id === id && candidate.lease === lease && candidate.status === 'pending');
    if (row === undefined) {
      throw new LeaseLostError(id);
    }
    return row;
  }

  private end(claimed: ClaimedRow, changes: Partial<MemoryRow>): void {
    Object.assign(this.leased(claimed), { ...changes, lease: null });
    if (claimed.kind === 'user.deleted') {
      for (const other of this.table.rows.filter(({ userId, id }) => userId === claimed.userId && id !== claimed.id)) {
        other.payload = {};
      }
    }
  }

  private dead(id?: string): MemoryRow[] {
    return this.table.rows.filter((row) => row.status === 'dead' && (id === undefined || row.id === id)).sort((a, b) => a.sequence - b.sequence);
  }
}
