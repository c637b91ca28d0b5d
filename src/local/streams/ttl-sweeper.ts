import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AttributeValue,
  DeleteItemCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type { Config } from '../../config/config.js';
import type { Log } from '../../platform/observability/log.js';

/** At least so long between two looks at the tables. */
const leastPauseMs = 1_000;
/** And longer when the tables are large: so long for each item looked at. */
const pauseMsPerItem = 1;

const noticePrefix = 'TTL#';
const todoPrefix = 'TODO#';

type Key = Readonly<Record<string, AttributeValue>>;

/**
 * The item whose removal by TTL an item of the todos table announces; undefined for items that announce nothing.
 *
 * @example `TTL#TODO#<id>` announces that `TODO#<id>` is removed by TTL.
 */
export function announcedBy(key: Key): Key | undefined {
  const itemKey = key['itemKey']?.S;
  return itemKey?.startsWith(noticePrefix) ? { ...key, itemKey: { S: itemKey.slice(noticePrefix.length) } } : undefined;
}

interface Expiry {
  readonly table: string;
  readonly attribute: string;
  readonly keys: readonly string[];
}

/**
 * Does what the TTL service does, for local servers that do not: deletes the items whose time has come.
 *
 * A delete of ours cannot carry the service's identity, which tells an expired todo from a deleted one. So, in the transaction that deletes a
 * todo, an item is put that announces it (`TTL#<itemKey>`, which expires at once): the stream then holds both or neither, and the stream pump
 * gives the removal the identity. Nothing needs to be remembered outside the table, so nothing is lost or archived twice by a kill at any point.
 *
 * Tables are scanned with a filter, which only does on a laptop; DynamoDB's own service does this at no cost.
 */
export class TtlSweeper {
  private expiries: readonly Expiry[] | undefined;

  constructor(
    private readonly client: DynamoDBClient,
    private readonly tables: Config['dynamodb']['tables'],
    private readonly log: Log,
    private readonly signal: AbortSignal,
  ) {}

  /** Sweeps until the signal. */
  async run(): Promise<void> {
    let failing = false;
    while (!this.signal.aborted) {
      let looked = 0;
      try {
        looked = await this.sweep();
        failing = false;
      } catch (error) {
        if (!failing && !this.signal.aborted) {
          this.log.warn('expired items cannot be deleted at the moment', { error: error as object });
        }
        failing = true;
      }
      await sleep(Math.max(leastPauseMs, pauseMsPerItem * looked), undefined, { signal: this.signal }).catch(() => undefined);
    }
  }

  /** Deletes what has expired by now, and returns how many items it looked at. */
  async sweep(): Promise<number> {
    this.expiries ??= await this.findExpiries();
    let looked = 0;
    for (const expiry of this.expiries) {
      let start: Key | undefined;
      do {
        const now = { N: String(Math.floor(Date.now() / 1000)) };
        const page = await this.client.send(
          new ScanCommand({
            TableName: expiry.table,
            FilterExpression: 'attribute_type(#expiry, :number) AND #expiry <= :now',
            ExpressionAttributeNames: { '#expiry': expiry.attribute },
            ExpressionAttributeValues: { ':now': now, ':number': { S: 'N' } },
            ExclusiveStartKey: start,
          }),
          { abortSignal: this.signal },
        );
        for (const item of page.Items ?? []) {
          await this.remove(expiry, item);
        }
        looked += page.ScannedCount ?? 0;
        start = page.LastEvaluatedKey;
      } while (start !== undefined && !this.signal.aborted);
    }
    return looked;
  }

  private async findExpiries(): Promise<Expiry[]> {
    const found: Expiry[] = [];
    for (const table of Object.values(this.tables)) {
      const { TimeToLiveDescription: ttl } = await this.client.send(new DescribeTimeToLiveCommand({ TableName: table }), { abortSignal: this.signal });
      if (ttl?.AttributeName !== undefined) {
        const { Table: description } = await this.client.send(new DescribeTableCommand({ TableName: table }), { abortSignal: this.signal });
        found.push({ table, attribute: ttl.AttributeName, keys: description?.KeySchema?.flatMap(({ AttributeName: name }) => name ?? []) ?? [] });
      }
    }
    return found;
  }

  private async remove({ table, attribute, keys }: Expiry, item: Record<string, AttributeValue>): Promise<void> {
    const key = Object.fromEntries(keys.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])));
    const expiry = item[attribute];
    if (expiry === undefined) {
      return;
    }
    // Someone may have written the item since it was read: a todo that was reopened is no longer due.
    const remove = {
      TableName: table,
      Key: key,
      ConditionExpression: '#expiry = :expiry',
      ExpressionAttributeNames: { '#expiry': attribute },
      ExpressionAttributeValues: { ':expiry': expiry },
    };
    try {
      const options = { abortSignal: this.signal };
      const itemKey = key['itemKey']?.S;
      if (table === this.tables.todos && itemKey?.startsWith(todoPrefix)) {
        const notice = { ...key, itemKey: { S: `${noticePrefix}${itemKey}` }, [attribute]: { N: String(Math.floor(Date.now() / 1000)) } };
        await this.client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: table, Item: notice } }, { Delete: remove }] }), options);
      } else {
        await this.client.send(new DeleteItemCommand(remove), options);
      }
    } catch (error) {
      // It was written meanwhile: if it still expires, the next sweep finds it.
      if (!(
        error instanceof Error && ['ConditionalCheckFailedException', 'TransactionCanceledException', 'TransactionConflictException'].includes(error.name)
      )) {
        throw error;
      }
    }
  }
}
