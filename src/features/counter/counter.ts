/** The name of the one counter, in the API and as its item's key. */
export const counterId = 'main_counter';

/** How many visits were counted, and when the last one was (null before the first). */
export interface VisitCounter {
  readonly counterId: typeof counterId;
  readonly visitCount: number;
  readonly lastUpdated: string | null;
}

/** What one counting request came to. */
export interface CountedVisit {
  readonly counter: VisitCounter;
  /** Whether this is the stored answer to an earlier request with the same key. */
  readonly replayed: boolean;
}

/** One item of the counter as it is stored: each of its shards counts a part of the visits. */
export interface CounterShard {
  readonly visitCount?: number;
  readonly lastUpdated?: string;
}

/** The counter as a whole: what its shards counted, and the latest of their times. */
export function totalOf(shards: readonly CounterShard[]): VisitCounter {
  const times = shards.flatMap(({ lastUpdated }) => lastUpdated ?? []).sort();
  return { counterId, visitCount: shards.reduce((sum, { visitCount = 0 }) => sum + visitCount, 0), lastUpdated: times.at(-1) ?? null };
}
