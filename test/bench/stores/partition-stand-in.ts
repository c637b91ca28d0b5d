import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { AwsError } from '../../support/aws/aws-error.js';
import { listenOnLoopback, type LoopbackServer } from '../../support/loopback.js';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html: what one partition writes, in units a second. */
const unitsPerSecond = 1_000;
/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html: what one page reads, in bytes of whole items, whatever is asked of them. */
const pageBytes = 2 ** 20;

type WireKey = Readonly<Record<string, { readonly S: string }>>;

/** One partition, of which nothing is kept but keys. */
export interface StoredPartition {
  readonly sortKey: string;
  /** In the order of the sort key. */
  readonly keys: readonly Readonly<Record<string, string>>[];
  readonly itemBytes: number;
  /** What an item's deletion costs in the table's indexes, in units. */
  readonly indexUnits: number;
}

/**
 * DynamoDB's Query and BatchWriteItem over one partition, at the pace of AWS: a page ends after 1 MB, and a second writes 1,000 units. What is
 * beyond them is left unprocessed; a batch of which nothing is done is refused, as AWS does.
 */
export async function startPartition({ sortKey, keys, itemBytes, indexUnits }: StoredPartition): Promise<LoopbackServer & { readonly left: () => number }> {
  const items = new Map(keys.map((key) => [key[sortKey] ?? '', key]));
  const cost = Math.ceil(itemBytes / 1024) + indexUnits;
  let units = unitsPerSecond;
  let countedAt = performance.now();
  const take = (): boolean => {
    const now = performance.now();
    units = Math.min(unitsPerSecond, units + ((now - countedAt) / 1000) * unitsPerSecond);
    countedAt = now;
    if (units < cost) {
      return false;
    }
    units -= cost;
    return true;
  };

  const query = ({ Limit, ExclusiveStartKey }: { Limit: number; ExclusiveStartKey?: WireKey }): object => {
    const after = ExclusiveStartKey?.[sortKey]?.S ?? '';
    const room = Math.min(Limit, Math.floor(pageBytes / itemBytes));
    const page: WireKey[] = [];
    for (const [sort, key] of items) {
      if (page.length > room) break;
      if (sort > after) page.push(Object.fromEntries(Object.entries(key).map(([name, value]) => [name, { S: value }])));
    }
    const shown = page.slice(0, room);
    return { Items: shown, Count: shown.length, ScannedCount: shown.length, ...(page.length > room && { LastEvaluatedKey: shown.at(-1) }) };
  };
  const write = ({ RequestItems }: { RequestItems: Record<string, { DeleteRequest: { Key: WireKey } }[]> }): object => {
    const [[table, requests] = ['', []]] = Object.entries(RequestItems);
    const rest = requests.filter(({ DeleteRequest: { Key } }) => !take() || (items.delete(Key[sortKey]?.S ?? ''), false));
    if (rest.length === requests.length) {
      throw new AwsError(400, 'ProvisionedThroughputExceededException', 'The level of configured provisioned throughput for the table was exceeded.');
    }
    return { UnprocessedItems: rest.length === 0 ? {} : { [table]: rest } };
  };

  const server = createServer((request, response) => {
    void (async () => {
      const input = JSON.parse(await text(request)) as never;
      const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
      const headers = { 'content-type': 'application/x-amz-json-1.0' };
      try {
        const answer = JSON.stringify(operation === 'Query' ? query(input) : write(input));
        response.writeHead(200, headers).end(answer);
      } catch (error) {
        const { status, code, message } = error as AwsError;
        response.writeHead(status, headers).end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}`, message }));
      }
    })();
  });
  server.keepAliveTimeout = 0;
  return { ...(await listenOnLoopback(server)), left: () => items.size };
}
