import { randomUUID } from 'node:crypto';
import { DeleteCommand, GetCommand, ScanCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Injectable } from '@nestjs/common';
import { DuetError } from '../../../common/errors/errors.js';
import type { KeyedCreation } from '../../../common/resources/idempotency-key.js';
import { type Page, PageBuilder } from '../../../common/resources/paging.js';
import { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import type { TransactItem } from '../../../platform/dynamodb/idempotency.js';
import { cancellationReasons, isConditionFailed, retryContention } from '../../../platform/dynamodb/transactions.js';
import { UserPartition } from '../../todos/user-partition.js';
import type { CreatedRecord, UserRecord } from '../records.js';
import { RecordsRepository } from '../records.repository.js';

const recordKey = (userId: string) => ({ user_id: userId });

const isNew = 'attribute_not_exists(user_id)';
const isThere = 'attribute_exists(user_id)';

/** The records as one item a user in a table of their own. */
@Injectable()
export class DynamoRecordsRepository extends RecordsRepository {
  private readonly table: string;

  constructor(
    private readonly dynamodb: DynamoDb,
    private readonly partition: UserPartition,
  ) {
    super();
    this.table = dynamodb.tables.records;
  }

  async find(userId: string): Promise<UserRecord | null> {
    const [{ Item }, isDeleted] = await Promise.all([
      this.dynamodb.send(new GetCommand({ TableName: this.table, Key: recordKey(userId), ConsistentRead: true })),
      this.isDeleted(userId),
    ]);
    return isDeleted ? null : ((Item as UserRecord | undefined) ?? null);
  }

  async list(limit: number, after?: string): Promise<Page<UserRecord>> {
    const start = after === undefined ? undefined : recordKey(after);
    // One more than asked for shows whether others follow.
    const { Items = [], LastEvaluatedKey: end } = await this.dynamodb.send(
      new ScanCommand({ TableName: this.table, ConsistentRead: true, Limit: limit + 1, ExclusiveStartKey: start }),
    );
    const records = Items as UserRecord[];
    const deleted = await this.partition.deletedAmong(records.map(({ user_id }) => user_id));
    const page = new PageBuilder<UserRecord>(limit);
    let last = after ?? null;
    for (const record of records) {
      if (!deleted.has(record.user_id) && !page.add(record)) {
        return { items: page.items, next: last };
      }
      last = record.user_id;
    }
    // A read ends at 1 MB, and may then have ended at the very last record.
    return { items: page.items, next: end !== undefined && (await this.anyAfter(end)) ? last : null };
  }

  async create(record: UserRecord, keyed?: KeyedCreation): Promise<CreatedRecord> {
    // One token for all tries: whichever of them took effect, the others find that it did.
    const transaction = { ClientRequestToken: randomUUID(), TransactItems: this.creation(record, keyed) };
    try {
      await retryContention(async () => this.dynamodb.send(new TransactWriteCommand(transaction)));
      return { record, replayed: false };
    } catch (error) {
      const [owner, present, request] = cancellationReasons(error) ?? [];
      if (owner === 'ConditionalCheckFailed') {
        throw new DuetError('user.not_found');
      }
      // Before the conflict: a request that is sent again meets the record it has made.
      if (keyed !== undefined && request === 'ConditionalCheckFailed') {
        const first = await this.firstResult(record.user_id, keyed);
        // Its window ended just now: then the key is new.
        return first === undefined ? this.create(record, keyed) : { record: first, replayed: true };
      }
      throw present === 'ConditionalCheckFailed' ? new DuetError('record.exists') : error;
    }
  }

  async setAttribute(userId: string, name: string, value: unknown): Promise<UserRecord | null> {
    if (await this.isDeleted(userId)) {
      return null;
    }
    const command = {
      TableName: this.table,
      Key: recordKey(userId),
      UpdateExpression: 'SET #name = :value',
      ConditionExpression: isThere,
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':value': storable(value) },
      ReturnValues: 'ALL_NEW',
    } as const;
    try {
      // Sent again after a lost reply, it could undo what another request has written in between.
      const { Attributes } = await retryContention(async () => this.dynamodb.sendOnce(new UpdateCommand(command)));
      return Attributes as UserRecord;
    } catch (error) {
      if (isConditionFailed(error)) {
        return null;
      }
      throw isItemTooLarge(error) ? recordFull() : error;
    }
  }

  async delete(userId: string): Promise<boolean> {
    if (await this.isDeleted(userId)) {
      return false;
    }
    // A transaction for its request token: a plain delete that is sent again after a lost reply would find nothing, and be a 404.
    const transaction = {
      ClientRequestToken: randomUUID(),
      TransactItems: [{ Delete: { TableName: this.table, Key: recordKey(userId), ConditionExpression: isThere } }],
    };
    try {
      await retryContention(async () => this.dynamodb.send(new TransactWriteCommand(transaction)));
      return true;
    } catch (error) {
      if (cancellationReasons(error)?.[0] === 'ConditionalCheckFailed') {
        return false;
      }
      throw error;
    }
  }

  async purge(userId: string): Promise<void> {
    await retryContention(async () => this.dynamodb.send(new DeleteCommand({ TableName: this.table, Key: recordKey(userId) })));
  }

  private creation(record: UserRecord, keyed: KeyedCreation | undefined): TransactItem[] {
    const put = { TableName: this.table, Item: storableAttributes(record), ConditionExpression: isNew };
    return [
      this.partition.notDeletedCheck(record.user_id),
      { Put: put },
      ...(keyed === undefined ? [] : [this.partition.resultPut(record.user_id, keyed, JSON.stringify(record))]),
    ];
  }

  private async firstResult(userId: string, keyed: KeyedCreation): Promise<UserRecord | undefined> {
    const response = await this.partition.findResult(userId, keyed);
    return response === undefined ? undefined : (JSON.parse(response) as UserRecord);
  }

  private async isDeleted(userId: string): Promise<boolean> {
    return (await this.partition.deletedAmong([userId])).has(userId);
  }

  private async anyAfter(start: Record<string, unknown>): Promise<boolean> {
    const { Count = 0 } = await this.dynamodb.send(
      new ScanCommand({ TableName: this.table, ConsistentRead: true, Limit: 1, ExclusiveStartKey: start, ProjectionExpression: 'user_id' }),
    );
    return Count > 0;
  }
}

function storableAttributes(record: UserRecord): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, storable(value)]));
}

/** JSON objects as maps: the SDK judges a plain object by its `constructor`, which here may be an attribute like any other. */
function storable(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(storable);
  }
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value).map(([name, child]) => [name, storable(child)])) : value;
}

// DynamoDB has no error of its own for it: a ValidationException whose message says "Item size to update has exceeded the maximum allowed size".
function isItemTooLarge(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationException' && /size/i.test(error.message);
}

function recordFull(): DuetError {
  return new DuetError('record.full', undefined, { errors: [{ pointer: '/updatedValue', detail: 'would make the record larger than 400 KB' }] });
}
