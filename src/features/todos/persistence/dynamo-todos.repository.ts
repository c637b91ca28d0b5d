import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Injectable } from '@nestjs/common';
import type { Replay } from '../../../common/resources/idempotency-key.js';
import { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import { purgePartition } from '../../../platform/dynamodb/purge.js';
import { retryContention } from '../../../platform/dynamodb/transactions.js';
import { type ArchiveOutcome, type StoredChange, type StoredItem, TodosRepository, type WriteDecision, type WriteTargets } from '../todos.repository.js';
import type { Todo } from '../todos.js';
import { ListWriter } from './list-writer.js';
import { aggregateAttributes, changeIn } from './todo-items.js';
import { listKey } from './todo-keys.js';
import { readUserList } from './user-list.js';

/** Todos in DynamoDB, written by {@link ListWriter}. */
@Injectable()
export class DynamoTodosRepository extends TodosRepository {
  constructor(
    private readonly dynamodb: DynamoDb,
    private readonly writer: ListWriter,
  ) {
    super();
  }

  override async find(userId: string, id: string): Promise<Todo | null> {
    const { isDeleted, todos } = await readUserList(this.dynamodb, userId, [id]);
    return isDeleted ? null : (todos.get(id) ?? null);
  }

  override async write<Result>(targets: WriteTargets, decide: (todos: ReadonlyMap<string, Todo>) => WriteDecision<Result>): Promise<Replay<Result>> {
    return this.writer.write(targets, decide);
  }

  override async archive(removed: Todo, archivedAt: string): Promise<ArchiveOutcome> {
    return this.writer.archive(removed, archivedAt);
  }

  override async writeTombstone(userId: string, deletedAt: Date, expiresAt: Date): Promise<void> {
    const numbers = aggregateAttributes.map((name, index) => [`#number${index}`, name] as const);
    await retryContention(async () =>
      this.dynamodb.send(
        new UpdateCommand({
          TableName: this.dynamodb.tables.todos,
          Key: listKey(userId),
          UpdateExpression: `SET deletedAt = if_not_exists(deletedAt, :deletedAt), expiresAt = :expiresAt REMOVE ${numbers.map(([placeholder]) => placeholder).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(numbers),
          ExpressionAttributeValues: { ':deletedAt': deletedAt.toISOString(), ':expiresAt': Math.floor(expiresAt.getTime() / 1000) },
        }),
      ),
    );
  }

  override async purge(userId: string, checkpoint: () => Promise<void>): Promise<void> {
    const { todos, archive } = this.dynamodb.tables;
    for (const table of [todos, archive]) {
      await purgePartition(this.dynamodb, { table, partition: { userId }, sortKey: 'itemKey', except: listKey(userId).itemKey, checkpoint });
    }
  }

  override read(item: StoredItem): StoredChange | null {
    return changeIn(item);
  }
}
