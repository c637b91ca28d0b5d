import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DeleteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { INestApplicationContext } from '@nestjs/common';
import type { DynamoDBRecord } from 'aws-lambda';
import { DuetError } from '../../../src/common/errors/errors.js';
import { createWorker } from '../../../src/create-worker.js';
import { StreamReader } from '../../../src/features/streams/stream-reader.js';
import { TodosCoreModule } from '../../../src/features/todos/todos-core.module.js';
import { TodosRepository } from '../../../src/features/todos/todos.repository.js';
import type { Todo } from '../../../src/features/todos/todos.js';
import { DynamoDbModule } from '../../../src/platform/dynamodb/dynamodb.module.js';
import { TableStream } from '../../support/aws/table-stream.js';
import { randomFrom } from '../../support/faults/fault-proxy.js';
import { startService, type TestService } from '../../support/service.js';
import { MemoryTodos, MemoryTodosTable } from './memory-todos.js';
import { decisionOf, drawSteps, type Step, stepsPerScene, todosPerUser, usersPerScene } from './todo-steps.js';

// Real: DynamoDB with its stream, but for TTL: the test deletes what is done. Seen failing: with a store in memory that forgets that a todo was deleted.

const seed = Number(process.env['DUET_HISTORIES_SEED'] ?? 20_261_126);
/** 20,000 are some minutes' work: `DUET_STEPS=20000 npm test -- test/histories/small-world/memory-todos`. */
const stepsInAll = Number(process.env['DUET_STEPS'] ?? 3_000);
/** Each scene is of users and todos of its own. */
const scenes = stepsInAll / stepsPerScene;
const scenesAtOnce = 16;

let service: TestService;
let worker: INestApplicationContext;
let stream: TableStream;
beforeAll(async () => {
  service = await startService();
  worker = await createWorker(service.config, [DynamoDbModule, TodosCoreModule]);
  stream = new TableStream(service.config.dynamodb.endpoint ?? '', service.config.dynamodb.tables.todos);
}, 120_000);
afterAll(async () => {
  stream?.close();
  await worker?.close();
  await service?.stop();
});

/** What a call came to. */
async function outcomeOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof DuetError) {
      return { refused: error.code };
    }
    throw error;
  }
}

/** One run of a scene's steps on both stores, for users that were never there before. */
class Scene {
  readonly users = Array.from({ length: usersPerScene }, () => randomUUID() as string);
  private readonly real = worker.get(TodosRepository);
  private readonly table = new MemoryTodosTable(service.config.dynamodb.tables.todos);
  private readonly memory = new MemoryTodos(this.table);
  /** The latest id of each todo. */
  private readonly ids = this.users.map(() => Array.from({ length: todosPerUser }, () => randomUUID() as string));
  private readonly removed = this.users.map((): Todo[] => []);
  private clock = Date.now();

  /** The first difference; null when there is none. */
  async play(steps: readonly Step[]): Promise<object | null> {
    for (const [number, step] of steps.entries()) {
      this.clock += 1_000;
      const [inDynamoDb, inMemory] = await this.take(step);
      if (!isDeepStrictEqual(inDynamoDb, inMemory)) {
        return { number, step, inDynamoDb, inMemory };
      }
    }
    const stored = await Promise.all(this.users.map(async (user) => this.storedOf(user)));
    const remembered = this.users.map((user) => [this.table.of(user).listed, this.table.of(user).archived].map((todos) => [...todos.keys()].sort()));
    return isDeepStrictEqual(stored, remembered) ? null : { afterwards: { inDynamoDb: stored, inMemory: remembered } };
  }

  /** What readers of the stream learn of each todo, in order. */
  learned(records: readonly object[] | undefined): unknown {
    // TTL signs its records; the test deletes without a signature.
    const signed = (record: DynamoDBRecord): DynamoDBRecord => {
      const old = record.dynamodb?.OldImage;
      const byTtl = this.removed.flat().some(({ id, version }) => old?.['itemKey']?.S === `TODO#${id}` && old['version']?.N === String(version));
      return byTtl && record.eventName === 'REMOVE' ? { ...record, userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } } : record;
    };
    const reader = new StreamReader(service.config.dynamodb.tables, records === undefined ? this.memory : this.real);
    const byItem = new Map<string, unknown[]>();
    for (const record of (records as DynamoDBRecord[] | undefined)?.map(signed) ?? this.table.stream) {
      const change = reader.read(record);
      if (change.kind !== 'none') {
        const event = change.kind === 'event' ? change.event : change.archived;
        const { version } = event.detail.data as Todo;
        byItem.set(change.item, [...(byItem.get(change.item) ?? []), [change.kind, event.name, event.detail.metadata.id, version]]);
      }
    }
    return [...byItem].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  private async take(step: Step): Promise<[unknown, unknown]> {
    const both = async (call: (todos: TodosRepository) => Promise<unknown>): Promise<[unknown, unknown]> => [
      await outcomeOf(async () => call(this.real)),
      await outcomeOf(async () => call(this.memory)),
    ];
    const userId = this.users[step.user] as string;
    const ids = this.ids[step.user] as string[];
    const removed = this.removed[step.user] as Todo[];
    const at = new Date(this.clock);
    switch (step.op) {
      case 'find':
        return both(async (todos) => todos.find(userId, ids[step.todo] as string));
      case 'write': {
        const news = step.operations.map(({ op, todo }) => (op === 'create' ? randomUUID() : (ids[todo] as string)));
        const keyed = step.key === undefined ? undefined : { key: `key-${step.key}`, fingerprint: step.operations.length % 2 === 0 ? 'even' : 'odd' };
        const decide = decisionOf(step.operations, news, userId, at.toISOString());
        const outcomes = await both(async (todos) => todos.write({ userId, ids: news, keyed }, decide));
        const isDone = typeof outcomes[1] === 'object' && outcomes[1] !== null && 'replayed' in outcomes[1] && outcomes[1].replayed === false;
        step.operations.forEach(({ todo }, index) => (ids[todo] = isDone ? (news[index] as string) : (ids[todo] as string)));
        return outcomes;
      }
      case 'expire': {
        const todo = this.table.of(userId).listed.get(ids[step.todo] as string);
        if (todo?.status === 'done') {
          this.table.expire(todo);
          removed.push(todo);
          await service.truth.dynamodb.send(
            new DeleteCommand({ TableName: service.config.dynamodb.tables.todos, Key: { userId, itemKey: `TODO#${todo.id}` } }),
          );
        }
        return [null, null];
      }
      case 'archive': {
        const todo = removed[Math.floor(step.which * removed.length)];
        return todo === undefined ? [null, null] : both(async (todos) => todos.archive(todo, at.toISOString()));
      }
      case 'tombstone':
        return both(async (todos) => todos.writeTombstone(userId, at, new Date(this.clock + 86_400_000)));
      case 'purge':
        // Only what can no longer be written is purged.
        return both(async (todos) => {
          await todos.writeTombstone(userId, at, new Date(this.clock + 86_400_000));
          await todos.purge(userId, async () => undefined);
        });
    }
  }

  /** The ids of a user's todos in the first table and in the archive. */
  private async storedOf(userId: string): Promise<string[][]> {
    const { todos, archive } = service.config.dynamodb.tables;
    return Promise.all(
      [todos, archive].map(async (TableName) => {
        const { Items = [] } = await service.truth.dynamodb.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: 'userId = :user AND begins_with(itemKey, :todo)',
            FilterExpression: 'attribute_not_exists(gone)',
            ExpressionAttributeValues: { ':user': userId, ':todo': 'TODO#' },
            ConsistentRead: true,
          }),
        );
        return Items.map((item) => String(item['itemKey']).slice('TODO#'.length)).sort();
      }),
    );
  }
}

/** The fewest of a scene's steps that still make a difference, and which it is. */
async function smallest(steps: readonly Step[]): Promise<{ steps: readonly Step[]; difference: object | null }> {
  let kept = steps;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < kept.length;) {
      const fewer = [...kept.slice(0, from), ...kept.slice(from + size)];
      if ((await new Scene().play(fewer)) === null) {
        from += size;
      } else {
        kept = fewer;
      }
    }
  }
  return { steps: kept, difference: await new Scene().play(kept) };
}

test(`Todos in memory are those in DynamoDB, step by step, and so are their streams (seed ${seed})`, async () => {
  const played: Scene[] = [];
  let next = 0;
  const playScenes = async (): Promise<void> => {
    while (next < scenes) {
      const number = seed + next++;
      const steps = drawSteps(randomFrom(number));
      const scene = new Scene();
      if ((await scene.play(steps)) !== null) {
        next = scenes;
        expect({ seed: number, ...(await smallest(steps)) }).toEqual({ seed: number, steps: [], difference: null });
      }
      played.push(scene);
    }
  };
  await Promise.all(Array.from({ length: scenesAtOnce }, playScenes));

  const byUser = new Map<string, DynamoDBRecord[]>();
  for (const record of (await stream.readOn()) as DynamoDBRecord[]) {
    const user = record.dynamodb?.Keys?.['userId']?.S ?? '';
    byUser.set(user, [...(byUser.get(user) ?? []), record]);
  }
  for (const scene of played) {
    expect(scene.learned(scene.users.flatMap((user) => byUser.get(user) ?? []))).toEqual(scene.learned(undefined));
  }
}, 1_200_000);
