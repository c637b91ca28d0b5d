import { randomUUID } from 'node:crypto';
import { TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Injectable } from '@nestjs/common';
import { StoreUnavailableError } from '../../../common/errors/errors.js';
import { idempotencyWindowSeconds } from '../../../common/resources/idempotency-key.js';
import { AppConfig } from '../../../config/config.module.js';
import { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import { cancellationReasons, isContention, retryContention } from '../../../platform/dynamodb/transactions.js';
import { type CountedVisit, totalOf, type VisitCounter } from '../counter.js';
import { CounterRepository } from '../counter.repository.js';
import { addVisits, isNewOrExpired, keepFirstResult, keys, type KeyedVisitItem, type ShardItem } from './counter-items.js';
import { CounterShards } from './counter-shards.js';
import { VisitBatcher } from './visit-batcher.js';

/**
 * The counter as one item, or as `COUNTER_SHARDS` items that share the writes; its value is their sum.
 *
 * Visits without a key are written in batches, at most once each. A visit with a key counts exactly once:
 *
 *     (no item) ── claim + count, one transaction ──▶ claimed ── read the counter, keep the first result ──▶ answered
 *         ▲                                              │                                                     │
 *         │                              a request with the key finishes it                  a request with the key replays it
 *         └───────────────────────────────── the window of 24 hours ends ──────────────────────────────────────┘
 *
 * A transaction returns no values, so the result is read after it. If the process dies between the two, the next request with the key finishes the visit.
 */
@Injectable()
export class DynamoCounterRepository extends CounterRepository {
  private readonly table: string;
  private readonly shards: CounterShards;
  private readonly batcher = new VisitBatcher(async (visits, at) => this.write(visits, at));

  constructor(
    private readonly dynamodb: DynamoDb,
    config: AppConfig,
  ) {
    super();
    this.table = dynamodb.tables.counters;
    this.shards = new CounterShards(dynamodb, config.counter.shards);
  }

  async read(): Promise<VisitCounter> {
    return totalOf(await this.shards.read());
  }

  async count(at: Date): Promise<VisitCounter> {
    return this.batcher.count(at);
  }

  async countOnce(key: string, at: Date): Promise<CountedVisit> {
    const expiresAt = Math.floor(at.getTime() / 1000) + idempotencyWindowSeconds;
    if (await this.claimAndCount(key, at, expiresAt)) {
      return { counter: await this.keepResult(key, expiresAt), replayed: false };
    }
    const first = await this.storedResult(key);
    return { counter: first ?? (await this.keepResult(key, expiresAt)), replayed: true };
  }

  /** One write, sent again only when it surely had no effect. */
  private async write(visits: number, at: Date): Promise<VisitCounter> {
    const command = new UpdateCommand({ TableName: this.table, Key: await this.shards.pick(), ...addVisits(visits, at), ReturnValues: 'ALL_NEW' });
    const { Attributes } = await retryContention(async () => this.dynamodb.sendOnce(command), isSurelyNotApplied);
    const item = Attributes as ShardItem;
    return this.shards.isOnly(item) ? totalOf([item]) : this.read();
  }

  /** Claims the key and counts the visit, both or neither; false when the key is claimed already. */
  private async claimAndCount(key: string, at: Date, expiresAt: number): Promise<boolean> {
    const claim = {
      TableName: this.table,
      Item: { ...keys.keyedVisit(key), expiresAt },
      ConditionExpression: isNewOrExpired,
      ExpressionAttributeValues: { ':nowSeconds': Math.floor(at.getTime() / 1000) },
    };
    const count = { TableName: this.table, Key: await this.shards.pick(), ...addVisits(1, at) };
    // One token for all tries: whichever of them took effect, the others find that it did.
    const transaction = { ClientRequestToken: randomUUID(), TransactItems: [{ Put: claim }, { Update: count }] };
    try {
      await retryContention(async () => this.dynamodb.send(new TransactWriteCommand(transaction)));
      return true;
    } catch (error) {
      if (cancellationReasons(error)?.[0] === 'ConditionalCheckFailed') {
        return false;
      }
      throw error;
    }
  }

  /** What the key's first request left, read from one item instead of every shard. */
  private async storedResult(key: string): Promise<VisitCounter | undefined> {
    const [item] = await this.shards.readItems([keys.keyedVisit(key)]);
    return item?.visitCount === undefined ? undefined : totalOf([item]);
  }

  /** Reads the counter as the key's result, unless another request has stored one first: the result that every request with the key gets. */
  private async keepResult(key: string, expiresAt: number): Promise<VisitCounter> {
    const { visitCount, lastUpdated } = await this.read();
    const command = new UpdateCommand({
      TableName: this.table,
      Key: keys.keyedVisit(key),
      UpdateExpression: keepFirstResult,
      ExpressionAttributeValues: { ':visitCount': visitCount, ':lastUpdated': lastUpdated, ':expiresAt': expiresAt },
      ReturnValues: 'ALL_NEW',
    });
    const { Attributes } = await retryContention(async () => this.dynamodb.send(command));
    return totalOf([Attributes as KeyedVisitItem]);
  }
}

const refusals = new Set(['ThrottlingException', 'ProvisionedThroughputExceededException', 'RequestLimitExceeded']);

/** Whether DynamoDB itself refused the write before it took effect. After a lost connection that is unknown. */
function isSurelyNotApplied(error: unknown): boolean {
  const cause = error instanceof StoreUnavailableError ? error.cause : error;
  return isContention(cause) || (cause instanceof Error && refusals.has(cause.name));
}
