import { BatchGetCommand, GetCommand, QueryCommand, type QueryCommandInput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Injectable } from '@nestjs/common';
import { KeyedMutex } from '../../../common/async.js';
import { DuetError, InvalidCursorError } from '../../../common/errors.js';
import type { KeyedCreation } from '../../../common/idempotency-key.js';
import { AppConfig } from '../../../config/config.module.js';
import { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import { idempotencyPut, replayFrom, type TransactItem } from '../../../platform/dynamodb/idempotency.js';
import { purgePartition } from '../../../platform/dynamodb/purge.js';
import { cancellationReasons, isContention, retryContention, transact } from '../../../platform/dynamodb/transactions.js';
import { aggregateKey, idempotencyItemKey, noTombstone } from '../../../platform/dynamodb/user-partition.js';
import { coveringKeyRange, type DueKeyRange } from '../due.js';
import { type ArchiveOutcome, type StoredItem, type TodoPage, TodosRepository, type TodoSelection } from '../todos.repository.js';
import type { Todo, TodoCounts } from '../todos.js';
import {
  aggregateAttributes,
  aggregateSteps,
  countAttribute,
  countsFrom,
  fromItem,
  type Item,
  toArchiveItem,
  todoIn,
  todoKey,
  todoKeyPrefix,
  toItem,
} from './todo-items.js';

/** How many items one filtered list request looks at: a filter that nothing passes must not read a hundred thousand. */
const mostItemsRead = 2_000;
const filteredReadSize = 250;

/** Someone else wrote the todo between our read and our write. */
class TodoChangedMeanwhile extends Error {}

/** Todos in DynamoDB: every write is one transaction of the todo, the user's aggregate and, with a key, the stored result. */
@Injectable()
export class DynamoTodosRepository extends TodosRepository {
  private readonly archiveAfterDays: number;
  private readonly mutex = new KeyedMutex();

  constructor(
    private readonly dynamodb: DynamoDb,
    config: AppConfig,
  ) {
    super();
    this.archiveAfterDays = config.get('archive', { infer: true }).afterDays;
  }

  async create(todo: Todo, keyed?: KeyedCreation): Promise<{ todo: Todo; replayed: boolean }> {
    return this.write(todo.userId, async () => {
      // In this order: a key that was used counts before anything else.
      const items = [
        ...(keyed === undefined ? [] : [this.rememberResult(todo, keyed)]),
        this.put(todo, 'attribute_not_exists(itemKey)'),
        this.moveAggregate(todo.userId, undefined, todo),
      ];
      try {
        await transact(this.dynamodb, items);
        return { todo, replayed: false };
      } catch (error) {
        const reasons = cancellationReasons(error);
        // The tombstone first: once it stands, a keyed result is not replayed either.
        if (reasons?.at(-1) === 'ConditionalCheckFailed') {
          throw new DuetError('user.not_found');
        }
        if (keyed !== undefined && reasons?.[0] === 'ConditionalCheckFailed') {
          const earlier = await this.findResult(todo.userId, keyed);
          if (earlier !== undefined) {
            return { todo: earlier, replayed: true };
          }
          throw new TodoChangedMeanwhile('The stored result expired while it was looked for', { cause: error });
        }
        throw error;
      }
    });
  }

  async find(userId: string, id: string): Promise<Todo | null> {
    const { Item: item } = await this.dynamodb.send(new GetCommand({ TableName: this.table, Key: todoKey(userId, id), ConsistentRead: true }));
    return item === undefined ? null : fromItem(item);
  }

  async update(userId: string, id: string, change: (todo: Todo) => Todo): Promise<Todo | null> {
    return this.write(userId, async () => {
      const todo = await this.find(userId, id);
      if (todo === null) {
        return null;
      }
      const next = change(todo);
      await this.writeVersion([this.put(next, 'version = :version', { ':version': todo.version }), this.moveAggregate(userId, todo, next)]);
      return next;
    });
  }

  async delete(userId: string, id: string, check: (todo: Todo) => void): Promise<boolean> {
    return this.write(userId, async () => {
      const todo = await this.find(userId, id);
      if (todo === null) {
        return false;
      }
      check(todo);
      const remove: TransactItem = {
        Delete: {
          TableName: this.table,
          Key: todoKey(userId, id),
          ConditionExpression: 'version = :version',
          ExpressionAttributeValues: { ':version': todo.version },
        },
      };
      await this.writeVersion([remove, this.moveAggregate(userId, todo, undefined)]);
      return true;
    });
  }

  async list(userId: string, selection: TodoSelection, limit: number, position?: string): Promise<TodoPage> {
    const query = this.listQuery(userId, selection);
    if (query === null) {
      return { items: [], next: null };
    }
    const found: Item[] = [];
    let start = position === undefined ? undefined : startAt(userId, position, selection);
    for (let read = 0; read < mostItemsRead;) {
      // One more than the page: whether something follows is then known, not guessed.
      const wanted = limit + 1 - found.length;
      const page = await this.dynamodb.send(new QueryCommand({ ...query, Limit: selection.filtered ? filteredReadSize : wanted, ExclusiveStartKey: start }));
      found.push(...(page.Items ?? []).filter((item) => selection.matches(fromItem(item))));
      if (found.length > limit) {
        const last = found[limit - 1] as Item;
        return { items: found.slice(0, limit).map(fromItem), next: positionOf(last, query.IndexName !== undefined) };
      }
      if (page.LastEvaluatedKey === undefined) {
        return { items: found.map(fromItem), next: null };
      }
      start = page.LastEvaluatedKey;
      read += page.ScannedCount ?? filteredReadSize;
    }
    return { items: found.map(fromItem), next: positionOf(start as Item, query.IndexName !== undefined) };
  }

  async counts(userId: string): Promise<TodoCounts> {
    const { Item: item } = await this.dynamodb.send(new GetCommand({ TableName: this.table, Key: aggregateKey(userId), ConsistentRead: true }));
    return countsFrom(item);
  }

  async countDue(userId: string, ranges: readonly DueKeyRange[], limit: number): Promise<number> {
    let count = 0;
    for (const range of ranges) {
      let start: Item | undefined;
      do {
        const page = await this.dynamodb.send(
          new QueryCommand({ ...this.dueQuery(userId, range), Select: 'COUNT', ExclusiveStartKey: start, Limit: limit - count }),
        );
        count += page.Count ?? 0;
        start = page.LastEvaluatedKey;
        if (count >= limit) {
          return count;
        }
      } while (start !== undefined);
    }
    return count;
  }

  async firstDue(userId: string, ranges: readonly DueKeyRange[], limit: number): Promise<Todo[]> {
    const todos: Todo[] = [];
    for (const range of ranges) {
      if (todos.length < limit) {
        const { Items: items = [] } = await this.dynamodb.send(new QueryCommand({ ...this.dueQuery(userId, range), Limit: limit - todos.length }));
        todos.push(...items.map(fromItem));
      }
    }
    return todos;
  }

  async archive(todo: Todo): Promise<ArchiveOutcome> {
    const put: TransactItem = {
      Put: { TableName: this.dynamodb.tables.archive, Item: toArchiveItem(todo), ConditionExpression: 'attribute_not_exists(itemKey)' },
    };
    const move: TransactItem = {
      Update: {
        TableName: this.table,
        Key: aggregateKey(todo.userId),
        UpdateExpression: 'ADD #status :less, #archived :more',
        // A todo's owner has an aggregate. Without one the owner was deleted so long ago that the tombstone is gone, too.
        ConditionExpression: `attribute_exists(itemKey) AND ${noTombstone}`,
        ExpressionAttributeNames: { '#status': countAttribute[todo.status], '#archived': 'archived' },
        ExpressionAttributeValues: { ':less': -1, ':more': 1 },
      },
    };
    return retryContention(async () => {
      try {
        await transact(this.dynamodb, [put, move]);
        return 'archived';
      } catch (error) {
        const [archive, aggregate] = cancellationReasons(error) ?? [];
        if (aggregate === 'ConditionalCheckFailed') {
          return 'owner_gone';
        }
        if (archive === 'ConditionalCheckFailed') {
          return 'archived_before';
        }
        throw error;
      }
    });
  }

  read(item: StoredItem): Todo | null {
    return todoIn(item);
  }

  async bury(userId: string, deletedAt: Date, expiresAt: Date): Promise<void> {
    await retryContention(async () =>
      this.dynamodb.send(
        new UpdateCommand({
          TableName: this.table,
          Key: aggregateKey(userId),
          UpdateExpression: `SET deletedAt = if_not_exists(deletedAt, :deletedAt), expiresAt = :expiresAt REMOVE ${aggregateAttributes.map((_, index) => `#number${index}`).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(aggregateAttributes.map((name, index) => [`#number${index}`, name])),
          ExpressionAttributeValues: { ':deletedAt': deletedAt.toISOString(), ':expiresAt': Math.floor(expiresAt.getTime() / 1000) },
        }),
      ),
    );
  }

  async purge(userId: string, checkpoint: () => Promise<void>): Promise<void> {
    for (const table of [this.table, this.dynamodb.tables.archive]) {
      await purgePartition(this.dynamodb, { table, partition: { userId }, sortKey: 'itemKey', except: aggregateKey(userId).itemKey, checkpoint });
    }
  }

  private get table(): string {
    return this.dynamodb.tables.todos;
  }

  // All writes of a user meet in the aggregate: those of this process run one after the other, so that only other processes are contended with.
  private async write<T>(userId: string, work: () => Promise<T>): Promise<T> {
    return this.mutex.run(userId, async () => retryContention(work, mayTryAgain));
  }

  private put(todo: Todo, condition: string, values?: Record<string, unknown>): TransactItem {
    return { Put: { TableName: this.table, Item: toItem(todo, this.archiveAfterDays), ConditionExpression: condition, ExpressionAttributeValues: values } };
  }

  // Refused once the tombstone stands, also where there is nothing to move.
  private moveAggregate(userId: string, before: Todo | undefined, after: Todo | undefined): TransactItem {
    const standing = { TableName: this.table, Key: aggregateKey(userId), ConditionExpression: noTombstone };
    const steps = Object.entries(aggregateSteps(before, after));
    if (steps.length === 0) {
      return { ConditionCheck: standing };
    }
    return {
      Update: {
        ...standing,
        UpdateExpression: `ADD ${steps.map((_, index) => `#number${index} :step${index}`).join(', ')}`,
        ExpressionAttributeNames: Object.fromEntries(steps.map(([name], index) => [`#number${index}`, name])),
        ExpressionAttributeValues: Object.fromEntries(steps.map(([, step], index) => [`:step${index}`, step])),
      },
    };
  }

  private rememberResult(todo: Todo, { key, fingerprint }: KeyedCreation): TransactItem {
    return idempotencyPut({ table: this.table, key: idempotencyItemKey(todo.userId, key), fingerprint, response: JSON.stringify(todo), now: Date.now() });
  }

  private async findResult(userId: string, { key, fingerprint }: KeyedCreation): Promise<Todo | undefined> {
    const keys = [idempotencyItemKey(userId, key), aggregateKey(userId)];
    const { Responses: responses } = await this.dynamodb.send(new BatchGetCommand({ RequestItems: { [this.table]: { Keys: keys, ConsistentRead: true } } }));
    const items = responses?.[this.table] ?? [];
    if (items.some((item) => item['deletedAt'] !== undefined)) {
      throw new DuetError('user.not_found');
    }
    const response = replayFrom(
      items.find((item) => item['itemKey'] === keys[0]?.itemKey),
      fingerprint,
      Date.now(),
    );
    return response === undefined ? undefined : (JSON.parse(response) as Todo);
  }

  // The todo first and the aggregate second: the reasons of a refusal come in this order.
  private async writeVersion(items: [TransactItem, TransactItem]): Promise<void> {
    try {
      await transact(this.dynamodb, items);
    } catch (error) {
      const [todo, aggregate] = cancellationReasons(error) ?? [];
      if (aggregate === 'ConditionalCheckFailed') {
        throw new DuetError('user.not_found');
      }
      throw todo === 'ConditionalCheckFailed' ? new TodoChangedMeanwhile('Written by someone else meanwhile', { cause: error }) : error;
    }
  }

  private dueQuery(userId: string, { from, to }: DueKeyRange): QueryCommandInput {
    return {
      TableName: this.table,
      IndexName: 'byDue',
      ConsistentRead: true,
      KeyConditionExpression: 'userId = :user AND dueKey BETWEEN :from AND :to',
      ExpressionAttributeValues: { ':user': userId, ':from': from, ':to': to },
    };
  }

  /** Null when the selection cannot hold anything. */
  private listQuery(userId: string, { archived, sort, due, ...filters }: TodoSelection): QueryCommandInput | null {
    const range = coveringKeyRange(due);
    if (range === null) {
      return null;
    }
    const base: QueryCommandInput =
      sort === 'due'
        ? this.dueQuery(userId, range)
        : {
            TableName: archived ? this.dynamodb.tables.archive : this.table,
            ConsistentRead: true,
            ScanIndexForward: sort === 'createdAt',
            KeyConditionExpression: 'userId = :user AND begins_with(itemKey, :prefix)',
            ExpressionAttributeValues: { ':user': userId, ':prefix': todoKeyPrefix },
          };
    const clauses = filterClauses(filters);
    return clauses.length === 0
      ? base
      : {
          ...base,
          FilterExpression: clauses.map(({ expression }) => expression).join(' AND '),
          ExpressionAttributeNames: Object.assign({}, ...clauses.map(({ names }) => names)) as Record<string, string>,
          ExpressionAttributeValues: Object.assign({}, base.ExpressionAttributeValues, ...clauses.map(({ values }) => values)) as Record<string, unknown>,
        };
  }
}

function mayTryAgain(error: unknown): boolean {
  return error instanceof TodoChangedMeanwhile || isContention(error);
}

interface FilterClause {
  readonly expression: string;
  readonly names: Record<string, string>;
  readonly values: Record<string, unknown>;
}

function filterClauses({ statuses, priority, tag }: Pick<TodoSelection, 'statuses' | 'priority' | 'tag'>): FilterClause[] {
  const clauses: FilterClause[] = [];
  if (statuses !== undefined) {
    const values = Object.fromEntries([...new Set(statuses)].map((status, index) => [`:status${index}`, status]));
    clauses.push({ expression: `#status IN (${Object.keys(values).join(', ')})`, names: { '#status': 'status' }, values });
  }
  if (priority !== undefined) {
    clauses.push({ expression: '#priority = :priority', names: { '#priority': 'priority' }, values: { ':priority': priority } });
  }
  if (tag !== undefined) {
    clauses.push({ expression: 'contains(#tags, :tag)', names: { '#tags': 'tags' }, values: { ':tag': tag } });
  }
  return clauses;
}

// Neither key holds a space.
function positionOf(item: Item, byDue: boolean): string {
  return byDue ? `${String(item['itemKey'])} ${String(item['dueKey'])}` : String(item['itemKey']);
}

/** The key that a position of {@link positionOf} stands for. Anyone can make a cursor, so what is in it is not trusted. */
function startAt(userId: string, position: string, { sort, due }: TodoSelection): Item {
  const [itemKey = '', dueKey, ...rest] = position.split(' ');
  const range = coveringKeyRange(due);
  const fits = sort === 'due' ? dueKey !== undefined && range !== null && dueKey >= range.from && dueKey <= range.to : dueKey === undefined;
  if (!/^TODO#[\da-f-]{36}$/.test(itemKey) || rest.length > 0 || !fits) {
    throw new InvalidCursorError();
  }
  return { userId, itemKey, ...(dueKey !== undefined && { dueKey }) };
}
