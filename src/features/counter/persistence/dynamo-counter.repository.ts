import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand, type BatchGetCommandOutput, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Inject, Injectable } from '@nestjs/common';
import { StoreUnavailableError } from '../../../common/errors.js';
import { idempotencyWindowSeconds } from '../../../common/idempotency-key.js';
import { AppConfig } from '../../../config/config.module.js';
import { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import { cancellationReasons, isConditionFailed, isContention, retryContention } from '../../../platform/dynamodb/transactions.js';
import { type CountedVisit, counterId, type CounterShard, totalOf, type VisitCounter } from '../counter.js';
import { CounterRepository } from '../counter.repository.js';

/** BatchGetItem's own limit: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const keysPerBatch = 100;

/** A stored shard; shard 0 also carries the largest number of shards that was ever written to. */
interface ShardItem extends CounterShard {
  readonly counterId: string;
  readonly shardCount?: number;
}

/** What is kept of a keyed visit: the first result, once it is known, until the key's window ends. */
interface KeyedVisitItem extends CounterShard {
  readonly expiresAt: number;
}

// The keys of the counters table, and the only place they are made.
const keys = {
  /** Shard 0 has the counter's bare name, so that a counter with one shard is one plain item. */
  shard: (shard: number) => ({ counterId: shard === 0 ? counterId : `${counterId}#${shard}` }),
  keyedVisit: (key: string) => ({ counterId: `IDEM#${key}` }),
};

// Blind: no read precedes the write, so any number of them at once adds up.
const addOne = 'ADD visitCount :one SET lastUpdated = :now';
const isNewOrExpired = 'attribute_not_exists(counterId) OR expiresAt <= :nowSeconds';
const isLargerMark = 'attribute_not_exists(shardCount) OR shardCount < :shardCount';
// Whoever comes first decides, for everyone after.
const keepFirstResult =
  'SET visitCount = if_not_exists(visitCount, :visitCount), lastUpdated = if_not_exists(lastUpdated, :lastUpdated), expiresAt = if_not_exists(expiresAt, :expiresAt)';

/**
 * The counter as one item, or as `COUNTER_SHARDS` items that share the writes; its value is their sum.
 *
 * Reads cover the largest number of shards ever written to, which shard 0 remembers: lowering `COUNTER_SHARDS` loses no visit.
 */
@Injectable()
export class DynamoCounterRepository extends CounterRepository {
  private readonly table: string;
  /** Among how many shards writes are spread. */
  private readonly shards: number;
  /** How many shards a read covers at first. */
  private covered: number;
  private raisingMark: Promise<void> | undefined;

  constructor(
    private readonly dynamodb: DynamoDb,
    @Inject(AppConfig) config: AppConfig,
  ) {
    super();
    this.table = dynamodb.tables.counters;
    this.shards = config.get('counter', { infer: true }).shards;
    this.covered = this.shards;
  }

  async read(): Promise<VisitCounter> {
    const { covered } = this;
    const items = await this.readShards(0, covered);
    const mark = shardCountOf(items);
    this.covered = Math.max(this.covered, mark);
    return totalOf(mark > covered ? [...items, ...(await this.readShards(covered, mark))] : items);
  }

  async count(at: Date): Promise<VisitCounter> {
    const Key = keys.shard(await this.pickShard());
    const { Attributes } = await retryContention(
      async () =>
        this.dynamodb.sendOnce(
          new UpdateCommand({
            TableName: this.table,
            Key,
            UpdateExpression: addOne,
            ExpressionAttributeValues: { ':one': 1, ':now': at.toISOString() },
            ReturnValues: 'ALL_NEW',
          }),
        ),
      isSurelyNotApplied,
    );
    const item = Attributes as ShardItem;
    return this.shards === 1 && shardCountOf([item]) === 1 ? totalOf([item]) : this.read();
  }

  async countOnce(key: string, at: Date): Promise<CountedVisit> {
    const nowSeconds = Math.floor(at.getTime() / 1000);
    const expiresAt = nowSeconds + idempotencyWindowSeconds;
    const claimKey = {
      TableName: this.table,
      Item: { ...keys.keyedVisit(key), expiresAt },
      ConditionExpression: isNewOrExpired,
      ExpressionAttributeValues: { ':nowSeconds': nowSeconds },
    };
    const countVisit = {
      TableName: this.table,
      Key: keys.shard(await this.pickShard()),
      UpdateExpression: addOne,
      ExpressionAttributeValues: { ':one': 1, ':now': at.toISOString() },
    };
    // One token for all tries: whichever of them took effect, the others find that it did.
    const transaction = { ClientRequestToken: randomUUID(), TransactItems: [{ Put: claimKey }, { Update: countVisit }] };
    let replayed = false;
    try {
      await retryContention(async () => this.dynamodb.send(new TransactWriteCommand(transaction)));
    } catch (error) {
      if (cancellationReasons(error)?.[0] !== 'ConditionalCheckFailed') {
        throw error;
      }
      replayed = true;
    }
    return { counter: (replayed ? await this.storedResult(key) : undefined) ?? (await this.firstResult(key, expiresAt)), replayed };
  }

  /** What the key's first request left, so that a replay reads one item instead of every shard. */
  private async storedResult(key: string): Promise<VisitCounter | undefined> {
    const [item] = await this.readBatch([keys.keyedVisit(key)]);
    return item?.visitCount === undefined ? undefined : totalOf([item]);
  }

  /**
   * The result that every request with this key gets. A transaction returns no values, so the result is read after it, and the first
   * to have read it decides. Had the process died between the two, a replay decides instead.
   */
  private async firstResult(key: string, expiresAt: number): Promise<VisitCounter> {
    const { visitCount, lastUpdated } = await this.read();
    const { Attributes } = await retryContention(async () =>
      this.dynamodb.send(
        new UpdateCommand({
          TableName: this.table,
          Key: keys.keyedVisit(key),
          UpdateExpression: keepFirstResult,
          ExpressionAttributeValues: { ':visitCount': visitCount, ':lastUpdated': lastUpdated, ':expiresAt': expiresAt },
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    return totalOf([Attributes as KeyedVisitItem]);
  }

  private async pickShard(): Promise<number> {
    if (this.shards === 1) {
      return 0;
    }
    this.raisingMark ??= this.raiseMark().catch((error: unknown) => {
      this.raisingMark = undefined;
      throw error;
    });
    await this.raisingMark;
    return Math.floor(Math.random() * this.shards);
  }

  /** Makes every reader cover this process's shards, before the first visit is counted on them: once a process, not once a visit. */
  private async raiseMark(): Promise<void> {
    try {
      await retryContention(async () =>
        this.dynamodb.send(
          new UpdateCommand({
            TableName: this.table,
            Key: keys.shard(0),
            UpdateExpression: 'SET shardCount = :shardCount',
            ConditionExpression: isLargerMark,
            ExpressionAttributeValues: { ':shardCount': this.shards },
          }),
        ),
      );
    } catch (error) {
      if (!isConditionFailed(error)) {
        throw error;
      }
      // It is as large already.
    }
  }

  private async readShards(from: number, until: number): Promise<ShardItem[]> {
    const all = Array.from({ length: until - from }, (_, index) => keys.shard(from + index));
    const batches = Array.from({ length: Math.ceil(all.length / keysPerBatch) }, (_, index) => all.slice(index * keysPerBatch, (index + 1) * keysPerBatch));
    return (await Promise.all(batches.map(async (batch) => this.readBatch(batch)))).flat();
  }

  private async readBatch(batch: readonly object[]): Promise<ShardItem[]> {
    const items: ShardItem[] = [];
    let request: BatchGetCommandOutput['UnprocessedKeys'] = { [this.table]: { Keys: [...batch], ConsistentRead: true } };
    // Throttled keys come back unprocessed; the request's own deadline ends the loop.
    while (request !== undefined && Object.keys(request).length > 0) {
      const { Responses, UnprocessedKeys }: BatchGetCommandOutput = await this.dynamodb.send(new BatchGetCommand({ RequestItems: request }));
      items.push(...((Responses?.[this.table] ?? []) as ShardItem[]));
      request = UnprocessedKeys;
      if (request !== undefined && Object.keys(request).length > 0) {
        await sleep(Math.random() * 50);
      }
    }
    return items;
  }
}

function shardCountOf(items: readonly ShardItem[]): number {
  return items.find((item) => item.counterId === counterId)?.shardCount ?? 1;
}

const refusals = new Set(['ThrottlingException', 'ProvisionedThroughputExceededException', 'RequestLimitExceeded']);

/** Whether DynamoDB itself refused the write before it took effect. A lost connection does not tell. */
function isSurelyNotApplied(error: unknown): boolean {
  const cause = error instanceof StoreUnavailableError ? error.cause : error;
  return isContention(cause) || (cause instanceof Error && refusals.has(cause.name));
}
