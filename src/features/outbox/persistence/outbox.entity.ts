import { EntitySchema } from 'typeorm';

/** A change whose event is to be published, or was. */
export interface OutboxRow {
  /** The event's id: stable, so that receivers recognise a repetition. */
  id: string;
  userId: string;
  kind: string;
  payload: object;
  occurredAt: Date;
  status: 'pending' | 'done' | 'dead';
  attempts: number;
  nextAttemptAt: Date;
  /** Grows with every row; a bigint, which the driver gives as text. */
  sequence: string;
  /** Who works on it; see `OutboxRepository`. */
  lease: string | null;
  /** When a deleted user's data had been erased. */
  erasedAt: Date | null;
  lastError: string | null;
  doneAt: Date | null;
}

export const outboxEntity = new EntitySchema<OutboxRow>({
  name: 'outbox',
  tableName: 'outbox',
  columns: {
    id: { type: 'uuid', primary: true },
    userId: { name: 'user_id', type: 'uuid' },
    kind: { type: 'text' },
    payload: { type: 'jsonb' },
    occurredAt: { name: 'occurred_at', type: 'timestamp with time zone', precision: 3 },
    status: { type: 'text', default: 'pending' },
    attempts: { type: 'integer', default: 0 },
    nextAttemptAt: { name: 'next_attempt_at', type: 'timestamp with time zone', default: () => 'now()' },
    sequence: { type: 'bigint', generated: 'increment' },
    lease: { type: 'uuid', nullable: true },
    erasedAt: { name: 'erased_at', type: 'timestamp with time zone', precision: 3, nullable: true },
    lastError: { name: 'last_error', type: 'text', nullable: true },
    doneAt: { name: 'done_at', type: 'timestamp with time zone', precision: 3, nullable: true },
  },
});
