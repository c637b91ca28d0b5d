import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient, type KeySchemaElement, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { parseConfig } from '../../src/config/config.js';
import { settlingMs } from '../../src/features/todos/overdue-memo.js';
import { countAttribute, toItem } from '../../src/features/todos/persistence/todo-items.js';
import { newTodo, type Todo, type TodoStatus } from '../../src/features/todos/todos.js';
import { startEmbeddedDynamoDb } from '../../src/local/stores/embedded-dynamodb.js';
import { Guardian } from '../../src/local/stores/processes.js';
import { provisionTables } from '../../src/local/stores/provision-tables.js';
import { aggregateKey } from '../../src/platform/dynamodb/user-partition.js';
import { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import type { BenchOptions, Contestants } from './bench-options.js';
import { atMost, type Section, withInterval } from './report.js';
import { type HttpResult, type Stage, withEnvironment } from './stage.js';
import { estimateRatio, median, quantile } from './statistics.js';

const few = { todos: 10, overdue: 1 };
/** Few, and yet as many overdue as are counted: what is left between it and the largest is the size alone. */
const cluttered = { todos: 200, overdue: 150 };

interface Look {
  readonly size: { readonly todos: number; readonly overdue: number };
  readonly userId: string;
  /** What comes before it, and is not timed. */
  readonly prepare?: () => Promise<unknown>;
}

/**
 * `GET /dashboard/{id}` of someone with ten todos and of someone with a hundred thousand, in turn, in the same environment. More than a hundred
 * overdue todos are not counted again at every look; so what a look takes that does count them is measured as well, after the others.
 */
export async function measureDashboard(stage: Stage, contestants: Contestants, { quick, onProgress }: BenchOptions): Promise<Section> {
  const many = quick ? { todos: 5_000, overdue: 500 } : { todos: 100_000, overdue: 1_000 };
  const calls = quick ? 150 : 500;
  const dataDir = await mkdtemp(join(tmpdir(), 'duet-bench-dashboard-'));
  // A server of its own, whose todos table has no stream: Dynoxide's has no index, and so many writes would slow down everything.
  const guardian = new Guardian();
  guardian.removeFolder(dataDir);
  const dynamodb = await startEmbeddedDynamoDb({ dataDir, guardian });
  try {
    const variables = { ...stage.variables, DYNAMODB_ENDPOINT: dynamodb.endpoint };
    const table = await createTodosTable(dynamodb.endpoint, stage);
    await provisionTables(parseConfig(variables));
    const people = await Promise.all(
      [few, cluttered, many].map(async (size): Promise<Look> => ({ size, userId: await stage.register(`dashboard-${size.todos}@example.com`) })),
    );
    for (const { userId, size } of people) {
      await loadTodos({ endpoint: dynamodb.endpoint, table, userId, ...size, onProgress });
    }
    const { node, client } = stage;
    const { again, first } = await withEnvironment(
      await LambdaEnvironment.start({ folder: contestants.duet, variables, node, client }),
      async (environment) => {
        const inTurn = async (looks: readonly Look[], { warmUp, calls: count }: { warmUp: number; calls: number }) => {
          const measured = looks.map((): number[] => []);
          for (let call = -warmUp; call < count; call++) {
            for (const [at, { userId, size, prepare }] of looks.entries()) {
              await prepare?.();
              const { result, ms } = await environment.outcomeOf(stage.eventOf(userId, { method: 'GET', path: `/dashboard/${userId}` }));
              assertDashboard(result as HttpResult, size);
              if (call >= 0) {
                measured[at]?.push(ms);
              }
            }
          }
          return measured;
        };
        // A count is relied on only if it was made so long after a first look.
        await inTurn(people, { warmUp: 0, calls: 1 });
        await sleep(settlingMs);
        const [small, , large] = people as [Look, Look, Look];
        return {
          again: await inTurn(people, { warmUp: 50, calls }),
          first: await inTurn([small, { ...large, prepare: async () => moveDueRevision(dynamodb.endpoint, table, large.userId) }], { warmUp: 10, calls }),
        };
      },
    );
    const rows = [
      ...people.map(({ size }, at) => ({ size, look: 'again', times: again[at] ?? [], besideFew: again[0] ?? [] })),
      { size: many, look: 'first', times: first[1] ?? [], besideFew: first[0] ?? [] },
    ];
    const ratio = estimateRatio(again[2] ?? [], again[0] ?? []);
    return {
      name: 'dashboard',
      title: `GET /dashboard/{id}, milliseconds; ${calls} calls each`,
      columns: ['todos', 'of them overdue', 'look', 'p50', 'p99', `by at ${few.todos}`, `by at ${cluttered.todos}`],
      rows: rows.map(({ size, look, times, besideFew }) => [
        String(size.todos),
        String(size.overdue),
        look,
        median(times).toFixed(2),
        quantile(times, 0.99).toFixed(2),
        size === few ? '' : withInterval(estimateRatio(times, besideFew)),
        size === many && look === 'again' ? withInterval(estimateRatio(times, again[1] ?? [])) : '',
      ]),
      notes: [
        'A first look counts up to 101 overdue todos beside its other questions; the first after a change counts them behind the reading of LIST.',
        ...(quick ? ['At 100,000 todos without --quick.'] : []),
      ],
      verdicts: [atMost(`dashboard at ${many.todos.toLocaleString('en-US')} todos, by at ${few.todos}`, ratio, 1.1)],
      figures: rows.map(({ size, look, times }) => ({ ...size, look, p50: median(times), p99: quantile(times, 0.99) })),
    };
  } finally {
    await dynamodb.stop();
    await rm(dataDir, { recursive: true, force: true });
    await guardian.release();
  }
}

function assertDashboard({ statusCode, body }: HttpResult, { todos, overdue }: { todos: number; overdue: number }): void {
  const answer = JSON.parse(body) as { todos: { total: number; overdue: number } };
  if (statusCode !== 200 || answer.todos.total !== todos || answer.todos.overdue !== Math.min(overdue, 100)) {
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
      AttributeDefinitions: ['userId', 'itemKey', 'dueKey'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: key('itemKey'),
      LocalSecondaryIndexes: [{ IndexName: 'byDue', KeySchema: key('dueKey'), Projection: { ProjectionType: 'ALL' } }],
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
    return marshall(toItem(todo, 90));
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
    new BatchWriteItemCommand({ RequestItems: { [table]: [{ PutRequest: { Item: marshall({ ...aggregateKey(userId), ...counts, archived: 0 }) } }] } }),
  );
  dynamodb.destroy();
}

/** Makes the next look at the user's dashboard a first one, as any write does that changes what is due. */
async function moveDueRevision(endpoint: string, table: string, userId: string): Promise<void> {
  const dynamodb = client(endpoint);
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: table,
      Key: marshall(aggregateKey(userId)),
      UpdateExpression: 'ADD dueRevision :one',
      ExpressionAttributeValues: marshall({ ':one': 1 }),
    }),
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
      description: 'Something that is to be done, told in a sentence of a usual length.',
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
