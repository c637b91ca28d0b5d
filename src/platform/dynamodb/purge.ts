import { setTimeout as sleep } from 'node:timers/promises';
import { BatchWriteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { backoffMs } from '../../common/async.js';
import { StoreUnavailableError } from '../../common/errors/errors.js';
import type { DynamoDb } from './dynamodb.js';
import { retryContention } from './transactions.js';

type Key = Readonly<Record<string, string>>;

/** What to delete. */
export interface Purge {
  readonly table: string;
  /** The partition key and its value. */
  readonly partition: Key;
  readonly sortKey: string;
  /** The sort key of the one item that stays. */
  readonly except?: string;
  /** Called before each page; what it throws ends the purge there. */
  readonly checkpoint: () => Promise<void>;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html: at most 25 a request. */
const batchSize = 25;
/** One page is four batches, deleted side by side. */
const pageSize = 100;
/** How long a page's unprocessed items are tried again: its caller holds a lease that must not end meanwhile. */
const pagePatienceMs = 8_000;
const pauses = { baseMs: 25, maxMs: 1_000 };

/**
 * Deletes a partition page by page, each read afresh from the start and strongly consistent, until there is nothing left to delete.
 * It can be ended anywhere and run again.
 *
 * @throws StoreUnavailableError when DynamoDB cannot be reached, or leaves items unprocessed for too long.
 */
export async function purgePartition(dynamodb: DynamoDb, { table, partition, sortKey, except, checkpoint }: Purge): Promise<void> {
  const [[partitionKey, partitionValue] = ['', '']] = Object.entries(partition);
  let start: Record<string, unknown> | undefined;
  let empty: boolean;
  do {
    await checkpoint();
    const page = await dynamodb.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        Limit: pageSize,
        ExclusiveStartKey: start,
        KeyConditionExpression: '#partition = :partition',
        ProjectionExpression: '#partition, #sort',
        ExpressionAttributeNames: { '#partition': partitionKey, '#sort': sortKey },
        ExpressionAttributeValues: { ':partition': partitionValue },
      }),
    );
    const keys = (page.Items ?? []).filter((item) => item[sortKey] !== except);
    const until = performance.now() + pagePatienceMs;
    await Promise.all(batchesOf(keys).map(async (batch) => deleteBatch(dynamodb, table, batch, until)));
    empty = keys.length === 0 && page.LastEvaluatedKey === undefined;
    // After a deletion from the start again: the last page read is then one that showed nothing left.
    start = keys.length === 0 ? page.LastEvaluatedKey : undefined;
  } while (!empty);
}

async function deleteBatch(dynamodb: DynamoDb, table: string, keys: readonly Record<string, unknown>[], until: number): Promise<void> {
  type Requests = NonNullable<ConstructorParameters<typeof BatchWriteCommand>[0]['RequestItems']>;
  let requests: Requests = { [table]: keys.map((Key) => ({ DeleteRequest: { Key } })) };
  for (let attempt = 0; ; attempt += 1) {
    const sent = requests;
    const { UnprocessedItems: rest = {} } = await retryContention(async () => dynamodb.send(new BatchWriteCommand({ RequestItems: sent })));
    if ((rest[table] ?? []).length === 0) {
      return;
    }
    const pause = backoffMs(attempt, pauses);
    if (performance.now() + pause > until) {
      throw new StoreUnavailableError('dynamodb', { cause: new Error(`${rest[table]?.length} items of ${table} are still unprocessed`) });
    }
    await sleep(pause);
    requests = rest;
  }
}

function batchesOf<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / batchSize) }, (_, index) => items.slice(index * batchSize, (index + 1) * batchSize));
}
