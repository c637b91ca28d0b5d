import type { CountedVisit, VisitCounter } from './counter.js';

/** Where the visits are counted. */
export abstract class CounterRepository {
  /** The counter as it is now, with every visit that was acknowledged before the call. */
  abstract read(): Promise<VisitCounter>;

  /**
   * Counts one visit, at most once: when the store's answer is lost nobody knows whether it counts, and it is not repeated.
   *
   * @returns the counter with this visit in it.
   * @throws StoreUnavailableError when it was not counted, or nobody knows.
   */
  abstract count(at: Date): Promise<VisitCounter>;

  /**
   * Counts one visit for a key, exactly once within the key's window however often it is called.
   *
   * @returns the counter with this visit in it: the same for every call with the key.
   * @throws StoreUnavailableError when nobody knows; another call with the key finds out.
   */
  abstract countOnce(key: string, at: Date): Promise<CountedVisit>;
}
