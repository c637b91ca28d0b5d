import { GetCommand, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { Injectable } from '@nestjs/common';
import { InvalidCursorError } from '../../../common/errors/errors.js';
import { type Page, PageBuilder } from '../../../common/resources/paging.js';
import { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import { coveringKeyRange, type DueKeyRange } from '../lists/due.js';
import { TodoListsRepository, type TodoSelection } from '../lists/todo-lists.repository.js';
import type { Todo, TodoCounts } from '../todos.js';
import { countsFrom, fromItem, isTodo, type Item } from './todo-items.js';
import { listKey, todoKeyPrefix, type UserItemKey } from './todo-keys.js';
import { chunksOf, readItemsOfUser, readsAtOnce } from './user-list.js';

/** A filtered list reads this many items at first; every list reads more as long as it finds too few. */
const firstFilteredRead = 250;
const largestRead = 4_000;

/** Todos in DynamoDB, listed by their keys and by the index `byDue`, which holds keys alone. All reads are strongly consistent. */
@Injectable()
export class DynamoTodoListsRepository extends TodoListsRepository {
  constructor(private readonly dynamodb: DynamoDb) {
    super();
  }

  override async list(userId: string, selection: TodoSelection, limit: number, position?: string): Promise<Page<Todo>> {
    const query = this.listQuery(userId, selection);
    if (query === null) {
      return { items: [], next: null };
    }
    const page = new PageBuilder<Todo>(limit);
    const matches = selection.matches ?? (() => true);
    let gotOn = false;
    /** The last entry that was looked at. */
    let last = position === undefined ? undefined : startAt(userId, position, selection);
    const endingHere = (): Page<Todo> => ({ items: page.items, next: positionOf(last as Item, query.IndexName !== undefined) });
    // One more than the page takes: whether something follows is then known, not guessed.
    for (let size = selection.matches === undefined ? limit + 1 : firstFilteredRead; ; size = Math.min(largestRead, size * 2)) {
      const { Items: entries = [], LastEvaluatedKey: end } = await this.dynamodb.send(new QueryCommand({ ...query, Limit: size, ExclusiveStartKey: last }));
      for (const some of chunksOf(entries, readsAtOnce)) {
        if (page.timeIsUp && gotOn) {
          return endingHere();
        }
        gotOn = true;
        const todos = query.IndexName === undefined ? some.map(fromItem) : await this.todosOf(some);
        for (const [index, todo] of todos.entries()) {
          if (todo !== null && matches(todo) && !page.add(todo)) {
            return endingHere();
          }
          last = some[index];
        }
      }
      if (end === undefined) {
        return { items: page.items, next: null };
      }
      last = end;
      if (page.timeIsUp) {
        return (await this.anythingAfter(query, end)) ? endingHere() : { items: page.items, next: null };
      }
    }
  }

  override async counts(userId: string): Promise<TodoCounts | null> {
    const { Item: item } = await this.dynamodb.send(new GetCommand({ TableName: this.table, Key: listKey(userId), ConsistentRead: true }));
    return item?.['deletedAt'] === undefined ? countsFrom(item) : null;
  }

  override async countDue(userId: string, ranges: readonly DueKeyRange[], limit: number): Promise<number> {
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

  override async firstDue(userId: string, ranges: readonly DueKeyRange[], limit: number): Promise<Todo[]> {
    const entries: Item[] = [];
    for (const range of ranges) {
      if (entries.length < limit) {
        const { Items: items = [] } = await this.dynamodb.send(new QueryCommand({ ...this.dueQuery(userId, range), Limit: limit - entries.length }));
        entries.push(...items);
      }
    }
    return (await this.todosOf(entries)).filter((todo) => todo !== null);
  }

  private get table(): string {
    return this.dynamodb.tables.todos;
  }

  /** The todos of index entries, in their order; null for one that has moved in the index since. */
  private async todosOf(entries: readonly Item[]): Promise<(Todo | null)[]> {
    const items =
      entries.length === 0
        ? new Map<string, Item>()
        : await readItemsOfUser(
            this.dynamodb,
            this.table,
            entries.map(({ userId, itemKey }) => ({ userId, itemKey }) as UserItemKey),
          );
    return entries.map(({ itemKey, dueKey }) => {
      const item = items.get(String(itemKey));
      return item?.['dueKey'] === dueKey && item !== undefined ? fromItem(item) : null;
    });
  }

  private async anythingAfter(query: QueryCommandInput, start: Item): Promise<boolean> {
    // Markers count: how many of them lie before the next todo is unknown.
    const { ScannedCount: count = 0 } = await this.dynamodb.send(new QueryCommand({ ...query, Select: 'COUNT', Limit: 1, ExclusiveStartKey: start }));
    return count > 0;
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
  private listQuery(userId: string, { archived, sort, due }: TodoSelection): QueryCommandInput | null {
    const range = coveringKeyRange(due);
    if (range === null || sort === 'due') {
      return range && this.dueQuery(userId, range);
    }
    return {
      TableName: archived ? this.dynamodb.tables.archive : this.table,
      ConsistentRead: true,
      ScanIndexForward: sort === 'createdAt',
      KeyConditionExpression: 'userId = :user AND begins_with(itemKey, :prefix)',
      FilterExpression: isTodo,
      ExpressionAttributeValues: { ':user': userId, ':prefix': todoKeyPrefix },
    };
  }
}

// Neither key holds a space.
function positionOf({ itemKey, dueKey }: Item, byDue: boolean): string {
  return byDue ? `${String(itemKey)} ${String(dueKey)}` : String(itemKey);
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
