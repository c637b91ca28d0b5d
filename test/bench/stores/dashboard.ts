import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient, type KeySchemaElement } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { parseConfig } from '../../../src/config/config.js';
import { countAttribute, toItem } from '../../../src/features/todos/persistence/todo-items.js';
import { newTodo, type Todo, type TodoStatus } from '../../../src/features/todos/todos.js';
import { startEmbeddedDynamoDb } from '../../../src/local/stores/embedded-dynamodb.js';
import { Guardian } from '../../../src/local/processes/guardian.js';
import { provisionTables } from '../../../src/local/stores/provision-tables.js';
import { listKey } from '../../../src/features/todos/persistence/todo-keys.js';
import { LambdaEnvironment } from '../../support/lambda-runtime/lambda-environment.js';
import { startWireProxy } from '../../support/faults/wire-proxy.js';
import type { BenchOptions, Contestants } from '../bench-options.js';
import { atMost, type Section, withInterval } from '../report.js';
import { type HttpResult, type Stage, withEnvironment } from '../stage.js';
import { estimateRatio, median, quantile } from '../statistics.js';

/** As many overdue todos in both, so that nothing but the size of the list is between them. */
const overdue = 150;

/**
 * `GET /dashboard/{id}` of someone with two hundred todos and of someone with a hundred thousand, in turn, in the same environment; and what one
 * of each reads.
 */
export async function measureDashboard(stage: Stage, contestants: Contestants, { quick, onProgress }: BenchOptions): Promise<Section> {
  const sizes = [200, quick ? 5_000 : 100_000];
  const calls = quick ? 150 : 500;
  const dataDir = await mkdtemp(join(tmpdir(), 'duet-bench-dashboard-'));
  // A server of its own, whose todos table has no stream: Dynoxide's has no index, and so many writes would slow down everything.
  const guardian = new Guardian();
  guardian.removeFolder(dataDir);
  const dynamodb = await startEmbeddedDynamoDb({ dataDir, guardian });
  let units = 0;
  const proxy = await startWireProxy(dynamodb.endpoint, async ({ input }, forward) => {
    const { ConsumedCapacity: consumed = [] } = (await forward({ ...input, ReturnConsumedCapacity: 'TOTAL' })) as { ConsumedCapacity?: Consumed | Consumed[] };
    units += [consumed].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
  });
  try {
    const table = await createTodosTable(dynamodb.endpoint, stage);
    await provisionTables(parseConfig({ ...stage.variables, DYNAMODB_ENDPOINT: dynamodb.endpoint }));
    const people: { readonly todos: number; readonly userId: string }[] = [];
    for (const todos of sizes) {
      const userId = await stage.register(`dashboard-${todos}@example.com`);
      await loadTodos({ endpoint: dynamodb.endpoint, table, userId, todos, overdue, onProgress });
      people.push({ todos, userId });
    }
    const { node, client } = stage;
    const runIn = async <T>(endpoint: string, use: (look: (userId: string, todos: number) => Promise<number>) => Promise<T>): Promise<T> =>
      withEnvironment(
        await LambdaEnvironment.start({ folder: contestants.duet, variables: { ...stage.variables, DYNAMODB_ENDPOINT: endpoint }, node, client }),
        async (environment) =>
          use(async (userId, todos) => {
            const { result, ms } = await environment.outcomeOf(stage.eventOf(userId, { method: 'GET', path: `/dashboard/${userId}` }));
            assertDashboard(result as HttpResult, todos);
            return ms;
          }),
      );
    const times = await runIn(dynamodb.endpoint, async (look) => {
      const measured = people.map((): number[] => []);
      for (let call = -50; call < calls; call++) {
        for (const [at, { userId, todos }] of people.entries()) {
          const ms = await look(userId, todos);
          if (call >= 0) {
            measured[at]?.push(ms);
          }
        }
      }
      return measured;
    });
    const readUnits = await runIn(proxy.endpoint, async (look) => {
      const measured: number[] = [];
      for (const { userId, todos } of people) {
        units = 0;
        await look(userId, todos);
        measured.push(units);
      }
      return measured;
    });
    const rows = people.map(({ todos }, at) => ({ todos, times: times[at] ?? [], readUnits: readUnits[at] ?? 0 }));
    const ratio = estimateRatio(times[1] ?? [], times[0] ?? []);
    return {
      name: 'dashboard',
      title: `GET /dashboard/{id}, milliseconds; ${calls} calls each`,
      columns: ['todos', 'of them overdue', 'p50', 'p99', `by at ${sizes[0]}`, 'read units'],
      rows: rows.map(({ todos, times: of, readUnits: read }, at) => [
        String(todos),
        String(overdue),
        median(of).toFixed(2),
        quantile(of, 0.99).toFixed(2),
        at === 0 ? '' : withInterval(ratio),
        String(read),
      ]),
      notes: [
        'Todos that are overdue or due today are counted to 100: a look reads 101 entries of the index at most for each.',
        ...(quick ? ['At 100,000 todos without --quick.'] : []),
      ],
      verdicts: [atMost(`dashboard at ${rows[1]?.todos.toLocaleString('en-US')} todos, by at ${sizes[0]}`, ratio, 1.1)],
      figures: rows.map(({ todos, times: of, readUnits: read }) => ({ todos, overdue, p50: median(of), p99: quantile(of, 0.99), readUnits: read })),
    };
  } finally {
    await proxy.stop();
    await dynamodb.stop();
    await rm(dataDir, { recursive: true, force: true });
    await guardian.release();
  }
}

interface Consumed {
  readonly CapacityUnits?: number;
}

function assertDashboard({ statusCode, body }: HttpResult, todos: number): void {
  const answer = JSON.parse(body) as { todos: { total: number; overdue: number } };
  if (statusCode !== 200 || answer.todos.total !== todos || answer.todos.overdue !== 100) {
    throw new Error(`The dashboard of ${todos} todos answered ${statusCode}: ${body}`);
  }
}

const client = (endpoint: string) =>
  new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: { requestTimeout: 30_000 },
  });

async function createTodosTable(endpoint: string, { variables }: Stage): Promise<string> {
  const TableName = parseConfig(variables).dynamodb.tables.todos;
  const key = (sort: string): KeySchemaElement[] => [
    { AttributeName: 'userId', KeyType: 'HASH' },
    { AttributeName: sort, KeyType: 'RANGE' },
  ];
  const dynamodb = client(endpoint);
  await dynamodb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['userId', 'itemKey', 'dueKey', 'revisionKey'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: key('itemKey'),
      LocalSecondaryIndexes: (
        [
          ['byDue', 'dueKey'],
          ['byRevision', 'revisionKey'],
        ] as const
      ).map(([IndexName, sort]) => ({
        IndexName,
        KeySchema: key(sort),
        Projection: { ProjectionType: 'KEYS_ONLY' as const },
      })),
    }),
  );
  dynamodb.destroy();
  return TableName;
}

interface Load {
  readonly endpoint: string;
  readonly table: string;
  readonly userId: string;
  readonly todos: number;
  readonly overdue: number;
  readonly onProgress: (line: string) => void;
}

/** BatchWriteItem's own limit. */
const itemsPerBatch = 25;
const batchesAtOnce = 4;

/**
 * Writes todos and their aggregate as the service would have: of ten, four are done and six active, these with a due date, so that all
 * dashboards show as many todos and differ in what lies behind them.
 */
async function loadTodos({ endpoint, table, userId, todos, overdue, onProgress }: Load): Promise<void> {
  const now = Date.now();
  const counts = { open: 0, inProgress: 0, done: 0 };
  const dynamodb = client(endpoint);
  const makeItem = (at: number) => {
    const todo = makeTodo({ userId, at, isOverdue: at < overdue, createdAt: now - (todos - at) * 60_000 });
    counts[countAttribute[todo.status]] += 1;
    return marshall(toItem(todo, 90, at + 1));
  };
  let next = 0;
  let written = 0;
  const write = async () => {
    while (next < todos) {
      const from = next;
      next = Math.min(todos, next + itemsPerBatch);
      const batch = Array.from({ length: next - from }, (_, offset) => ({ PutRequest: { Item: makeItem(from + offset) } }));
      await dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [table]: batch } }));
      written += batch.length;
      if (written % 20_000 === 0) {
        onProgress(`dashboard: ${written} todos written`);
      }
    }
  };
  await Promise.all(Array.from({ length: batchesAtOnce }, write));
  await dynamodb.send(
    new BatchWriteItemCommand({ RequestItems: { [table]: [{ PutRequest: { Item: marshall({ ...listKey(userId), ...counts, archived: 0 }) } }] } }),
  );
  dynamodb.destroy();
}

const dayMs = 86_400_000;

function makeTodo({ userId, at, isOverdue, createdAt }: { userId: string; at: number; isOverdue: boolean; createdAt: number }): Todo {
  const status: TodoStatus = isOverdue
    ? 'open'
    : ((['open', 'done', 'in_progress', 'open', 'done', 'open', 'done', 'in_progress', 'open', 'done'] as const)[at % 10] ?? 'open');
  const due = isOverdue ? new Date(createdAt - dayMs) : status === 'done' ? null : new Date(createdAt + 400 * dayMs);
  return newTodo(
    { id: timeOrderedId(createdAt, at), createdAt: new Date(createdAt).toISOString(), userId },
    {
      title: `Todo ${at}`,
      description: 'Something that is to be done, said in a sentence of a usual length.',
      status,
      priority: 'normal',
      due: due?.toISOString() ?? null,
      tags: ['bench'],
      checklist: [],
    },
  );
}

/** A UUIDv7 of this time (RFC 9562, section 5.7), numbered instead of random. */
function timeOrderedId(ms: number, number: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
}
