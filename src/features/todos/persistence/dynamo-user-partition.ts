import { Injectable } from '@nestjs/common';
import { DuetError } from '../../../common/errors/errors.js';
import type { KeyedCreation } from '../../../common/resources/idempotency-key.js';
import { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import { idempotencyPut, replayFrom, type TransactItem } from '../../../platform/dynamodb/idempotency.js';
import { UserPartition } from '../user-partition.js';
import { listKey, notDeleted, resultKey } from './todo-keys.js';
import { readItems, readUserList } from './user-list.js';

/** {@link UserPartition} in the todos table. */
@Injectable()
export class DynamoUserPartition extends UserPartition {
  constructor(private readonly dynamodb: DynamoDb) {
    super();
  }

  override notDeletedCheck(userId: string): TransactItem {
    return { ConditionCheck: { TableName: this.table, Key: listKey(userId), ConditionExpression: notDeleted } };
  }

  override resultPut(userId: string, { key, fingerprint }: KeyedCreation, response: string): TransactItem {
    return idempotencyPut({ table: this.table, key: resultKey(userId, key), fingerprint, response, now: Date.now() });
  }

  override async findResult(userId: string, { key, fingerprint }: KeyedCreation): Promise<string | undefined> {
    const { isDeleted, results } = await readUserList(this.dynamodb, userId, [], [key]);
    if (isDeleted) {
      throw new DuetError('user.not_found', 'This user has been deleted.');
    }
    return replayFrom(results.get(key), fingerprint, Date.now());
  }

  override async deletedAmong(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const aggregates = await readItems(this.dynamodb, this.table, userIds.map(listKey));
    return new Set(aggregates.filter((item) => item['deletedAt'] !== undefined).map((item) => String(item['userId'])));
  }

  private get table(): string {
    return this.dynamodb.tables.todos;
  }
}
