import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { AwsError } from './aws-error.js';
import { eventually } from '../eventually.js';
import { listenOnLoopback } from '../loopback.js';

/** An event as the bus has taken it. */
export interface ReceivedEvent {
  /** Given by the bus, as EventBridge does: another at every delivery. */
  readonly eventId: string;
  readonly source: string;
  readonly detailType: string;
  readonly busName: string;
  readonly time: string | undefined;
  // Tests read into details freely; their assertions are the check.
  // eslint-disable-next-line typescript/no-explicit-any
  readonly detail: any;
}

/** How a call is to go wrong. */
export type BusFailure =
  /** Refused whole: by an AWS error code with its HTTP status. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }
  /** Answered 200, with these entries (by position) failed. */
  | { readonly kind: 'entries'; readonly failed: readonly number[]; readonly code?: string; readonly message?: string }
  /** Taken, and the connection cut before the reply. */
  | { readonly kind: 'lose-reply' }
  /** Never answered. */
  | { readonly kind: 'hang' }
  /** Nothing is taken, and the answer is this text, with status 200. */
  | { readonly kind: 'malformed'; readonly body: string };

/** A stand-in for EventBridge: PutEvents over AWS JSON 1.1, validated as AWS does. */
export interface EventBridgeStandIn {
  readonly endpoint: string;
  /** What was accepted, in order. */
  readonly events: readonly ReceivedEvent[];
  /** How many entries each call brought, in order, refused calls included. */
  readonly calls: readonly number[];
  /** The next `times` calls fail in this way; failures asked for one after another come one after another. */
  failNext(failure: BusFailure, times?: number): void;
  /** From now on all is well. */
  recover(): void;
  /** Waits until `count` accepted events pass the filter; throws after `timeoutMs`. */
  waitFor(count: number, filter?: (event: ReceivedEvent) => boolean, timeoutMs?: number): Promise<ReceivedEvent[]>;
  stop(): Promise<void>;
}

interface WireEntry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly EventBusName?: string;
  readonly Time?: number;
  readonly Resources?: readonly string[];
}

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const maxEntries = 10;
const sizeLimit = 1024 * 1024;
const maxDepth = 1_000;
const integerLimit = 2n ** 63n;

/** Starts the stand-in on a free loopback port. */
export async function startEventBridge(): Promise<EventBridgeStandIn> {
  const events: ReceivedEvent[] = [];
  const calls: number[] = [];
  let failures: BusFailure[] = [];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const entries = entriesOf(request, await text(request));
    calls.push(entries.length);
    const failure = failures.shift();
    switch (failure?.kind) {
      case 'hang':
        return;
      case 'malformed':
        return reply(response, 200, failure.body);
      case 'refuse':
        throw new AwsError(failure.status, failure.code, 'Refused by the test');
      case 'lose-reply':
        events.push(...take(entries).accepted);
        request.socket.destroy();
        return;
      case 'entries':
      case undefined: {
        const { results, accepted } = take(entries, failure);
        events.push(...accepted);
        return reply(response, 200, JSON.stringify({ FailedEntryCount: results.filter(({ ErrorCode }) => ErrorCode !== undefined).length, Entries: results }));
      }
      default:
        return failure satisfies never;
    }
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const { status, code, message } = error instanceof AwsError ? error : new AwsError(500, 'InternalException', String(error));
      reply(response, status, JSON.stringify({ __type: code, message }));
    });
  });
  const { url: endpoint, stop } = await listenOnLoopback(server);
  return {
    endpoint,
    events,
    calls,
    failNext: (failure, times = 1) => void failures.push(...Array.from({ length: times }, () => failure)),
    recover: () => {
      failures = [];
    },
    waitFor: async (count, filter = () => true, timeoutMs = 10_000) =>
      eventually(
        () => {
          const found = events.filter(filter);
          return found.length >= count ? found : undefined;
        },
        { timeoutMs, what: `the bus has ${count} events` },
      ),
    stop,
  };
}

function entriesOf(request: IncomingMessage, body: string): WireEntry[] {
  if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=')) {
    throw new AwsError(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  if (
    request.method !== 'POST' ||
    request.headers['content-type'] !== 'application/x-amz-json-1.1' ||
    request.headers['x-amz-target'] !== 'AWSEvents.PutEvents'
  ) {
    throw new AwsError(400, 'UnknownOperationException', `Not PutEvents over AWS JSON 1.1: ${String(request.headers['x-amz-target'])}`);
  }
  const { Entries: entries } = parse(body) as { Entries?: WireEntry[] };
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > maxEntries) {
    throw new AwsError(400, 'ValidationException', `Value at 'entries' failed to satisfy constraint: Member must have length between 1 and ${maxEntries}`);
  }
  if (entries.reduce((total, entry) => total + sizeOf(entry), 0) >= sizeLimit) {
    throw new AwsError(400, 'ValidationException', 'Total size of the entries in the request is over the limit.');
  }
  return entries;
}

// Two pages of AWS count differently; this is as strict as either: the fields of the entry (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size),
// and the whole event with "any necessary characters and keys of the JSON representation" (the reference of PutEvents).
function sizeOf({ Source = '', DetailType = '', Detail = '', Time, Resources = [] }: WireEntry): number {
  const fields = (Time === undefined ? 0 : 14) + [Source, DetailType, Detail, ...Resources].reduce((total, text) => total + Buffer.byteLength(text), 0);
  const envelope = {
    version: '0',
    id: randomUUID(),
    'detail-type': DetailType,
    source: Source,
    account: '123456789012',
    time: new Date(0),
    region: 'ap-southeast-2',
  };
  const event = Buffer.byteLength(JSON.stringify({ ...envelope, resources: Resources })) + Buffer.byteLength(`,"detail":${Detail}`);
  return Math.max(fields, event);
}

/** Whether JSON nests deeper, or has larger integers, than PutEvents takes. */
function isBeyondLimits(json: string): boolean {
  const outsideStrings = json.replaceAll(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '""');
  let depth = 0;
  for (const bracket of outsideStrings.replaceAll(/[^[\]{}]/g, '')) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > maxDepth) return true;
  }
  const integers = outsideStrings.match(/(?<![\d.eE+-])-?\d+(?![\d.eE])/g) ?? [];
  return integers.some((integer) => BigInt(integer) >= integerLimit || BigInt(integer) < -integerLimit);
}

type EntryResult = { EventId?: string; ErrorCode?: string; ErrorMessage?: string };

function take(entries: readonly WireEntry[], failure?: Extract<BusFailure, { kind: 'entries' }>): { results: EntryResult[]; accepted: ReceivedEvent[] } {
  const accepted: ReceivedEvent[] = [];
  const results = entries.map((entry, index): EntryResult => {
    if (failure?.failed.includes(index)) {
      return { ErrorCode: failure.code ?? 'ThrottlingException', ErrorMessage: failure.message ?? 'Failed by the test' };
    }
    for (const name of ['Source', 'DetailType', 'Detail'] as const) {
      if (!entry[name]) return { ErrorCode: 'InvalidArgument', ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.` };
    }
    const detail = parse(entry.Detail ?? '');
    if (typeof detail !== 'object' || detail === null || Array.isArray(detail) || isBeyondLimits(entry.Detail ?? '')) {
      return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    }
    const eventId = randomUUID();
    accepted.push({
      eventId,
      source: entry.Source ?? '',
      detailType: entry.DetailType ?? '',
      busName: entry.EventBusName ?? 'default',
      // AWS JSON 1.1 carries times as seconds since the epoch.
      time: entry.Time === undefined ? undefined : new Date(entry.Time * 1000).toISOString(),
      detail,
    });
    return { EventId: eventId };
  });
  return { results, accepted };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1', 'x-amzn-RequestId': randomUUID() }).end(body);
}
