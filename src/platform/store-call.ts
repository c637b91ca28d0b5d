import { ServiceBusyError, StoreUnavailableError } from '../common/errors.js';
import { remainingStoreMs } from '../common/request-context.js';
import type { StoreTimeouts } from '../config/config.js';

/** A timer that is later than this, in milliseconds, shows that this process was too busy to notice an answer in time. */
const maxTimerDelayMs = 250;

/** One call to a store: how much of the request's time it has, and whose fault it is when that is over. */
export class StoreCall {
  /** How long the call may take, in milliseconds. */
  readonly limitMs: number;
  private readonly startedAt = performance.now();

  constructor(
    private readonly store: StoreUnavailableError['store'],
    private readonly timeouts: StoreTimeouts,
  ) {
    this.limitMs = remainingStoreMs(timeouts.requestMs);
  }

  /**
   * The error for a call that did not end in time. The store is at fault when it had the time that an answer takes and our own timer was punctual; otherwise
   * earlier work of the request, or a busy process, has used the time up.
   */
  timeoutError(cause: unknown): StoreUnavailableError | ServiceBusyError {
    const lateMs = performance.now() - this.startedAt - this.limitMs;
    return this.limitMs >= this.timeouts.answerMs && lateMs <= maxTimerDelayMs ? this.unavailableError(cause) : new ServiceBusyError({ cause });
  }

  /** The error for a call that the store failed. */
  unavailableError(cause: unknown): StoreUnavailableError {
    return new StoreUnavailableError(this.store, { cause });
  }
}
