import { Injectable } from '@nestjs/common';
import { newId } from '../../../common/ids.js';
import { AppConfig } from '../../../config/config.module.js';
import type { Transaction } from '../../../platform/postgres/transaction.js';
import { isMail, type OutboxEntry, OutboxWriter } from '../outbox.js';
import type { OutboxRow } from './outbox.entity.js';

/** {@link OutboxWriter} over the `outbox` table. */
@Injectable()
export class PostgresOutboxWriter extends OutboxWriter {
  constructor(private readonly config: AppConfig) {
    super();
  }

  override async append(transaction: Transaction, entry: OutboxEntry): Promise<void> {
    const { kind, userId, occurredAt } = entry;
    if (isMail(kind) && this.config.mail.route.kind === 'none') {
      return;
    }
    const payload = 'payload' in entry ? entry.payload : {};
    await transaction.getRepository<OutboxRow>('outbox').insert({ id: newId().id, kind, userId, payload, occurredAt: new Date(occurredAt) });
  }
}
