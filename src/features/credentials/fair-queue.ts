/** How much work a {@link FairQueue} takes. */
export interface FairQueueLimits {
  /** How many pieces of work run at once. */
  readonly atOnce: number;
  /** How many may wait for one key, and for all keys together. */
  readonly waitingPerKey: number;
  readonly waiting: number;
  /** How long one may wait, in milliseconds. */
  readonly waitMs: number;
}

/**
 * A bounded queue that serves its keys in turn: however much waits for one key, the next piece of work of another starts after at most one of each. What finds
 * no place, or waits too long, is refused with what `refusal` makes.
 */
export class FairQueue {
  private running = 0;
  private waiting = 0;
  /** The keys that wait, the next one first, each with its starters in the order of their calls. */
  private readonly lanes = new Map<string, (() => void)[]>();

  constructor(
    private readonly limits: FairQueueLimits,
    private readonly refusal: () => Error,
  ) {}

  /** Runs `work` in its turn; passes on its result or error. Work that was refused has not run. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (this.running < this.limits.atOnce) {
      this.running += 1;
    } else {
      await this.turn(key);
    }
    try {
      return await work();
    } finally {
      this.next();
    }
  }

  private async turn(key: string): Promise<void> {
    const lane = this.lanes.get(key) ?? [];
    if (lane.length >= this.limits.waitingPerKey || this.waiting >= this.limits.waiting) {
      throw this.refusal();
    }
    await new Promise<void>((resolve, reject) => {
      const start = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.leave(key, start);
        reject(this.refusal());
      }, this.limits.waitMs);
      lane.push(start);
      this.lanes.set(key, lane);
      this.waiting += 1;
    });
  }

  /** Gives the place that has become free to the next key, which then stands behind the others. */
  private next(): void {
    const [first] = this.lanes;
    const start = first?.[1][0];
    if (first === undefined || start === undefined) {
      this.running -= 1;
      return;
    }
    const [key, lane] = first;
    this.leave(key, start);
    if (lane.length > 0) {
      this.lanes.delete(key);
      this.lanes.set(key, lane);
    }
    start();
  }

  private leave(key: string, start: () => void): void {
    const lane = this.lanes.get(key) ?? [];
    lane.splice(lane.indexOf(start), 1);
    this.waiting -= 1;
    if (lane.length === 0) this.lanes.delete(key);
  }
}
