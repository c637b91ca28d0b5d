import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { EventBridgeClient, PutEventsRequestEntry, PutEventsResultEntry } from '@aws-sdk/client-eventbridge';
import { memoize } from '../../common/async.js';
import { AppConfig } from '../../config/config.module.js';
import { awsClientOptions } from '../aws/client-options.js';

/** An event as the bus takes it; `detail` is the JSON text of an object. */
export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  readonly detail: string;
  readonly time: Date;
}

/** The outcome of one entry. Refused permanently: sending the same again can never help. */
export type EntryOutcome = { readonly accepted: true } | { readonly accepted: false; readonly permanent: boolean; readonly reason: string };

/** At most 10 entries a request: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
const maxEntries = 10;
/** An entry, and the entries of one request together, must be smaller than 1 MB. */
export const sizeLimit = 1024 * 1024;
/** For the keys, ids, account and region of the event that EventBridge makes of an entry: some 300 bytes. */
const envelopeBytes = 1024;

const timeouts = { connectMs: 700, tryMs: 1_500 };
/** How long one request may take with its retries. A batch is a request, so 10 entries are answered within it. */
const requestTimeoutMs = 4_000;

/**
 * The bytes of an entry against {@link sizeLimit}: 14 for the time, each text in UTF-8 as it is sent (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size), and the event's
 * envelope, because the reference of PutEvents counts "the event and any necessary characters and keys of the JSON representation".
 */
export function entrySize({ source, detailType, detail }: BusEntry): number {
  return 14 + Buffer.byteLength(source) + Buffer.byteLength(detailType) + Buffer.byteLength(detail) + envelopeBytes;
}

/** Splits entries, in order, into batches that single requests can carry. Each entry must fit by itself. */
export function toBatches<T extends BusEntry>(entries: readonly T[]): T[][] {
  const batches: T[][] = [];
  let batchSize = 0;
  for (const entry of entries) {
    const size = entrySize(entry);
    const last = batches.at(-1);
    if (last === undefined || last.length === maxEntries || batchSize + size >= sizeLimit) {
      batches.push([entry]);
      batchSize = size;
    } else {
      last.push(entry);
      batchSize += size;
    }
  }
  return batches;
}

/** EventBridge: batches, bounded time, and an outcome for each entry. The client is loaded on first use: few cold starts publish. */
@Injectable()
export class EventBridge implements OnApplicationShutdown {
  private client: EventBridgeClient | undefined;
  private readonly open = memoize(async () => (this.client = await this.load()));

  constructor(private readonly config: AppConfig) {}

  /** Puts entries on the configured bus, in order; gives the outcome of each, and never throws for what the bus does. */
  async put(entries: readonly BusEntry[]): Promise<EntryOutcome[]> {
    const outcomes = new Map<BusEntry, EntryOutcome>();
    for (const entry of entries) {
      if (entrySize(entry) >= sizeLimit) {
        outcomes.set(entry, refused(`The event has ${entrySize(entry)} bytes; EventBridge takes fewer than ${sizeLimit}`));
      }
    }
    for (const batch of toBatches(entries.filter((entry) => !outcomes.has(entry)))) {
      const answers = await this.putBatch(batch);
      for (const [index, entry] of batch.entries()) {
        outcomes.set(entry, answers[index] ?? failed('No outcome'));
      }
    }
    return entries.map((entry) => outcomes.get(entry) ?? failed('No outcome'));
  }

  onApplicationShutdown(): void {
    this.client?.destroy();
  }

  private async putBatch(batch: readonly BusEntry[]): Promise<EntryOutcome[]> {
    const { busName } = this.config.events;
    const wire = batch.map(({ source, detailType, detail, time }): PutEventsRequestEntry => ({
      EventBusName: busName,
      Source: source,
      DetailType: detailType,
      Detail: detail,
      Time: time,
    }));
    try {
      const [{ PutEventsCommand }, client] = await Promise.all([import('./client.js'), this.open()]);
      const answer: unknown = await client.send(new PutEventsCommand({ Entries: wire }), { abortSignal: AbortSignal.timeout(requestTimeoutMs) });
      return outcomesOf(answer, batch.length);
    } catch (error) {
      const { name, message } = error as Error;
      const reason = `PutEvents failed: ${name}: ${message}`;
      if (name !== 'ValidationException') {
        return batch.map(() => failed(reason));
      }
      // The request is refused because of one of its entries: alone, each other one is taken.
      return batch.length === 1 ? [refused(reason)] : (await Promise.all(batch.map(async (entry) => this.putBatch([entry])))).flat();
    }
  }

  private async load(): Promise<EventBridgeClient> {
    const { EventBridgeClient } = await import('./client.js');
    const { endpoint } = this.config.events;
    // A retry after a lost reply may publish twice. That is within the promise, at least once: the id in the detail is the same.
    // Two tries ride out a passing error; longer outages are the callers' (outbox backoff, stream redelivery).
    return new EventBridgeClient(awsClientOptions({ region: this.config.region, endpoint, timeouts, maxAttempts: 2 }));
  }
}

// Those about the entry itself; the others (throttling, internal failure, missing rights) pass or can be mended.
const permanentCodes = new Set(['InvalidArgument', 'MalformedDetail']);

/** Reads an answer entry by entry. One that is inconsistent says nothing about any entry: all count as failed, and are sent again. */
export function outcomesOf(answer: unknown, sent: number): EntryOutcome[] {
  const { Entries: entries, FailedEntryCount: failures } = (answer ?? {}) as { Entries?: unknown; FailedEntryCount?: unknown };
  if (!Array.isArray(entries) || entries.length !== sent) {
    return Array.from({ length: sent }, () => failed(`PutEvents answered ${Array.isArray(entries) ? entries.length : 'no'} entries for ${sent}`));
  }
  const outcomes = entries.map(outcomeOf);
  const shown = outcomes.filter(({ accepted }) => !accepted).length;
  return shown === (failures ?? 0) ? outcomes : outcomes.map(() => failed(`PutEvents counted ${String(failures)} failed entries and showed ${shown}`));
}

function outcomeOf(entry: PutEventsResultEntry | null): EntryOutcome {
  if (typeof entry?.EventId === 'string' && entry.EventId !== '' && !entry.ErrorCode) {
    return { accepted: true };
  }
  const code = entry?.ErrorCode ?? 'NoEventId';
  return { accepted: false, permanent: permanentCodes.has(code), reason: `EventBridge refused the entry: ${code} ${entry?.ErrorMessage ?? ''}`.trim() };
}

function failed(reason: string): EntryOutcome {
  return { accepted: false, permanent: false, reason };
}

function refused(reason: string): EntryOutcome {
  return { accepted: false, permanent: true, reason };
}
