import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { backoffMs } from '../../../common/async.js';
import type { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import type { Todo } from '../todos.js';
import { fromItem, isDeletionMarker, type Item } from './todo-items.js';
import { deletionNoticeKey, listKey, resultKey, todoKey, type UserItemKey } from './todo-keys.js';

/** A user's list as a strongly consistent read found it, with the todos that were asked for. */
export interface UserList {
  /** The aggregate; undefined before the first write, and a day after the user's deletion. */
  readonly aggregate: Item | undefined;
  readonly isDeleted: boolean;
  /** How many writes the list has seen. */
  readonly revision: number;
  /** By id, those in the archive included; what is missing is not there. */
  readonly todos: ReadonlyMap<string, Todo>;
  /** Ids of those that are missing because they were deleted lately, from the list or from the archive. */
  readonly deleted: ReadonlySet<string>;
  /** The stored first results of the idempotency keys, by key. */
  readonly results: ReadonlyMap<string, Item>;
}

/** Reads a user's aggregate and, with it, the todos of these ids and the results of idempotency keys. */
export async function readUserList(dynamodb: DynamoDb, userId: string, ids: readonly string[], idempotencyKeys: readonly string[] = []): Promise<UserList> {
  const { todos: table, archive } = dynamodb.tables;
  const listed = await readItemsOfUser(dynamodb, table, [
    listKey(userId),
    ...ids.map((id) => todoKey(userId, id)),
    ...idempotencyKeys.map((key) => resultKey(userId, key)),
  ]);
  const aggregate = listed.get(listKey(userId).itemKey);
  const todos = new Map<string, Todo>();
  const add = (items: ReadonlyMap<string, Item>): string[] => {
    const missing = ids.filter((id) => !todos.has(id));
    for (const id of missing) {
      const item = items.get(todoKey(userId, id).itemKey);
      if (item !== undefined && !isDeletionMarker(item)) {
        todos.set(id, fromItem(item));
      }
    }
    return missing.filter((id) => !todos.has(id));
  };
  let missing = add(listed);
  const deleted = new Set<string>();
  if (missing.length > 0) {
    const keys = missing.map((id) => todoKey(userId, id));
    missing = add(await readItemsOfUser(dynamodb, archive, keys));
    // What is in neither place may have come back from the archive between the two reads.
    const again =
      missing.length === 0
        ? new Map<string, Item>()
        : await readItemsOfUser(
            dynamodb,
            table,
            missing.flatMap((id) => [todoKey(userId, id), deletionNoticeKey(userId, id)]),
          );
    for (const id of add(again)) {
      // What stands in the place of a todo and is none is the marker that it was deleted.
      if ([todoKey(userId, id), deletionNoticeKey(userId, id)].some(({ itemKey }) => again.has(itemKey))) {
        deleted.add(id);
      }
    }
  }
  return {
    aggregate,
    isDeleted: aggregate?.['deletedAt'] !== undefined,
    revision: Number(aggregate?.['revision'] ?? 0),
    todos,
    deleted,
    results: new Map(
      idempotencyKeys.flatMap((key) => {
        const result = listed.get(resultKey(userId, key).itemKey);
        return result === undefined ? [] : [[key, result]];
      }),
    ),
  };
}

/** How many todos of an index are read together: 50 of the largest are 4 MB. */
export const readsAtOnce = 50;

/** A list in parts of `size`. */
export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const mostKeysPerBatch = 100;

/** One user's items by sort key. */
export async function readItemsOfUser(dynamodb: DynamoDb, table: string, keys: readonly UserItemKey[]): Promise<ReadonlyMap<string, Item>> {
  return new Map((await readItems(dynamodb, table, keys)).map((item) => [String(item['itemKey']), item]));
}

/** The items of these keys, strongly consistent, in no order; those that are not there are left out. */
export async function readItems(dynamodb: DynamoDb, table: string, keys: readonly UserItemKey[]): Promise<readonly Item[]> {
  const items: Item[] = [];
  let rest: readonly Record<string, unknown>[] = keys;
  for (let attempt = 0; rest.length > 0; attempt += 1) {
    const { Responses: responses, UnprocessedKeys: unprocessed } = await dynamodb.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys: rest.slice(0, mostKeysPerBatch), ConsistentRead: true } } }),
    );
    items.push(...(responses?.[table] ?? []));
    const unread = unprocessed?.[table]?.Keys ?? [];
    rest = [...unread, ...rest.slice(mostKeysPerBatch)];
    if (unread.length > 0) {
      // Either 16 MB were read, or the table is throttled.
      await sleep(backoffMs(attempt, { baseMs: 10, maxMs: 250 }));
    }
  }
  return items;
}
