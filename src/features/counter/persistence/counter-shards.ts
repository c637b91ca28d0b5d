import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand, type BatchGetCommandOutput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { backoffMs, memoize } from '../../../common/async.js';
import type { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import { isConditionFailed, retryContention } from '../../../platform/dynamodb/transactions.js';
import { counterId } from '../counter.js';
import { isLargerShardCount, keys, type ShardItem } from './counter-items.js';

/** BatchGetItem's own limit: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const keysPerBatch = 100;

/** The items that share the counter's writes: which to write to, and all of them to read. */
export class CounterShards {
  /** How many shards there are, as far as this process knows. */
  private shardCount: number;
  /** Makes every reader read this process's shards, before the first visit is counted on them: once a process, not once a visit. */
  private readonly publishShardCount = memoize(async () => this.raiseShardCount());

  /** @param ownShards among how many shards this process spreads its writes. */
  constructor(
    private readonly dynamodb: DynamoDb,
    private readonly ownShards: number,
  ) {
    this.shardCount = ownShards;
  }

  /** Whether an item is the whole counter. */
  isOnly(item: ShardItem): boolean {
    return this.ownShards === 1 && shardCountOf([item]) === 1;
  }

  /** The key of a shard to write to, at random. */
  async pick(): Promise<{ counterId: string }> {
    if (this.ownShards === 1) {
      return keys.shard(0);
    }
    await this.publishShardCount();
    return keys.shard(Math.floor(Math.random() * this.ownShards));
  }

  /** All shards that any process has written to. */
  async read(): Promise<ShardItem[]> {
    const { shardCount } = this;
    const items = await this.readRange(0, shardCount);
    const stored = shardCountOf(items);
    if (stored <= shardCount) {
      return items;
    }
    this.shardCount = stored;
    return [...items, ...(await this.readRange(shardCount, stored))];
  }

  /** Reads items by their keys, consistently. */
  async readItems(itemKeys: readonly object[]): Promise<ShardItem[]> {
    const { counters } = this.dynamodb.tables;
    const items: ShardItem[] = [];
    let request: BatchGetCommandOutput['UnprocessedKeys'] = { [counters]: { Keys: [...itemKeys], ConsistentRead: true } };
    // Throttled keys come back unprocessed; the request's own deadline ends the loop.
    for (let attempt = 0; request !== undefined && Object.keys(request).length > 0; attempt += 1) {
      if (attempt > 0) {
        await sleep(backoffMs(attempt, { baseMs: 25, maxMs: 200 }));
      }
      const { Responses, UnprocessedKeys }: BatchGetCommandOutput = await this.dynamodb.send(new BatchGetCommand({ RequestItems: request }));
      items.push(...((Responses?.[counters] ?? []) as ShardItem[]));
      request = UnprocessedKeys;
    }
    return items;
  }

  private async readRange(from: number, until: number): Promise<ShardItem[]> {
    const all = Array.from({ length: until - from }, (_, index) => keys.shard(from + index));
    const batches = Array.from({ length: Math.ceil(all.length / keysPerBatch) }, (_, index) => all.slice(index * keysPerBatch, (index + 1) * keysPerBatch));
    return (await Promise.all(batches.map(async (batch) => this.readItems(batch)))).flat();
  }

  private async raiseShardCount(): Promise<void> {
    const command = new UpdateCommand({
      TableName: this.dynamodb.tables.counters,
      Key: keys.shard(0),
      UpdateExpression: 'SET shardCount = :shardCount',
      ConditionExpression: isLargerShardCount,
      ExpressionAttributeValues: { ':shardCount': this.ownShards },
    });
    try {
      await retryContention(async () => this.dynamodb.send(command));
    } catch (error) {
      if (!isConditionFailed(error)) {
        throw error;
      }
      // It is as large already.
    }
  }
}

function shardCountOf(items: readonly ShardItem[]): number {
  return items.find((item) => item.counterId === counterId)?.shardCount ?? 1;
}
