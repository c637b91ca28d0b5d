import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { EventBridgeClient, PutEventsRequestEntry, PutEventsResultEntry } from '@aws-sdk/client-eventbridge';
import { AppConfig } from '../../config/config.module.js';
import { isLoopback } from '../../config/config.js';

/** An event as the bus takes it; `detail` is the JSON text of an object. */
export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  readonly detail: string;
  readonly time: Date;
}

/** What became of one entry. Refused for good: sending the same again can never help. */
export type EntryOutcome = { readonly accepted: true } | { readonly accepted: false; readonly permanent: boolean; readonly reason: string };

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html: at most 10 entries a call. */
export const mostEntries = 10;
/** The limit for one entry, and for those of one call together. */
export const mostBytes = 256 * 1024;

const tryTimeoutMs = 1_500;
/** How long one call may take with its retries. A batch is a call, so 10 entries are answered within it. */
const callTimeoutMs = 4_000;

/** What an entry counts against {@link mostBytes} (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html): 14 bytes for the time, and each text in UTF-8. */
export function entrySize({ source, detailType, detail }: BusEntry): number {
  return 14 + Buffer.byteLength(source) + Buffer.byteLength(detailType) + Buffer.byteLength(detail);
}

/** Splits entries, in order, into what single calls can carry. Each must fit by itself. */
export function batchesOf<T extends BusEntry>(entries: readonly T[]): T[][] {
  const batches: T[][] = [];
  let room = 0;
  for (const entry of entries) {
    const size = entrySize(entry);
    const last = batches.at(-1);
    if (last === undefined || last.length === mostEntries || size > room) {
      batches.push([entry]);
      room = mostBytes - size;
    } else {
      last.push(entry);
      room -= size;
    }
  }
  return batches;
}

/** The one door to EventBridge: batches, bounded time, and an outcome for each entry. The client is loaded on first use: few cold starts publish. */
@Injectable()
export class EventBridge implements OnApplicationShutdown {
  private client: Promise<EventBridgeClient> | undefined;

  constructor(private readonly config: AppConfig) {}

  /** Puts entries on the configured bus, in order; tells what became of each, and never throws for what the bus does. */
  async put(entries: readonly BusEntry[]): Promise<EntryOutcome[]> {
    const outcomes = new Map<BusEntry, EntryOutcome>();
    for (const entry of entries) {
      if (entrySize(entry) > mostBytes) {
        outcomes.set(entry, { accepted: false, permanent: true, reason: `The event is ${entrySize(entry)} bytes large; EventBridge takes ${mostBytes}` });
      }
    }
    for (const batch of batchesOf(entries.filter((entry) => !outcomes.has(entry)))) {
      const answers = await this.putBatch(batch);
      for (const [index, entry] of batch.entries()) {
        outcomes.set(entry, answers[index] ?? failed('No outcome'));
      }
    }
    return entries.map((entry) => outcomes.get(entry) ?? failed('No outcome'));
  }

  async onApplicationShutdown(): Promise<void> {
    (await this.client?.catch(() => undefined))?.destroy();
  }

  private async putBatch(batch: readonly BusEntry[]): Promise<EntryOutcome[]> {
    const { busName } = this.config.get('events', { infer: true });
    const wire = batch.map(({ source, detailType, detail, time }): PutEventsRequestEntry => ({
      EventBusName: busName,
      Source: source,
      DetailType: detailType,
      Detail: detail,
      Time: time,
    }));
    try {
      const [{ PutEventsCommand }, client] = await Promise.all([import('./client.js'), this.open()]);
      const answer: unknown = await client.send(new PutEventsCommand({ Entries: wire }), { abortSignal: AbortSignal.timeout(callTimeoutMs) });
      return outcomesOf(answer, batch.length);
    } catch (error) {
      return batch.map(() => failed(`PutEvents failed: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`));
    }
  }

  private async open(): Promise<EventBridgeClient> {
    return (this.client ??= this.load());
  }

  private async load(): Promise<EventBridgeClient> {
    const { EventBridgeClient } = await import('./client.js');
    const { endpoint } = this.config.get('events', { infer: true });
    return new EventBridgeClient({
      region: this.config.get('region', { infer: true }),
      endpoint,
      // A stand-in on this machine checks no signature, yet the SDK refuses to run without credentials.
      ...(endpoint !== undefined && isLoopback(new URL(endpoint).hostname) && { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
      // A retry after a lost reply may publish twice. That is within the promise, at least once: the id in the detail is the same.
      // Two tries ride out a passing error; longer outages are the callers' (outbox backoff, stream redelivery), not ours to sit out.
      maxAttempts: 2,
      requestHandler: { connectionTimeout: 700, requestTimeout: tryTimeoutMs, throwOnRequestTimeout: true },
    });
  }
}

// Those that speak of the entry itself; the others (throttling, internal failure, missing rights) pass or can be mended.
const permanentCodes = new Set(['InvalidArgument', 'MalformedDetail']);

/** Reads an answer entry by entry. One that does not add up tells of no entry: all of the call count as failed, and are sent again. */
export function outcomesOf(answer: unknown, sent: number): EntryOutcome[] {
  const { Entries: entries, FailedEntryCount: failures } = (answer ?? {}) as { Entries?: unknown; FailedEntryCount?: unknown };
  if (!Array.isArray(entries) || entries.length !== sent) {
    return Array.from({ length: sent }, () => failed(`PutEvents answered ${Array.isArray(entries) ? entries.length : 'no'} entries for ${sent}`));
  }
  const outcomes = entries.map(outcomeOf);
  const refused = outcomes.filter(({ accepted }) => !accepted).length;
  return refused === (failures ?? 0) ? outcomes : outcomes.map(() => failed(`PutEvents counted ${String(failures)} failed entries and showed ${refused}`));
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
