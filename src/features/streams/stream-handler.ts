import { Injectable } from '@nestjs/common';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { AppConfig } from '../../config/config.module.js';
import { Log } from '../../platform/observability/log.js';
import { emitMetrics } from '../../platform/observability/metrics.js';
import { ArchiveService } from '../todos/archive.service.js';
import type { DomainEvent } from '../events/domain-event.js';
import { EventPublisher } from '../events/event-publisher.js';
import { type Change, StreamReader } from './stream-reader.js';

/** How many events are handed over at a time: as many as one PutEvents request takes. */
const mostTogether = 10;

/** An event on its way, and the record it came from. */
interface Pending {
  readonly record: DynamoDBRecord;
  readonly item: string;
  readonly event: DomainEvent;
}

/**
 * Publishes what the tables' streams tell, and archives the todos that TTL removes.
 *
 * Order: Lambda retries a batch from the lowest sequence number that is reported as failed
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html). So the first record that fails is reported, and nothing
 * behind those handed over with it is begun. Of one item, two events are never handed over together: an event is only ever published
 * after the one before it was. Other items' events may be published again, under the same ids.
 *
 * Records that can never be published (foreign or malformed ones, events that are too large) are set aside: they would otherwise hold up their
 * shard until it expires. They are logged with what it takes to read them again within the stream's 24 hours, and counted by the metric
 * `IsolatedStreamRecords`. The function's on-failure queue cannot take them: it is for batches that failed as a whole.
 */
@Injectable()
export class StreamHandler {
  private readonly reader: StreamReader;
  private readonly metricsNamespace: string | undefined;

  constructor(
    private readonly publisher: EventPublisher,
    private readonly archive: ArchiveService,
    private readonly log: Log,
    config: AppConfig,
  ) {
    this.reader = new StreamReader(config.dynamodb.tables, archive);
    this.metricsNamespace = config.lambda ? config.metrics.namespace : undefined;
  }

  /** Works off a batch, and returns the record from which on it is to be delivered again, if any. */
  async handle({ Records: records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
    let together: Pending[] = [];
    for (const record of records) {
      const change = this.read(record);
      if (change.kind === 'none') {
        continue;
      }
      if (together.length === mostTogether || together.some(({ item }) => item === change.item)) {
        const failed = await this.publish(together);
        if (failed !== undefined) {
          return retryFrom(failed);
        }
        together = [];
      }
      let event: DomainEvent;
      try {
        event = change.kind === 'event' ? change.event : await this.archiveExpired(change);
      } catch (error) {
        // The store is away, or refuses: it is tried again from here, as long as the event source does.
        this.log.warn('an expired todo could not be archived yet', { ...traceOf(record), error: error as object });
        return retryFrom((await this.publish(together)) ?? record);
      }
      together.push({ record, item: change.item, event });
    }
    const failed = await this.publish(together);
    return failed === undefined ? { batchItemFailures: [] } : retryFrom(failed);
  }

  private read(record: DynamoDBRecord): Change {
    try {
      return this.reader.read(record);
    } catch (error) {
      this.isolate('a stream record cannot be understood', { ...traceOf(record), error: error as object });
      return { kind: 'none' };
    }
  }

  /** The archive first, then the event: if we end between the two, the redelivered record archives nothing again and publishes the same event. */
  private async archiveExpired({ todo, removedAt, archived, deleted }: Extract<Change, { kind: 'expiry' }>): Promise<DomainEvent> {
    const outcome = await this.archive.archive(todo, removedAt);
    switch (outcome) {
      case 'archived':
      case 'archived_before':
        return archived;
      case 'owner_gone':
        // Its owner's erasure and TTL were about to remove it, and TTL was first.
        return deleted;
      default:
        return outcome satisfies never;
    }
  }

  /** Publishes events, and gives the record of the first that is to be tried again. */
  private async publish(pending: readonly Pending[]): Promise<DynamoDBRecord | undefined> {
    if (pending.length === 0) {
      return undefined;
    }
    const outcomes = await this.publisher.publish(pending.map(({ event }) => event));
    let first: Pending | undefined;
    for (const [index, one] of pending.entries()) {
      const outcome = outcomes[index] ?? { published: false, permanent: false, reason: 'the publisher did not say what became of it' };
      if (outcome.published) {
        continue;
      }
      const { reason } = outcome;
      if (outcome.permanent) {
        this.isolate('an event can never be published', { ...traceOf(one.record), event: one.event.name, eventId: one.event.detail.metadata.id, reason });
      } else if (first === undefined) {
        first = one;
        this.log.warn('an event could not be published yet', { ...traceOf(one.record), event: one.event.name, eventId: one.event.detail.metadata.id, reason });
      }
    }
    return first?.record;
  }

  private isolate(what: string, fields: Record<string, string | object | undefined>): void {
    this.log.error(what, fields);
    if (this.metricsNamespace !== undefined) {
      emitMetrics(this.metricsNamespace, [{ name: 'IsolatedStreamRecords', unit: 'count', value: 1 }]);
    }
  }
}

function retryFrom(record: DynamoDBRecord): DynamoDBBatchResponse {
  return { batchItemFailures: [{ itemIdentifier: record.dynamodb?.SequenceNumber ?? '' }] };
}

/** What it takes to find a record in its stream again; no keys or images, which tell of people. */
function traceOf(record: DynamoDBRecord | null | undefined): Record<string, string | undefined> {
  return { stream: record?.eventSourceARN, sequenceNumber: record?.dynamodb?.SequenceNumber, change: record?.eventName, eventID: record?.eventID };
}
