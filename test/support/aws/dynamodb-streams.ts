import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type Image = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A change as a stream has it. */
export interface StreamChange {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly keys: Image;
  readonly newImage?: Image;
  readonly oldImage?: Image;
}

/**
 * A stand-in for DynamoDB Streams over AWS JSON 1.0, for what a local server never does: split a shard, trim it, let an iterator expire. Of DynamoDB
 * itself it knows as much as it takes to find a table's stream; nothing expires in it.
 */
export interface StreamsStandIn {
  readonly endpoint: string;
  /** The calls so far: the operation, and the shard or the table it was for. */
  readonly calls: readonly string[];
  /** Adds an open shard to a table's stream; its parent, if it has one, is closed. */
  openShard(table: string, shard: string, parent?: string): void;
  /** Adds a record to a shard, open or not; returns its sequence number. */
  append(table: string, shard: string, change: StreamChange): string;
  /** Forgets a shard's records up to and including this sequence number, as happens to what is 24 hours old. */
  trim(table: string, shard: string, upTo: string): void;
  /** Forgets a whole shard. */
  dropShard(table: string, shard: string): void;
  /** All iterators handed out so far have expired, as they do after 15 minutes. */
  expireIterators(): void;
  /** Resets every connection and refuses new ones, until {@link start}. Iterators do not survive it. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

interface StoredRecord {
  readonly sequence: bigint;
  readonly wire: object;
}

interface StoredShard {
  readonly id: string;
  readonly parent: string | undefined;
  readonly records: StoredRecord[];
  readonly first: bigint;
  /** The last sequence number that was trimmed. */
  trimmed: bigint;
  closed: boolean;
}

/** Where an iterator stands: the next record is the first after this sequence number. */
interface Iterator {
  readonly shard: StoredShard;
  readonly after: bigint;
}

class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** So few shards a page that a stream of three has two. */
const shardsAPage = 2;

/** Starts the stand-in on a free loopback port; the named tables have a stream without shards. */
export async function startDynamoDbStreams(tables: readonly string[]): Promise<StreamsStandIn> {
  const standIn = new DynamoDbStreams(tables);
  await standIn.start();
  return standIn;
}

class DynamoDbStreams implements StreamsStandIn {
  readonly calls: string[] = [];
  private port = 0;
  private server: Server | undefined;
  private sequence = 100_000_000_000_000_000_000n;
  private readonly shards: ReadonlyMap<string, StoredShard[]>;
  private iterators = new Map<string, Iterator>();
  private expired = new Set<string>();

  constructor(tables: readonly string[]) {
    this.shards = new Map(tables.map((table) => [table, []]));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  openShard(table: string, shard: string, parent?: string): void {
    if (parent !== undefined) {
      this.shard(table, parent).closed = true;
    }
    this.sequence += 1n;
    // No order is promised: the newest first is what a reader that trusts the order gets wrong.
    this.ofTable(table).unshift({ id: shard, parent, records: [], first: this.sequence, trimmed: 0n, closed: false });
  }

  append(table: string, shard: string, { eventName, keys, newImage, oldImage }: StreamChange): string {
    this.sequence += 1n;
    const SequenceNumber = String(this.sequence);
    this.shard(table, shard).records.push({
      sequence: this.sequence,
      wire: {
        eventID: randomUUID().replaceAll('-', ''),
        eventName,
        eventVersion: '1.1',
        eventSource: 'aws:dynamodb',
        awsRegion: 'us-east-1',
        dynamodb: {
          ApproximateCreationDateTime: Math.floor(Date.now() / 1000),
          Keys: keys,
          NewImage: newImage,
          OldImage: oldImage,
          SequenceNumber,
          SizeBytes: JSON.stringify({ newImage, oldImage }).length,
          StreamViewType: 'NEW_AND_OLD_IMAGES',
        },
      },
    });
    return SequenceNumber;
  }

  trim(table: string, shard: string, upTo: string): void {
    const { records } = this.shard(table, shard);
    this.shard(table, shard).trimmed = BigInt(upTo);
    records.splice(0, records.filter(({ sequence }) => sequence <= BigInt(upTo)).length);
  }

  dropShard(table: string, shard: string): void {
    this.ofTable(table).splice(this.ofTable(table).indexOf(this.shard(table, shard)), 1);
  }

  expireIterators(): void {
    this.expired = new Set([...this.expired, ...this.iterators.keys()]);
    this.iterators = new Map();
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.answer(request).then(
        (answer) => reply(response, 200, answer),
        (error: unknown) => {
          const known = error instanceof AwsError;
          const type = known ? error.code : 'InternalServerError';
          reply(response, known ? 400 : 500, { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: (error as Error).message });
        },
      );
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    this.expireIterators();
    if (server !== undefined) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
  }

  private async answer(request: IncomingMessage): Promise<object> {
    const body = await text(request);
    if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=')) {
      throw new AwsError('MissingAuthenticationTokenException', 'Request must contain a valid (registered) AWS Access Key ID.');
    }
    const target = String(request.headers['x-amz-target']);
    const input = JSON.parse(body) as Record<string, never>;
    switch (request.headers['content-type'] === 'application/x-amz-json-1.0' ? target : '') {
      case 'DynamoDB_20120810.DescribeTable':
        return this.describeTable(input['TableName'] ?? '');
      case 'DynamoDB_20120810.DescribeTimeToLive':
        return { TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } };
      case 'DynamoDBStreams_20120810.DescribeStream':
        return this.describeStream(input);
      case 'DynamoDBStreams_20120810.GetShardIterator':
        return this.getShardIterator(input);
      case 'DynamoDBStreams_20120810.GetRecords':
        return this.getRecords(input);
      default:
        throw new AwsError('UnknownOperationException', `Not an operation of this stand-in: ${target}`);
    }
  }

  private describeTable(table: string): object {
    this.calls.push(`DescribeTable ${table}`);
    this.ofTable(table);
    return { Table: { TableName: table, TableStatus: 'ACTIVE', LatestStreamArn: arnOf(table), StreamSpecification: { StreamEnabled: true } } };
  }

  private describeStream({ StreamArn: arn = '', ExclusiveStartShardId: start }: { StreamArn?: string; ExclusiveStartShardId?: string }): object {
    const shards = this.ofTable(tableOf(arn));
    this.calls.push(`DescribeStream ${tableOf(arn)}`);
    const from = start === undefined ? 0 : shards.findIndex(({ id }) => id === start) + 1;
    const page = shards.slice(from, from + shardsAPage);
    return {
      StreamDescription: {
        StreamArn: arn,
        StreamStatus: 'ENABLED',
        StreamViewType: 'NEW_AND_OLD_IMAGES',
        TableName: tableOf(arn),
        Shards: page.map(({ id, parent, first, records, closed }) => ({
          ShardId: id,
          ParentShardId: parent,
          SequenceNumberRange: { StartingSequenceNumber: String(first), ...(closed && { EndingSequenceNumber: String(records.at(-1)?.sequence ?? first) }) },
        })),
        ...(from + page.length < shards.length && { LastEvaluatedShardId: page.at(-1)?.id }),
      },
    };
  }

  private getShardIterator({
    StreamArn: arn = '',
    ShardId: id = '',
    ShardIteratorType: type,
    SequenceNumber: number,
  }: Record<string, string | undefined>): object {
    this.calls.push(`GetShardIterator ${id} ${type}`);
    const shard = this.shard(tableOf(arn), id);
    const after = type === 'TRIM_HORIZON' ? shard.trimmed : type === 'AFTER_SEQUENCE_NUMBER' ? BigInt(number ?? 'x') : undefined;
    if (after === undefined) {
      throw new AwsError('ValidationException', `Not an iterator type of this stand-in: ${type}`);
    }
    return { ShardIterator: this.iteratorAt(shard, after) };
  }

  private getRecords({ ShardIterator: text = '', Limit: limit = 1_000 }: { ShardIterator?: string; Limit?: number }): object {
    const iterator = this.iterators.get(text);
    this.calls.push(`GetRecords ${iterator?.shard.id ?? '?'}`);
    if (this.expired.has(text)) {
      throw new AwsError('ExpiredIteratorException', 'Shard iterator has expired.');
    }
    if (iterator === undefined) {
      throw new AwsError('ValidationException', 'Invalid ShardIterator.');
    }
    const { shard, after } = iterator;
    assertNotTrimmed(shard, after);
    const records = shard.records.filter(({ sequence }) => sequence > after).slice(0, limit);
    const last = records.at(-1)?.sequence ?? after;
    const ended = shard.closed && !shard.records.some(({ sequence }) => sequence > last);
    return { Records: records.map(({ wire }) => wire), ...(!ended && { NextShardIterator: this.iteratorAt(shard, last) }) };
  }

  private iteratorAt(shard: StoredShard, after: bigint): string {
    assertNotTrimmed(shard, after);
    const text = `arn:aws:dynamodb|1|${randomUUID()}`;
    this.iterators.set(text, { shard, after });
    return text;
  }

  private ofTable(table: string): StoredShard[] {
    const shards = this.shards.get(table);
    if (shards === undefined) {
      throw new AwsError('ResourceNotFoundException', `Requested resource not found: Table: ${table} not found`);
    }
    return shards;
  }

  private shard(table: string, id: string): StoredShard {
    const shard = this.ofTable(table).find((one) => one.id === id);
    if (shard === undefined) {
      throw new AwsError('ResourceNotFoundException', `Requested resource not found: Shard: ${id} not found`);
    }
    return shard;
  }
}

function assertNotTrimmed({ trimmed }: StoredShard, after: bigint): void {
  if (after < trimmed) {
    throw new AwsError('TrimmedDataAccessException', 'The operation attempted to read past the oldest stream record in a shard.');
  }
}

const arnOf = (table: string): string => `arn:aws:dynamodb:us-east-1:000000000000:table/${table}/stream/2026-11-21T00:00:00.000`;
const tableOf = (arn: string): string => arn.split('/')[1] ?? '';

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0', 'x-amzn-RequestId': randomUUID() }).end(JSON.stringify(body));
}
