import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  type _Record,
  type AttributeValue,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ResourceNotFoundException,
  type Shard,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import type { StreamHandler } from '../../features/streams/stream-handler.js';
import type { Log } from '../../platform/observability/log.js';
import { toLambdaRecord } from './lambda-record.js';
import type { ShardPosition, StreamCheckpoint } from './stream-checkpoint.js';
import { announcedBy } from './ttl-sweeper.js';

/** As many records as Lambda hands over at a time by default. */
const batchSize = 100;
/** Between two looks when there was nothing: soon after something, and later and later while nothing happens. */
const minIdleMs = 200;
const maxIdleMs = 500;
/** Reading may take one part in so many of the time: the embedded server searches all it ever recorded. Of so many reads the fastest counts. */
const idleFactor = 10;
const readsCompared = 5;
/** Between two tries of a batch, or of a server that does not answer. */
const minBackoffMs = 200;
const maxBackoffMs = 5_000;
/** How often to look for new shards when none has ended. */
const rediscoverMs = 30_000;

interface Dependencies {
  readonly client: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  readonly handler: Pick<StreamHandler, 'handle'>;
  readonly checkpoint: StreamCheckpoint;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The handler asked for a batch again. */
class BatchFailed extends Error {}

const nothingDone: ShardPosition = { expiring: [], ended: false };

/**
 * Pumps one table's stream, shard by shard, parents before their children. At least once: a batch is delivered again, with backoff, until the handler reports
 * no failure; the checkpoint moves only past what is done.
 */
export class TablePump {
  private stream: { readonly arn: string; readonly shards: readonly Shard[]; readonly foundAt: number } | undefined;
  private readonly iterators = new Map<string, string>();

  constructor(
    private readonly table: string,
    private readonly dependencies: Dependencies,
  ) {}

  async run(): Promise<void> {
    let idleMs = minIdleMs;
    let backoffMs = minBackoffMs;
    let readMs: number[] = [];
    while (!this.dependencies.signal.aborted) {
      const startedAt = performance.now();
      try {
        const moved = await this.turn();
        backoffMs = minBackoffMs;
        if (moved) {
          idleMs = minIdleMs;
        } else {
          readMs = [...readMs.slice(1 - readsCompared), performance.now() - startedAt];
          await this.pause(Math.max(idleMs, readMs.length === readsCompared ? idleFactor * Math.min(...readMs) : 0));
          idleMs = Math.min(maxIdleMs, idleMs * 1.5);
        }
      } catch (error) {
        this.iterators.clear();
        // The handler has logged why; for a server that is away, one line is enough.
        if (!(error instanceof BatchFailed) && !this.dependencies.signal.aborted) {
          this.stream = undefined;
          if (backoffMs === minBackoffMs) {
            this.dependencies.log.warn('a table’s stream cannot be read at the moment', { table: this.table, error: error as object });
          }
        }
        await this.pause(backoffMs);
        backoffMs = Math.min(maxBackoffMs, backoffMs * 2);
      }
    }
  }

  /** Reads each shard that is due once, and returns whether any had records. */
  private async turn(): Promise<boolean> {
    const { checkpoint } = this.dependencies;
    if (this.stream === undefined || performance.now() - this.stream.foundAt > rediscoverMs) {
      this.stream = await this.findStream();
      await checkpoint.keepOnly(
        this.stream.arn,
        this.stream.shards.flatMap(({ ShardId: id }) => id ?? []),
      );
    }
    const { arn, shards } = this.stream;
    const hasEnded = (id: string | undefined): boolean => id !== undefined && checkpoint.position(arn, id)?.ended === true;
    const ids = new Set(shards.map(({ ShardId: id }) => id));
    let moved = false;
    for (const { ShardId: id, ParentShardId: parent } of shards) {
      const parentIsDone = parent === undefined || !ids.has(parent) || hasEnded(parent);
      if (id !== undefined && !hasEnded(id) && parentIsDone && !this.dependencies.signal.aborted) {
        moved = (await this.pumpShard(arn, id)) || moved;
      }
    }
    return moved;
  }

  private async pumpShard(arn: string, shard: string): Promise<boolean> {
    const { checkpoint, streams, signal, log } = this.dependencies;
    const position = checkpoint.position(arn, shard) ?? nothingDone;
    try {
      const iterator = this.iterators.get(shard) ?? (await this.iteratorFrom(arn, shard, position));
      const { Records: records = [], NextShardIterator: next } = await streams.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: batchSize }), {
        abortSignal: signal,
      });
      if (records.length > 0) {
        await this.deliver(arn, shard, position, records);
      }
      if (next === undefined) {
        await checkpoint.advance(arn, shard, { ...(checkpoint.position(arn, shard) ?? nothingDone), ended: true });
        this.stream = undefined;
      } else {
        this.iterators.set(shard, next);
      }
      return records.length > 0;
    } catch (error) {
      if (error instanceof TrimmedDataAccessException) {
        log.error('the stream no longer holds what follows the checkpoint: events between are lost; going on from the oldest record there is', {
          table: this.table,
          shard,
          after: position.after,
        });
        // What was announced before may still be removed behind the gap, and is then archived, not deleted.
        await checkpoint.advance(arn, shard, { ...nothingDone, expiring: checkpoint.position(arn, shard)?.expiring ?? [] });
        this.iterators.delete(shard);
        return true;
      }
      if (error instanceof ExpiredIteratorException) {
        this.iterators.delete(shard);
        return true;
      }
      throw error;
    }
  }

  /** Hands a batch to the handler and moves the checkpoint past what is done. @throws BatchFailed when some of it is to be delivered again. */
  private async deliver(arn: string, shard: string, { after, expiring: announced }: ShardPosition, records: readonly _Record[]): Promise<void> {
    const notices = records.map((record) => [record, announcedBy(record.dynamodb?.Keys ?? {})] as const);
    // A notice that goes (it expires, too) announces nothing.
    const news = notices.flatMap(([{ eventName }, item]) => (item === undefined || eventName === 'REMOVE' ? [] : nameOf(item)));
    const expiring = new Set([...announced, ...news]);
    const batch = notices
      .filter(([, item]) => item === undefined)
      .map(([record]) => toLambdaRecord(record, arn, record.eventName === 'REMOVE' && expiring.has(nameOf(record.dynamodb?.Keys ?? {}))));
    const { batchItemFailures: failures } = batch.length === 0 ? { batchItemFailures: [] } : await this.dependencies.handler.handle({ Records: batch });
    // As Lambda does: from the lowest failed record on.
    const failed = records.findIndex(({ dynamodb }) => failures.some(({ itemIdentifier }) => itemIdentifier === dynamodb?.SequenceNumber));
    const done = failures.length === 0 ? records : records.slice(0, Math.max(0, failed));
    for (const { eventName, dynamodb } of done) {
      if (eventName === 'REMOVE') {
        expiring.delete(nameOf(dynamodb?.Keys ?? {}));
      }
    }
    await this.dependencies.checkpoint.advance(arn, shard, { after: done.at(-1)?.dynamodb?.SequenceNumber ?? after, expiring: [...expiring], ended: false });
    if (failures.length > 0) {
      throw new BatchFailed();
    }
  }

  private async iteratorFrom(arn: string, shard: string, { after }: ShardPosition): Promise<string | undefined> {
    const { streams, signal } = this.dependencies;
    const from =
      after === undefined ? ({ ShardIteratorType: 'TRIM_HORIZON' } as const) : ({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after } as const);
    const { ShardIterator: iterator } = await streams.send(new GetShardIteratorCommand({ StreamArn: arn, ShardId: shard, ...from }), { abortSignal: signal });
    return iterator;
  }

  private async findStream(): Promise<NonNullable<typeof this.stream>> {
    const { client, streams, signal } = this.dependencies;
    const { Table: table } = await client.send(new DescribeTableCommand({ TableName: this.table }), { abortSignal: signal });
    const arn = table?.LatestStreamArn;
    if (arn === undefined) {
      throw new ResourceNotFoundException({ message: `The table ${this.table} has no stream`, $metadata: {} });
    }
    const shards: Shard[] = [];
    let start: string | undefined;
    do {
      const { StreamDescription: page } = await streams.send(new DescribeStreamCommand({ StreamArn: arn, ExclusiveStartShardId: start }), {
        abortSignal: signal,
      });
      shards.push(...(page?.Shards ?? []));
      start = page?.LastEvaluatedShardId;
    } while (start !== undefined);
    return { arn, shards, foundAt: performance.now() };
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.dependencies.signal }).catch(() => undefined);
  }
}

/** An item's name: its key, whatever the order of the attributes. */
function nameOf(key: Readonly<Record<string, AttributeValue>>): string {
  return JSON.stringify(Object.entries(key).sort(([left], [right]) => (left < right ? -1 : 1)));
}
