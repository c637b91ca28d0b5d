import { Injectable } from '@nestjs/common';
import { OutboxRepository } from '../outbox.repository.js';

const retentionDays = 30;
/** So many rows at a time keep the statement short; the next run deletes the next ones. */
const maxRows = 1_000;

/** Keeps the outbox from growing. */
@Injectable()
export class OutboxJanitor {
  constructor(private readonly outbox: OutboxRepository) {}

  /** Deletes rows that were done 30 days ago or earlier, a bounded number; gives how many. */
  async deleteOld(): Promise<number> {
    return this.outbox.deleteDone(retentionDays, maxRows);
  }
}
