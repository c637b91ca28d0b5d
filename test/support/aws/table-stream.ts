import { DescribeStreamCommand, DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand, ListStreamsCommand } from '@aws-sdk/client-dynamodb-streams';

/** A table's stream from its beginning. */
export class TableStream {
  private readonly client: DynamoDBStreamsClient;
  /** Where to read on, by shard. */
  private readonly iterators = new Map<string, string | undefined>();

  constructor(
    endpoint: string,
    private readonly table: string,
  ) {
    this.client = new DynamoDBStreamsClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  }

  /** The records that have come since it was read last, as the event source mapping would bring them. */
  async readOn(): Promise<object[]> {
    const { Streams = [] } = await this.client.send(new ListStreamsCommand({ TableName: this.table }));
    const StreamArn = Streams[0]?.StreamArn;
    const { StreamDescription } = await this.client.send(new DescribeStreamCommand({ StreamArn }));
    const records: object[] = [];
    for (const { ShardId = '' } of StreamDescription?.Shards ?? []) {
      if (!this.iterators.has(ShardId)) {
        const { ShardIterator } = await this.client.send(new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }));
        this.iterators.set(ShardId, ShardIterator);
      }
      for (let count = 1; count > 0 && this.iterators.get(ShardId) !== undefined;) {
        const { Records = [], NextShardIterator } = await this.client.send(new GetRecordsCommand({ ShardIterator: this.iterators.get(ShardId) }));
        this.iterators.set(ShardId, NextShardIterator);
        count = Records.length;
        // Lambda gives times in seconds.
        records.push(
          ...Records.map(({ dynamodb, ...record }) => ({
            ...record,
            eventSourceARN: StreamArn,
            dynamodb: { ...dynamodb, ApproximateCreationDateTime: (dynamodb?.ApproximateCreationDateTime?.getTime() ?? 0) / 1000 },
          })),
        );
      }
    }
    return records;
  }

  close(): void {
    this.client.destroy();
  }
}

/** All records of a table's stream. */
export async function readTableStream(endpoint: string, table: string): Promise<object[]> {
  const stream = new TableStream(endpoint, table);
  try {
    return await stream.readOn();
  } finally {
    stream.close();
  }
}
