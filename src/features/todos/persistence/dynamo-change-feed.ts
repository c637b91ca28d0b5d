import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { Injectable } from '@nestjs/common';
import { PageBuilder } from '../../../common/resources/paging.js';
import { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import { ChangeFeed, type FeedPage, type FeedPosition, type ListChange } from '../lists/change-feed.js';
import { fromItem, isDeletionMarker, type Item } from './todo-items.js';
import { goneKey, goneRevisionIn, listKey, revisionKeyOf, todoKeyPrefix, type UserItemKey } from './todo-keys.js';
import { chunksOf, readItemsOfUser, readsAtOnce } from './user-list.js';

/** A revision, and what was written at it: the key of an item to read, or a change that needs no reading. */
interface Entry {
  readonly revision: number;
  readonly itemKey?: string;
  readonly change?: ListChange;
}

/** Entries in order; `end` is the last revision that they are complete to. */
interface Entries {
  readonly entries: readonly Entry[];
  readonly end: number;
}

/**
 * {@link ChangeFeed} over the index `byRevision`, which holds the keys of todos and of the markers in their places, and the markers of what was
 * archived or deleted from the archive, which lie in the table by their revision. All reads are strongly consistent.
 */
@Injectable()
export class DynamoChangeFeed extends ChangeFeed {
  constructor(private readonly dynamodb: DynamoDb) {
    super();
  }

  override async head(userId: string): Promise<number | null> {
    const { Item: list } = await this.dynamodb.send(new GetCommand({ TableName: this.table, Key: listKey(userId), ConsistentRead: true }));
    return list?.['deletedAt'] === undefined ? Number(list?.['revision'] ?? 0) : null;
  }

  override async read(userId: string, { after, goneAfter }: FeedPosition, to: number, limit: number): Promise<FeedPage> {
    const page = new PageBuilder<ListChange>(limit);
    let readTo = after;
    const endingHere = (more: boolean): FeedPage => ({ changes: lastOfEach(page.items), readTo, more });
    for (;;) {
      // One more than the page takes: whether something follows is then known, not guessed.
      const [listed, gone] = await Promise.all([this.listed(userId, readTo, page.room + 1), this.gone(userId, Math.max(readTo, goneAfter), to, page.room + 1)]);
      // The two are read one beside the other, so what came after `to` may be in one of them alone.
      const end = Math.min(to, listed.end, gone.end);
      const entries = [...listed.entries, ...gone.entries].filter(({ revision }) => revision <= end).sort((one, other) => one.revision - other.revision);
      for (const some of chunksOf(entries, readsAtOnce)) {
        if (page.timeIsUp && readTo > after) {
          return endingHere(true);
        }
        const keys = some.flatMap(({ itemKey }): UserItemKey[] => (itemKey === undefined ? [] : [{ userId, itemKey }]));
        const items = await readItemsOfUser(this.dynamodb, this.table, keys);
        for (const { revision, itemKey = '', change = listChangeOf(items.get(itemKey), goneAfter) } of some) {
          if (change !== null && !page.add(change)) {
            return endingHere(true);
          }
          readTo = revision;
        }
      }
      readTo = end;
      // A query that was cut at `to` itself leaves open what follows: a todo that was written again meanwhile, and is not shown yet, may.
      if (end === to && listed.end > to) {
        return endingHere(listed.entries.some(({ revision }) => revision > to));
      }
    }
  }

  private async listed(userId: string, after: number, limit: number): Promise<Entries> {
    const { Items: items = [], LastEvaluatedKey: last } = await this.dynamodb.send(
      new QueryCommand({
        TableName: this.table,
        IndexName: 'byRevision',
        ConsistentRead: true,
        Limit: limit,
        KeyConditionExpression: 'userId = :user AND revisionKey > :after',
        ExpressionAttributeValues: { ':user': userId, ':after': revisionKeyOf(after) },
      }),
    );
    return {
      entries: items.map(({ itemKey, revisionKey }) => ({ revision: Number(revisionKey), itemKey: String(itemKey) })),
      end: last === undefined ? Number.POSITIVE_INFINITY : Number(last['revisionKey']),
    };
  }

  private async gone(userId: string, after: number, to: number, limit: number): Promise<Entries> {
    if (after >= to) {
      return { entries: [], end: Number.POSITIVE_INFINITY };
    }
    const { Items: items = [], LastEvaluatedKey: last } = await this.dynamodb.send(
      new QueryCommand({
        TableName: this.table,
        ConsistentRead: true,
        Limit: limit,
        KeyConditionExpression: 'userId = :user AND itemKey BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':user': userId, ':from': goneKey(userId, after + 1).itemKey, ':to': goneKey(userId, to).itemKey },
      }),
    );
    return {
      entries: items.map((item) => ({ revision: goneRevisionIn(item), change: { id: String(item['id']), state: item['state'] as 'archived' | 'deleted' } })),
      end: last === undefined ? Number.POSITIVE_INFINITY : goneRevisionIn(last),
    };
  }

  private get table(): string {
    return this.dynamodb.tables.todos;
  }
}

/** The change that an item of the index stands for: null for a todo that was deleted up to `goneAfter`. */
function listChangeOf(item: Item | undefined, goneAfter: number): ListChange | null {
  // What TTL has removed since will have its marker further on.
  if (item === undefined) {
    return null;
  }
  if (!isDeletionMarker(item)) {
    const todo = fromItem(item);
    return { id: todo.id, state: 'present', todo };
  }
  return Number(item['revisionKey']) > goneAfter ? { id: String(item['itemKey']).slice(todoKeyPrefix.length), state: 'deleted' } : null;
}

function lastOfEach(changes: readonly ListChange[]): ListChange[] {
  const last = new Map(changes.map((change) => [change.id, change]));
  return changes.filter((change) => last.get(change.id) === change);
}
