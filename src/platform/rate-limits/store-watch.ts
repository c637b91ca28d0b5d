import { setImmediate as turn } from 'node:timers/promises';
import { withTimeout } from '../../common/async.js';

/** The part of a call's time that a store has once a call has failed: so that one request waits out the full time once only. */
const failingShare = 0.3;

/**
 * Knows whether a store is down, so that not every request waits to find out. A store that answers late, or now and then, is slow and not down: only when nothing
 * has been answered for the time of a call is it asked once in such a time, instead of by every request.
 */
export class StoreWatch {
  private failingSince: number | undefined;
  private nextProbeAt = 0;

  /** @param callMs how long the store may take for a call, in milliseconds. */
  constructor(
    private readonly callMs: number,
    private readonly onFailing: (error: unknown) => void,
    private readonly onRecovered: () => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The result of asking the store, or null when it failed, is late or is down. Work that is late goes on. */
  async ask<T>(work: () => Promise<T>): Promise<T | null> {
    if (this.isDown()) {
      return null;
    }
    const answer = work().then((value) => {
      this.answered();
      return { value };
    });
    const ms = this.failingSince === undefined ? this.callMs : this.callMs * failingShare;
    try {
      // After a pause of the process itself the answer may be there, and come up only after the timer.
      const { value } = await withTimeout(
        ms,
        async () => answer,
        async () =>
          Promise.race([
            answer,
            turn()
              .then(turn)
              .then(() => tooLate(ms)),
          ]),
      );
      return value;
    } catch (error) {
      if (this.failingSince === undefined) {
        this.failingSince = this.now();
        this.onFailing(error);
      }
      return null;
    }
  }

  private answered(): void {
    if (this.failingSince !== undefined) {
      this.failingSince = undefined;
      this.onRecovered();
    }
  }

  private isDown(): boolean {
    const now = this.now();
    if (this.failingSince === undefined || now - this.failingSince < this.callMs) {
      return false;
    }
    if (now < this.nextProbeAt) {
      return true;
    }
    this.nextProbeAt = now + this.callMs;
    return false;
  }
}

function tooLate(ms: number): never {
  throw new Error(`The store took longer than ${ms} ms`);
}
