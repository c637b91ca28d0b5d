import { ServiceBusyError, StoreUnavailableError } from '../common/errors/errors.js';
import { remainingStoreMs } from '../common/http/request-context.js';
import type { StoreTimeouts } from '../config/store-timeouts.js';

/** A timer that is later than this, in milliseconds, shows that this process was too busy to notice an answer in time. */
const maxTimerDelayMs = 250;

/** The calls to one store, and whether it answered the last of them. */
export class StoreCalls {
  failing = false;

  constructor(
    readonly store: StoreUnavailableError['store'],
    readonly timeouts: StoreTimeouts,
  ) {}

  begin(): StoreCall {
    return new StoreCall(this);
  }
}

/** One call to a store: how much of the request's time it has, and whose fault it is when that is over. */
export class StoreCall {
  /** How long the call may take, in milliseconds. */
  readonly limitMs: number;
  private readonly startedAt = performance.now();

  constructor(private readonly calls: StoreCalls) {
    this.limitMs = remainingStoreMs(calls.timeouts.requestMs);
  }

  /** The store has answered, be it with an error that belongs to the domain. */
  answered(): void {
    this.calls.failing = false;
  }

  /** The error for a call that the store failed. */
  unavailableError(cause: unknown): StoreUnavailableError {
    this.calls.failing = true;
    return new StoreUnavailableError(this.calls.store, { cause });
  }

  /**
   * The error for a call that did not end in time. The store is at fault when it had the time that an answer takes, or has left an earlier call unanswered.
   * Otherwise other work of the request has used the time up, or the process was too busy, which a late timer shows.
   */
  timeoutError(cause: unknown): StoreUnavailableError | ServiceBusyError {
    const { failing, timeouts } = this.calls;
    const timerDelayMs = performance.now() - this.startedAt - this.limitMs;
    const hadTime = this.limitMs >= timeouts.answerMs && timerDelayMs <= maxTimerDelayMs;
    return failing || hadTime ? this.unavailableError(cause) : new ServiceBusyError({ cause });
  }
}
