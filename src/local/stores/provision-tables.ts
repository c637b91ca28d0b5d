import { readFile } from 'node:fs/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  type StreamViewType,
  DescribeTableCommand,
  type TableClass,
  type TableDescription,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { Config } from '../../config/config.js';
import { ownEndpoint } from '../../platform/aws/client-options.js';
import { LocalStoreError } from '../errors/local-store-error.js';
import type { OnProgress } from '../processes/processes.js';

// Shared with Terraform; the path is the same from src and from dist.
const definitionsFile = new URL('../../../infra/tables.json', import.meta.url);

/** One table of infra/tables.json. All key attributes are strings. */
interface TableDefinition {
  readonly partitionKey: string;
  readonly sortKey?: string;
  readonly localIndexes?: Readonly<Record<string, { readonly sortKey: string; readonly projection: 'ALL' | 'KEYS_ONLY' }>>;
  /** The attribute that holds an item's expiry, in seconds since 1970. */
  readonly ttl?: string;
  readonly stream?: StreamViewType;
  readonly tableClass: TableClass;
}

/**
 * Creates the tables of infra/tables.json that are missing, under the configured names, and waits until they can be
 * used. Can be repeated, and run by several at once; never changes a table's keys.
 */
export async function provisionTables(config: Config, onProgress: OnProgress = () => undefined): Promise<void> {
  const definitions = JSON.parse(await readFile(definitionsFile, 'utf8')) as Record<keyof Config['dynamodb']['tables'], TableDefinition>;
  const client = new DynamoDBClient({
    region: config.region,
    ...(config.dynamodb.endpoint !== undefined && ownEndpoint(config.dynamodb.endpoint)),
  });
  try {
    await Promise.all(
      Object.entries(config.dynamodb.tables).map(async ([room, name]) => {
        const definition = definitions[room as keyof typeof definitions];
        if (await createIfMissing(client, name, definition)) {
          onProgress(`DynamoDB table ${name} created`);
        }
        await enableExpiry(client, name, definition);
      }),
    );
  } finally {
    client.destroy();
  }
}

async function createIfMissing(client: DynamoDBClient, name: string, definition: TableDefinition): Promise<boolean> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    if (Table?.TableStatus === 'ACTIVE') {
      assertIndexes(Table, definition);
      return false;
    }
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) {
      throw error;
    }
  }
  let created = true;
  try {
    await client.send(new CreateTableCommand(toCreateTable(name, definition)));
  } catch (error) {
    // It is being created, by another start or by Terraform.
    if (!(error instanceof ResourceInUseException)) {
      throw error;
    }
    created = false;
  }
  await waitUntilTableExists({ client, minDelay: 1, maxDelay: 2, maxWaitTime: 60 }, { TableName: name });
  return created;
}

// A local secondary index can only be made with its table.
function assertIndexes({ TableName: name, LocalSecondaryIndexes: present = [] }: TableDescription, { localIndexes = {} }: TableDefinition): void {
  const fits = Object.entries(localIndexes).every(([index, { sortKey, projection }]) =>
    present.some(
      ({ IndexName, KeySchema, Projection }) => IndexName === index && KeySchema?.at(1)?.AttributeName === sortKey && Projection?.ProjectionType === projection,
    ),
  );
  if (!fits) {
    throw new LocalStoreError(
      `the DynamoDB table ${name} was made by an earlier version of Duet and lacks an index, which cannot be added to it: start with another DUET_DATA_DIR or ` +
        'another DYNAMODB_TABLE_NAME; what is in the table stays there',
    );
  }
}

function toCreateTable(name: string, definition: TableDefinition): CreateTableCommandInput {
  const { partitionKey, sortKey, localIndexes = {}, stream, tableClass } = definition;
  const keys = (sort?: string): CreateTableCommandInput['KeySchema'] => [
    { AttributeName: partitionKey, KeyType: 'HASH' },
    ...(sort === undefined ? [] : [{ AttributeName: sort, KeyType: 'RANGE' as const }]),
  ];
  const indexes = Object.entries(localIndexes);
  const attributes = new Set([partitionKey, ...(sortKey === undefined ? [] : [sortKey]), ...indexes.map(([, index]) => index.sortKey)]);
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    TableClass: tableClass,
    AttributeDefinitions: [...attributes].map((attribute) => ({ AttributeName: attribute, AttributeType: 'S' as const })),
    KeySchema: keys(sortKey),
    // DynamoDB refuses an empty list.
    ...(indexes.length === 0
      ? {}
      : {
          LocalSecondaryIndexes: indexes.map(([index, { sortKey: sort, projection }]) => ({
            IndexName: index,
            KeySchema: keys(sort),
            Projection: { ProjectionType: projection },
          })),
        }),
    ...(stream === undefined ? {} : { StreamSpecification: { StreamEnabled: true, StreamViewType: stream } }),
  };
}

async function enableExpiry(client: DynamoDBClient, name: string, { ttl }: TableDefinition): Promise<void> {
  if (ttl === undefined) {
    return;
  }
  // Looking first: DynamoDB refuses to enable what is enabled.
  const { TimeToLiveDescription: current } = await client.send(new DescribeTimeToLiveCommand({ TableName: name }));
  if (current?.TimeToLiveStatus === 'ENABLED' || current?.TimeToLiveStatus === 'ENABLING') {
    return;
  }
  try {
    await client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: { Enabled: true, AttributeName: ttl } }));
  } catch (error) {
    // Another start was faster.
    if (!(error instanceof Error && error.name === 'ValidationException' && /already enabled/i.test(error.message))) {
      throw error;
    }
  }
}
