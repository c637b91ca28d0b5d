import type { Log } from '../../platform/observability/log.js';
import { type ClaimedRow, LeaseLostError } from './outbox.repository.js';

/** Runs the last step of a row's work. Undefined when the row's lease has ended: another worker may have the row, and nothing of ours counts. */
export async function unlessLeaseLost<T>(log: Log, row: ClaimedRow, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LeaseLostError)) {
      throw error;
    }
    log.warn('the lease on an outbox row ended before its work did', logFields(row));
    return undefined;
  }
}

/** A row in a log line. */
export function logFields({ id, kind, userId, attempts }: ClaimedRow): { outboxId: string; kind: string; userId: string; attempts: number } {
  return { outboxId: id, kind: kind.slice(0, 100), userId, attempts };
}
