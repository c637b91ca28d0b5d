import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { Injectable } from '@nestjs/common';
import { PageBuilder } from '../../../common/resources/paging.js';
import { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import { ChangeFeed, type FeedPage, type FeedPosition, type ListChange } from '../lists/change-feed.js';
import { fromItem, type GoneTodo, type Item } from './todo-items.js';
import { listKey, parseItemKey, revisionKeyOf, type UserItemKey } from './todo-keys.js';
import { chunksOf, readItemsOfUser, readsAtOnce } from './user-list.js';

/** {@link ChangeFeed} over the index `byRevision`, which holds the keys of todos and of markers. All reads are strongly consistent. */
@Injectable()
export class DynamoChangeFeed extends ChangeFeed {
  constructor(private readonly dynamodb: DynamoDb) {
    super();
  }

  override async head(userId: string): Promise<number | null> {
    const { Item: list } = await this.dynamodb.send(new GetCommand({ TableName: this.table, Key: listKey(userId), ConsistentRead: true }));
    return list?.['deletedAt'] === undefined ? Number(list?.['revision'] ?? 0) : null;
  }

  override async read(userId: string, { after, goneAfter }: FeedPosition, limit: number): Promise<FeedPage> {
    const page = new PageBuilder<ListChange>(limit);
    let readTo = after;
    const endingHere = (more: boolean): FeedPage => ({ changes: lastOfEach(page.items), readTo, more });
    for (;;) {
      // One more than the page takes: whether something follows is then known, not guessed.
      const { entries, isLast } = await this.entries(userId, readTo, page.room + 1);
      for (const some of chunksOf(entries, readsAtOnce)) {
        if (page.timeIsUp && readTo > after) {
          return endingHere(true);
        }
        // Markers of what a reader has never seen need not be read.
        const wanted = some.filter(({ itemKey, revision }) => revision > goneAfter || parseItemKey(itemKey)?.kind !== 'marker');
        const items = await readItemsOfUser(
          this.dynamodb,
          this.table,
          wanted.map(({ itemKey }): UserItemKey => ({ userId, itemKey })),
        );
        for (const { itemKey, revision } of some) {
          for (const { change, at } of changesIn(items.get(itemKey), revision, Math.max(readTo, goneAfter))) {
            if (!page.add(change)) {
              return endingHere(true);
            }
            readTo = at;
          }
          readTo = revision;
        }
      }
      if (isLast) {
        return endingHere(false);
      }
    }
  }

  private async entries(userId: string, after: number, limit: number): Promise<{ entries: { itemKey: string; revision: number }[]; isLast: boolean }> {
    const { Items: items = [], LastEvaluatedKey: end } = await this.dynamodb.send(
      new QueryCommand({
        TableName: this.table,
        IndexName: 'byRevision',
        ConsistentRead: true,
        Limit: limit,
        KeyConditionExpression: 'userId = :user AND revisionKey > :after',
        ExpressionAttributeValues: { ':user': userId, ':after': revisionKeyOf(after) },
      }),
    );
    return { entries: items.map(({ itemKey, revisionKey }) => ({ itemKey: String(itemKey), revision: Number(revisionKey) })), isLast: end === undefined };
  }

  private get table(): string {
    return this.dynamodb.tables.todos;
  }
}

/** What an entry of the index tells: a todo as it is now, or those of a marker that left the list after `goneAfter`. */
function changesIn(item: Item | undefined, revision: number, goneAfter: number): { change: ListChange; at: number }[] {
  // What is gone has its marker further on, and what TTL has removed will have one.
  if (item === undefined) {
    return [];
  }
  if (item['gone'] === undefined) {
    const todo = fromItem(item);
    return [{ change: { id: todo.id, state: 'present', todo }, at: revision }];
  }
  return (item['gone'] as GoneTodo[]).filter((gone) => gone.revision > goneAfter).map(({ id, state, revision: at }) => ({ change: { id, state }, at }));
}

function lastOfEach(changes: readonly ListChange[]): ListChange[] {
  const last = new Map(changes.map((change) => [change.id, change]));
  return changes.filter((change) => last.get(change.id) === change);
}
