import type { CountedVisit, VisitCounter } from './counter.js';

/** Where the visits are counted. */
export abstract class CounterRepository {
  /** The counter as it is now, with every visit that was acknowledged before the call. */
  abstract read(): Promise<VisitCounter>;

  /**
   * Counts one visit, at most once: when the store's answer is lost it is unknown whether it counts, and it is not repeated.
   *
   * @returns the counter with this visit in it.
   * @throws StoreUnavailableError when it was not counted, or that is unknown.
   */
  abstract count(at: Date): Promise<VisitCounter>;

  /**
   * Counts one visit for a key, exactly once within the key's window however often it is called.
   *
   * @returns the counter with this visit in it: the same for every call with the key.
   * @throws StoreUnavailableError when the outcome is unknown; another call with the key finds out.
   */
  abstract countOnce(key: string, at: Date): Promise<CountedVisit>;
}
