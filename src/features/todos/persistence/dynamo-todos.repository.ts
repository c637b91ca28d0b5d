import { BatchGetCommand, GetCommand, QueryCommand, type QueryCommandInput, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { Inject, Injectable } from '@nestjs/common';
import { AppConfig } from '../../../config/config.module.js';
import { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import { idempotencyPut, replayFrom, type TransactItem } from '../../../platform/dynamodb/idempotency.js';
import { cancellationReasons, isContention, retryContention } from '../../../platform/dynamodb/transactions.js';
import { coveringKeyRange, type DueKeyRange } from '../due.js';
import { TodoOwnerGoneError } from '../todos.errors.js';
import { type KeyedCreation, type TodoPage, TodosRepository, type TodoSelection } from '../todos.repository.js';
import type { Todo, TodoCounts, TodoStatus } from '../todos.js';
import { countAttribute, countsFrom, fromItem, idempotencyItemKey, type Item, listKey, todoKey, todoKeyPrefix, toItem } from './todo-items.js';

/** How many items one filtered list request looks at: a filter that nothing passes must not read a hundred thousand. */
const mostItemsRead = 2_000;
const filteredReadSize = 250;

/** Someone else wrote the todo between our read and our write. */
class TodoChangedMeanwhile extends Error {}

/** Todos in DynamoDB: every write is one transaction of the todo, the user's aggregate and, with a key, the stored result. */
@Injectable()
export class DynamoTodosRepository extends TodosRepository {
  private readonly archiveAfterDays: number;

  constructor(
    @Inject(DynamoDb) private readonly dynamodb: DynamoDb,
    @Inject(AppConfig) config: AppConfig,
  ) {
    super();
    this.archiveAfterDays = config.get('archive', { infer: true }).afterDays;
  }

  async create(todo: Todo, keyed?: KeyedCreation): Promise<{ todo: Todo; replayed: boolean }> {
    return retryContention(async () => {
      // In this order: a key that was used counts before anything else.
      const items = [
        ...(keyed === undefined ? [] : [this.rememberResult(todo, keyed)]),
        this.put(todo, 'attribute_not_exists(itemKey)'),
        this.moveCounts(todo.userId, { [todo.status]: 1 }),
      ];
      try {
        await this.dynamodb.send(new TransactWriteCommand({ TransactItems: items }));
        return { todo, replayed: false };
      } catch (error) {
        const reasons = cancellationReasons(error);
        // The tombstone first: once it stands, a keyed result is not replayed either.
        if (reasons?.at(-1) === 'ConditionalCheckFailed') {
          throw new TodoOwnerGoneError();
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
    }, mayTryAgain);
  }

  async find(userId: string, id: string): Promise<Todo | null> {
    const { Item: item } = await this.dynamodb.send(new GetCommand({ TableName: this.table, Key: todoKey(userId, id), ConsistentRead: true }));
    return item === undefined ? null : fromItem(item);
  }

  async update(userId: string, id: string, change: (todo: Todo) => Todo): Promise<Todo | null> {
    return retryContention(async () => {
      const todo = await this.find(userId, id);
      if (todo === null) {
        return null;
      }
      const next = change(todo);
      const counts = next.status === todo.status ? this.ownerStands(userId) : this.moveCounts(userId, { [todo.status]: -1, [next.status]: 1 });
      await this.writeVersion([this.put(next, 'version = :version', { ':version': todo.version }), counts]);
      return next;
    }, mayTryAgain);
  }

  async delete(userId: string, id: string, check: (todo: Todo) => void): Promise<boolean> {
    return retryContention(async () => {
      const todo = await this.find(userId, id);
      if (todo === null) {
        return false;
      }
      check(todo);
      const remove: TransactItem = {
        Delete: { TableName: this.table, Key: todoKey(userId, id), ConditionExpression: 'version = :version', ExpressionAttributeValues: { ':version': todo.version } },
      };
      await this.writeVersion([remove, this.moveCounts(userId, { [todo.status]: -1 })]);
      return true;
    }, mayTryAgain);
  }

  async list(userId: string, selection: TodoSelection, limit: number, position?: string): Promise<TodoPage> {
    const query = this.listQuery(userId, selection);
    const found: Item[] = [];
    let start = position === undefined ? undefined : ({ userId, ...(JSON.parse(position) as object) } as Item);
    for (let read = 0; read < mostItemsRead; ) {
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
    const { Item: item } = await this.dynamodb.send(new GetCommand({ TableName: this.table, Key: listKey(userId), ConsistentRead: true }));
    return countsFrom(item);
  }

  async countDue(userId: string, ranges: readonly DueKeyRange[], atMost = Number.POSITIVE_INFINITY): Promise<number> {
    let count = 0;
    for (const range of ranges) {
      let start: Item | undefined;
      do {
        const page = await this.dynamodb.send(
          new QueryCommand({ ...this.dueQuery(userId, range), Select: 'COUNT', ExclusiveStartKey: start, ...(Number.isFinite(atMost) && { Limit: atMost - count }) }),
        );
        count += page.Count ?? 0;
        start = page.LastEvaluatedKey;
        if (count >= atMost) {
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

  private get table(): string {
    return this.dynamodb.tables.todos;
  }

  private put(todo: Todo, condition: string, values?: Record<string, unknown>): TransactItem {
    return { Put: { TableName: this.table, Item: toItem(todo, this.archiveAfterDays), ConditionExpression: condition, ExpressionAttributeValues: values } };
  }

  private moveCounts(userId: string, steps: Partial<Record<TodoStatus, number>>): TransactItem {
    const entries = Object.entries(steps) as [TodoStatus, number][];
    return {
      Update: {
        TableName: this.table,
        Key: listKey(userId),
        UpdateExpression: `ADD ${entries.map((_, index) => `#count${index} :step${index}`).join(', ')}`,
        ConditionExpression: noTombstone,
        ExpressionAttributeNames: Object.fromEntries(entries.map(([status], index) => [`#count${index}`, countAttribute[status]])),
        ExpressionAttributeValues: Object.fromEntries(entries.map(([, step], index) => [`:step${index}`, step])),
      },
    };
  }

  private ownerStands(userId: string): TransactItem {
    return { ConditionCheck: { TableName: this.table, Key: listKey(userId), ConditionExpression: noTombstone } };
  }

  private rememberResult(todo: Todo, { key, fingerprint }: KeyedCreation): TransactItem {
    return idempotencyPut({ table: this.table, key: idempotencyItemKey(todo.userId, key), fingerprint, response: JSON.stringify(todo), now: Date.now() });
  }

  private async findResult(userId: string, { key, fingerprint }: KeyedCreation): Promise<Todo | undefined> {
    const keys = [idempotencyItemKey(userId, key), listKey(userId)];
    const { Responses: responses } = await this.dynamodb.send(new BatchGetCommand({ RequestItems: { [this.table]: { Keys: keys, ConsistentRead: true } } }));
    const items = responses?.[this.table] ?? [];
    if (items.some((item) => item['deletedAt'] !== undefined)) {
      throw new TodoOwnerGoneError();
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
      await this.dynamodb.send(new TransactWriteCommand({ TransactItems: items }));
    } catch (error) {
      const [todo, aggregate] = cancellationReasons(error) ?? [];
      if (aggregate === 'ConditionalCheckFailed') {
        throw new TodoOwnerGoneError();
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

  private listQuery(userId: string, { archived, sort, due, ...filters }: TodoSelection): QueryCommandInput {
    const base: QueryCommandInput =
      sort === 'due'
        ? this.dueQuery(userId, coveringKeyRange(due))
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

const noTombstone = 'attribute_not_exists(deletedAt)';

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

function positionOf(item: Item, byDue: boolean): string {
  return JSON.stringify({ itemKey: item['itemKey'], ...(byDue && { dueKey: item['dueKey'] }) });
}
