import { counterId, type CounterShard } from '../counter.js';

/** A stored shard. Shard 0 also carries the shard count: how many shards have ever been written to, by any process. */
export interface ShardItem extends CounterShard {
  readonly counterId: string;
  readonly shardCount?: number;
}

/** What is kept of a keyed visit: the first result, once it is known, until the key's window ends. */
export interface KeyedVisitItem extends CounterShard {
  readonly expiresAt: number;
}

// The keys of the counters table, and the only place they are made.
export const keys = {
  /** Shard 0 has the counter's bare name, so that a counter with one shard is one plain item. */
  shard: (shard: number) => ({ counterId: shard === 0 ? counterId : `${counterId}#${shard}` }),
  keyedVisit: (key: string) => ({ counterId: `IDEM#${key}` }),
};

/** Counts visits on a shard. Blind: no read precedes the write, so any number of them at once adds up. */
export const addVisits = (visits: number, at: Date) => ({
  UpdateExpression: 'ADD visitCount :visits SET lastUpdated = :now',
  ExpressionAttributeValues: { ':visits': visits, ':now': at.toISOString() },
});

/** The key is new, or its window has passed: TTL may take days to delete an item. */
export const isNewOrExpired = 'attribute_not_exists(counterId) OR expiresAt <= :nowSeconds';

/** More shards than anyone has written to yet: the count never shrinks, so that lowering `COUNTER_SHARDS` hides no visit. */
export const isLargerShardCount = 'attribute_not_exists(shardCount) OR shardCount < :shardCount';

/** The first result that is stored stays: every request with the key answers it. */
export const keepFirstResult =
  'SET visitCount = if_not_exists(visitCount, :visitCount), lastUpdated = if_not_exists(lastUpdated, :lastUpdated), expiresAt = if_not_exists(expiresAt, :expiresAt)';
