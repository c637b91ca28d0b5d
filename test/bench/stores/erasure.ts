import { randomUUID } from 'node:crypto';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { newId } from '../../../src/common/ids.js';
import { parseConfig } from '../../../src/config/config.js';
import { toItem } from '../../../src/features/todos/persistence/todo-items.js';
import { type UserItemKey, todoKey } from '../../../src/features/todos/persistence/todo-keys.js';
import { newTodo, type TodoContent } from '../../../src/features/todos/todos.js';
import { provisionTables } from '../../../src/local/stores/provision-tables.js';
import { DynamoDb } from '../../../src/platform/dynamodb/dynamodb.js';
import { purgePartition } from '../../../src/platform/dynamodb/purge.js';
import type { BenchOptions } from '../bench-options.js';
import type { Section } from '../report.js';
import type { Stage } from '../stage.js';

/** What the outbox function keeps of its minute for an erasure. */
const runSeconds = 48;
const partitionMb = 170;
const batchSize = 25;
const batchesAtOnce = 4;

/** The largest todo there can be: 85 kB. */
const largest: TodoContent = {
  title: '😀'.repeat(200),
  description: '😀'.repeat(10_000),
  status: 'open',
  priority: 'normal',
  due: '2030-12-31',
  tags: Array.from({ length: 20 }, (_, turn) => String.fromCodePoint(0x1f600 + turn).repeat(50)),
  checklist: Array.from({ length: 50 }, () => ({ title: '😀'.repeat(200), done: false })),
};
const todoKb = 85;

interface Run {
  readonly name: string;
  readonly seconds: number;
  readonly mbPerSecond: number;
}

/** Erasing a user's partition of the largest todos, beside what the server takes for the deletions alone, of keys that are known. */
export async function measureErasure(stage: Stage, { quick, onProgress }: BenchOptions): Promise<Section> {
  const todos = quick ? 50 : 200;
  const runs: Run[] = [];
  const measured = async (
    name: string,
    table: string,
    erase: (userId: string, keys: readonly UserItemKey[], dynamodb: DynamoDb, table: string) => Promise<void>,
  ) => {
    const config = parseConfig({ ...stage.variables, DYNAMODB_TABLE_NAME: table, STORE_TIMEOUT_MS: '20000' });
    await provisionTables(config);
    const dynamodb = new DynamoDb(config);
    try {
      const userId = randomUUID();
      const keys = await fill(dynamodb, table, userId, todos);
      const started = performance.now();
      await erase(userId, keys, dynamodb, table);
      const seconds = (performance.now() - started) / 1000;
      runs.push({ name, seconds, mbPerSecond: (todos * todoKb) / 1000 / seconds });
      onProgress(`erasure: ${name}, ${seconds.toFixed(1)} s`);
    } finally {
      dynamodb.onApplicationShutdown();
    }
  };
  await measured('deletions alone', 'bench-erasure-bare', async (_, keys, dynamodb, table) => deleteAll(dynamodb, table, keys));
  await measured('duet', 'bench-erasure-duet', async (userId, _, dynamodb, table) =>
    purgePartition(dynamodb, { table, partition: { userId }, sortKey: 'itemKey', checkpoint: async () => {} }),
  );
  return {
    name: 'erasure',
    title: `Erasing a partition of ${((todos * todoKb) / 1000).toFixed(0)} MB`,
    columns: ['run', 'seconds', 'MB a second', `runs of ${runSeconds} s for ${partitionMb} MB`],
    rows: runs.map(({ name, seconds, mbPerSecond }) => [name, seconds.toFixed(1), mbPerSecond.toFixed(2), (partitionMb / mbPerSecond / runSeconds).toFixed(1)]),
    notes: ['DynamoDB takes 1,000 write units a second of one partition, which is 1 MB: 170 MB need four runs whatever is done.'],
    verdicts: [],
    figures: runs,
  };
}

async function fill(dynamodb: DynamoDb, table: string, userId: string, count: number): Promise<UserItemKey[]> {
  const todos = Array.from({ length: count }, () => newTodo({ ...newId(), userId }, largest));
  for (let start = 0; start < count; start += batchSize) {
    const requests = todos.slice(start, start + batchSize).map((todo, index) => ({ PutRequest: { Item: { ...toItem(todo, 90, start + index + 1) } } }));
    await dynamodb.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
  }
  return todos.map(({ id }) => todoKey(userId, id));
}

async function deleteAll(dynamodb: DynamoDb, table: string, keys: readonly UserItemKey[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(keys.length / batchSize) }, (_, index) => keys.slice(index * batchSize, (index + 1) * batchSize));
  await Promise.all(
    Array.from({ length: batchesAtOnce }, async () => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        await dynamodb.send(new BatchWriteCommand({ RequestItems: { [table]: batch.map((Key) => ({ DeleteRequest: { Key } })) } }));
      }
    }),
  );
}
