/**
 * Lets work on one key go one after the other in this process, in the order it came; work on different keys overlaps.
 * It promises nothing between processes: there conditions and retries do. It spares those the conflicts of a process with itself.
 */
export class Turns {
  private readonly latest = new Map<string, Promise<unknown>>();

  /** Runs `work` after the key's earlier work has ended, well or not; its result or error is passed on. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.latest.get(key) ?? Promise.resolve();
    const result = before.then(work);
    const ended = result.catch(() => undefined);
    this.latest.set(key, ended);
    try {
      return await result;
    } finally {
      if (this.latest.get(key) === ended) {
        this.latest.delete(key);
      }
    }
  }
}
