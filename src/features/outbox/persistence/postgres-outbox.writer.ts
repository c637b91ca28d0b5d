import { Injectable } from '@nestjs/common';
import { newId } from '../../../common/ids.js';
import type { Transaction } from '../../../platform/postgres/transaction.js';
import { type OutboxEntry, OutboxWriter } from '../outbox.js';
import type { OutboxRow } from './outbox.entity.js';

/** {@link OutboxWriter} over the `outbox` table. */
@Injectable()
export class PostgresOutboxWriter extends OutboxWriter {
  override async append(transaction: Transaction, { kind, userId, occurredAt, payload }: OutboxEntry): Promise<void> {
    await transaction.getRepository<OutboxRow>('outbox').insert({ id: newId().id, kind, userId, payload, occurredAt: new Date(occurredAt) });
  }
}
