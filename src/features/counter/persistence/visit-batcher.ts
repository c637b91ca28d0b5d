import { StoreUnavailableError } from '../../../common/errors/errors.js';
import { currentContext, type RequestContext, runInContext } from '../../../common/http/request-context.js';
import type { VisitCounter } from '../counter.js';

/** How many visits may wait for the next write. More than that, and they would wait in vain. */
export const maxWaitingVisits = 2_000;

/** A visit that waits to be counted. */
interface Visit {
  readonly at: Date;
  readonly context: RequestContext | undefined;
  resolve(counter: VisitCounter): void;
  reject(error: unknown): void;
}

/**
 * Counts visits in batches: those that arrive while a write is under way are written together by the next one.
 *
 * Each visit gets a number of its own, by its place in the batch. A write that fails fails all of its visits, and none of them is written again: whether they
 * count may be unknown.
 */
export class VisitBatcher {
  private waiting: Visit[] = [];
  private isWriting = false;

  /** @param write counts so many visits with one write, the last of them at an instant, and gives the counter with all of them in it. */
  constructor(private readonly write: (visits: number, at: Date) => Promise<VisitCounter>) {}

  /**
   * Counts one visit; gives the counter with it in it, and with none after it in its batch.
   *
   * @throws StoreUnavailableError when too many are waiting or the request's time went by in the queue, and it was not counted; whatever `write` throws.
   */
  async count(at: Date): Promise<VisitCounter> {
    if (this.waiting.length >= maxWaitingVisits) {
      throw notCounted(`${maxWaitingVisits} visits are waiting`);
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ at, context: currentContext(), resolve, reject });
      void this.writeWaiting();
    });
  }

  private async writeWaiting(): Promise<void> {
    if (this.isWriting) {
      return;
    }
    this.isWriting = true;
    while (this.waiting.length > 0) {
      await this.writeBatch(this.takeBatch());
    }
    this.isWriting = false;
  }

  /** All that wait, but for those whose requests are out of time. */
  private takeBatch(): Visit[] {
    const now = performance.now();
    const isInTime = ({ context }: Visit): boolean => context === undefined || context.deadline > now;
    const late = this.waiting.filter((visit) => !isInTime(visit));
    const batch = this.waiting.filter(isInTime);
    this.waiting = [];
    late.forEach(({ reject }) => reject(notCounted('the time of the request went by in the queue')));
    return batch;
  }

  private async writeBatch(batch: readonly Visit[]): Promise<void> {
    const [oldest] = batch;
    const latest = batch.at(-1);
    if (oldest === undefined || latest === undefined) {
      return;
    }
    const write = async (): Promise<VisitCounter> => this.write(batch.length, latest.at);
    try {
      // In the context of the oldest request: its deadline is the first to come, so every visit is answered in time.
      const counter = await (oldest.context === undefined ? write() : runInContext(oldest.context, write));
      batch.forEach(({ resolve }, place) => resolve({ ...counter, visitCount: counter.visitCount - batch.length + place + 1 }));
    } catch (error) {
      batch.forEach(({ reject }) => reject(error));
    }
  }
}

function notCounted(reason: string): StoreUnavailableError {
  return new StoreUnavailableError('dynamodb', { cause: new Error(`A visit was not counted: ${reason}`) });
}
