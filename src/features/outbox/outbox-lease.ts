import { backoffMs } from '../../common/async.js';
import type { Log } from '../../platform/observability/log.js';
import { type ClaimedRow, LeaseLostError, type OutboxRepository } from './outbox.repository.js';

/** After how many failed attempts a delivery is given up. With the pauses between them that takes more than a day: an outage of hours costs nothing. */
const maxAttempts = 400;
const maxPauseMs = 10 * 60_000;

/** Why an event was not published, or a mail not sent. Permanent: the same again can never help. */
interface DeliveryFailure {
  readonly permanent: boolean;
  readonly reason: string;
}

/** What the log says of a delivery that failed: that it is tried again, or that it is not. */
export interface FailureMessages {
  readonly postponed: string;
  readonly dead: string;
}

/** Records under the row's lease what became of its event or mail: it is done, tried again later, or dead. */
export async function recordDelivery(
  { outbox, log }: { readonly outbox: OutboxRepository; readonly log: Log },
  row: ClaimedRow,
  failure: DeliveryFailure | null,
  messages: FailureMessages,
): Promise<void> {
  await unlessLeaseLost(log, row, async () => {
    if (failure === null) {
      await outbox.markDone(row);
    } else if (failure.permanent || row.attempts >= maxAttempts) {
      await outbox.markDead(row, failure.reason);
      log.error(messages.dead, { ...logFields(row), reason: failure.reason });
    } else {
      log.warn(messages.postponed, { ...logFields(row), reason: failure.reason });
      await outbox.postpone(row, pauseAfter(row, maxPauseMs), failure.reason);
    }
  });
}

/** How long a row that failed waits: longer each time, and at least so long that a run does not take again what it has just postponed. */
export function pauseAfter({ attempts }: ClaimedRow, maxMs: number): number {
  return 1_000 + backoffMs(attempts - 1, { baseMs: 1_000, maxMs });
}

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
