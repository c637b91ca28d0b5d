import { randomUUID } from 'node:crypto';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { newId } from '../../../src/common/ids.js';
import { type Config, parseConfig } from '../../../src/config/config.js';
import { toItem } from '../../../src/features/todos/persistence/todo-items.js';
import { type UserItemKey, todoKey } from '../../../src/features/todos/persistence/todo-keys.js';
import { newTodo, type TodoContent } from '../../../src/features/todos/todos.js';
import { provisionTables } from '../../../src/local/stores/provision-tables.js';
import { DynamoDb } from '../../../src/platform/dynamodb/dynamodb.js';
import { purgePartition } from '../../../src/platform/dynamodb/purge.js';
import type { BenchOptions } from '../bench-options.js';
import type { Section } from '../report.js';
import type { Stage } from '../stage.js';
import { startPartition } from './partition-stand-in.js';

/** What the outbox function has of its minute for an erasure. */
const runSeconds = 48;
const batchSize = 25;
const batchesAtOnce = 4;
/** `byDue` and `byRevision`, which hold keys. */
const indexUnits = 2;

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
  readonly megabytes: number;
  readonly seconds: number;
  /** Runs of the outbox function. */
  readonly runs: number;
}

/** Throws out of an erasure whose run has no time left. */
class TimeUp extends Error {}

/**
 * Erasing a user's partition of the largest todos in runs as long as the outbox function's: at the embedded server beside what that takes for the
 * deletions alone, of keys that are known, and `megabytes` of them at a stand-in that has DynamoDB's pace and holds keys only. In a partition of 170 MB
 * the embedded server takes more than 20 s for a batch of deletions, and DynamoDB Local for one of writes.
 */
export async function measureErasure(stage: Stage, { quick, onProgress }: BenchOptions, megabytes?: number): Promise<Section> {
  const atServer = quick ? 50 : 200;
  const atPace = megabytes === undefined ? atServer : Math.round((megabytes * 1000) / todoKb);
  const runs: Run[] = [];
  const measured = async (name: string, todos: number, erase: () => Promise<number>) => {
    const started = performance.now();
    const count = await erase();
    const seconds = (performance.now() - started) / 1000;
    runs.push({ name, megabytes: (todos * todoKb) / 1000, seconds, runs: count });
    onProgress(`erasure: ${name}, ${seconds.toFixed(1)} s`);
  };
  const reach = (table: string, endpoint = stage.variables['DYNAMODB_ENDPOINT']) =>
    parseConfig({ ...stage.variables, DYNAMODB_TABLE_NAME: table, STORE_TIMEOUT_MS: '20000', DYNAMODB_ENDPOINT: endpoint });

  const onServer = async (name: string, table: string, erase: (dynamodb: DynamoDb, userId: string, keys: readonly UserItemKey[]) => Promise<number>) => {
    const config = reach(table);
    await provisionTables(config);
    await withDynamoDb(config, async (dynamodb) => {
      const userId = randomUUID();
      const keys = await fill(dynamodb, table, userId, atServer);
      await measured(name, atServer, async () => erase(dynamodb, userId, keys));
    });
  };
  await onServer('deletions alone', 'bench-erasure-bare', async (dynamodb, _, keys) => deleteAll(dynamodb, 'bench-erasure-bare', keys));
  await onServer('duet', 'bench-erasure-duet', async (dynamodb, userId) => eraseInRuns(dynamodb, 'bench-erasure-duet', userId));

  const userId = randomUUID();
  const keys = Array.from({ length: atPace }, () => ({ ...todoKey(userId, newId().id) })).toSorted((left, right) => (left.itemKey < right.itemKey ? -1 : 1));
  const partition = await startPartition({ sortKey: 'itemKey', keys, itemBytes: todoKb * 1000, indexUnits });
  try {
    await withDynamoDb(reach('bench-erasure-pace', partition.url), async (dynamodb) =>
      measured('duet, at DynamoDB’s pace', atPace, async () => eraseInRuns(dynamodb, 'bench-erasure-pace', userId)),
    );
  } finally {
    await partition.stop();
  }
  return {
    name: 'erasure',
    title: 'Erasing the largest todos of one user',
    columns: ['run', 'MB', 'seconds', 'MB a second', `runs of ${runSeconds} s`],
    rows: runs.map((run) => [run.name, run.megabytes.toFixed(0), run.seconds.toFixed(1), (run.megabytes / run.seconds).toFixed(2), String(run.runs)]),
    notes: [
      'DynamoDB’s pace is 1,000 write units a second of one partition, at a stand-in that holds keys and leaves unprocessed what is beyond it;',
      '--megabytes says how much is erased there (170: three minutes).',
    ],
    verdicts: [],
    figures: runs,
  };
}

async function withDynamoDb(config: Config, work: (dynamodb: DynamoDb) => Promise<void>): Promise<void> {
  const dynamodb = new DynamoDb(config);
  try {
    await work(dynamodb);
  } finally {
    dynamodb.onApplicationShutdown();
  }
}

/** As the outbox function does: until it is done, or the run's time is up and the next one goes on. */
async function eraseInRuns(dynamodb: DynamoDb, table: string, userId: string): Promise<number> {
  for (let runs = 1; ; runs += 1) {
    const until = performance.now() + runSeconds * 1000;
    const checkpoint = async () => {
      if (performance.now() >= until) {
        throw new TimeUp();
      }
    };
    try {
      await purgePartition(dynamodb, { table, partition: { userId }, sortKey: 'itemKey', checkpoint });
      return runs;
    } catch (error) {
      if (!(error instanceof TimeUp)) {
        throw error;
      }
    }
  }
}

async function fill(dynamodb: DynamoDb, table: string, userId: string, count: number): Promise<UserItemKey[]> {
  const todos = Array.from({ length: count }, () => newTodo({ ...newId(), userId }, largest));
  for (let start = 0; start < count; start += batchSize) {
    const requests = todos.slice(start, start + batchSize).map((todo, index) => ({ PutRequest: { Item: { ...toItem(todo, 90, start + index + 1) } } }));
    await dynamodb.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
  }
  return todos.map(({ id }) => todoKey(userId, id));
}

async function deleteAll(dynamodb: DynamoDb, table: string, keys: readonly UserItemKey[]): Promise<number> {
  const started = performance.now();
  const batches = Array.from({ length: Math.ceil(keys.length / batchSize) }, (_, index) => keys.slice(index * batchSize, (index + 1) * batchSize));
  await Promise.all(
    Array.from({ length: batchesAtOnce }, async () => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        await dynamodb.send(new BatchWriteCommand({ RequestItems: { [table]: batch.map((Key) => ({ DeleteRequest: { Key } })) } }));
      }
    }),
  );
  return Math.ceil((performance.now() - started) / 1000 / runSeconds);
}
