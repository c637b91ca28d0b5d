import { randomUUID } from 'node:crypto';
import { BatchWriteCommand, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { expect } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import type { Environment } from '../../src/config/config.js';
import { createWorker } from '../../src/create-worker.js';
import { OutboxRepository } from '../../src/features/outbox/outbox.repository.js';
import { OutboxWorker } from '../../src/features/outbox/worker/outbox-worker.js';
import { UsersCoreModule } from '../../src/features/users/users-core.module.js';
import { LocalWorkersModule } from '../../src/local/server/local-workers.module.js';
import { DynamoDbModule } from '../../src/platform/dynamodb/dynamodb.module.js';
import { DynamoDb } from '../../src/platform/dynamodb/dynamodb.js';
import { Postgres } from '../../src/platform/postgres/postgres.js';
import { postgresModule } from '../../src/postgres.module.js';
import { type EventBridgeStandIn, type ReceivedEvent, startEventBridge } from './aws/eventbridge.js';
import { eventually } from './eventually.js';
import { type SignedUp, startService, type TestService } from './service.js';

/** An outbox row as stored. */
export interface StoredRow {
  readonly id: string;
  readonly user_id: string;
  readonly kind: string;
  readonly payload: object;
  readonly status: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly erased_at: Date | null;
}

/** A service, an event bus, and three further workers on the same stores, which work only when a test says so. */
export class OutboxStage {
  private constructor(
    readonly bus: EventBridgeStandIn,
    readonly service: TestService,
    readonly workers: readonly [INestApplicationContext, INestApplicationContext, INestApplicationContext],
  ) {}

  static async start(environment: Environment = {}): Promise<OutboxStage> {
    const bus = await startEventBridge();
    const service = await startService({ EVENT_BUS_NAME: 'duet-test', EVENTBRIDGE_ENDPOINT: bus.endpoint, ...environment });
    const worker = async () => createWorker({ ...service.config }, [postgresModule, DynamoDbModule, UsersCoreModule, LocalWorkersModule]);
    return new OutboxStage(bus, service, await Promise.all([worker(), worker(), worker()]));
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map(async (worker) => worker.close()));
    await this.service.stop();
    await this.bus.stop();
  }

  /** Leaves an empty outbox to the next test. */
  async reset(): Promise<void> {
    this.bus.recover();
    await eventually(
      async () => {
        // Only pauses end: what the service's own worker has leased, it finishes.
        await this.query(`UPDATE outbox SET next_attempt_at = now() WHERE status = 'pending' AND lease IS NULL RETURNING id`);
        await this.drain();
        return (await this.pending()) === 0;
      },
      { what: 'the outbox is empty' },
    );
    await this.query(`DELETE FROM outbox WHERE status = 'dead' RETURNING id`);
    // The service's worker may be about to look once more, after the last request of the test before.
    await new Promise((resolve) => setTimeout(resolve, 80));
  }

  get worker(): INestApplicationContext {
    return this.workers[0];
  }

  async drain(by = this.worker): Promise<number> {
    return by.get(OutboxWorker).drain();
  }

  async query<T>(sql: string, values: unknown[] = []): Promise<T[]> {
    return this.worker.get(Postgres).read(async (manager) => manager.query(sql, values));
  }

  async pending(): Promise<number> {
    return (await this.worker.get(OutboxRepository).backlog()).pending;
  }

  /** The rows of a user's changes; mails are sent beside them. */
  async rowsOf(userId: string): Promise<StoredRow[]> {
    return this.query<StoredRow>(`SELECT * FROM outbox WHERE user_id = $1 AND kind NOT LIKE 'mail.%' ORDER BY sequence`, [userId]);
  }

  /** The rows of the mails to a user. */
  async mailsOf(userId: string): Promise<StoredRow[]> {
    return this.query<StoredRow>(`SELECT * FROM outbox WHERE user_id = $1 AND kind LIKE 'mail.%' ORDER BY sequence`, [userId]);
  }

  /** The row of a mail to a user, once an attempt at it has failed. */
  async failedMailOf(userId: string): Promise<StoredRow> {
    const failed = async (): Promise<StoredRow | undefined> => (await this.mailsOf(userId)).find(({ last_error }) => last_error !== null);
    return eventually(failed, { what: 'an attempt at a mail has failed', timeoutMs: 30_000 });
  }

  /** The rows of the mails to a user, once all are sent; those that were postponed are due at once. */
  async sentMailsOf(userId: string): Promise<StoredRow[]> {
    return eventually(
      async () => {
        await this.letTimePass();
        await this.drain();
        const rows = await this.mailsOf(userId);
        return rows.every(({ status }) => status === 'done') ? rows : undefined;
      },
      { what: 'the mails are sent' },
    );
  }

  async allDone(userId: string): Promise<void> {
    await eventually(async () => (await this.rowsOf(userId)).every(({ status }) => status === 'done'), { what: 'the rows of the user are done' });
  }

  /** Pauses and leases end. */
  async letTimePass(): Promise<void> {
    await this.query(`UPDATE outbox SET next_attempt_at = now() WHERE status = 'pending' RETURNING id`);
  }

  /** A row as a transaction would have left it, without the request that wakes the service's own worker. */
  async append(userId: string, kind: string, payload: unknown): Promise<string> {
    const id = randomUUID();
    const insert = 'INSERT INTO outbox (id, user_id, kind, payload, occurred_at) VALUES ($1, $2, $3, $4, now()) RETURNING id';
    await this.query(insert, [id, userId, kind, JSON.stringify(payload)]);
    return id;
  }

  async appendUpdates(count: number, userId: string = randomUUID()): Promise<string> {
    for (let version = 1; version <= count; version += 1) {
      await this.append(userId, 'user.updated', userOf(userId, version));
    }
    return userId;
  }

  /** The events of a user's profile on the bus, each as its name and the version of the user. */
  published(userId: string): string[] {
    return this.bus.events.filter(ofUser(userId)).map(({ detailType, detail }) => `${detailType} ${(detail.data ?? detail.metadata.resource).version}`);
  }

  /** Everything that is left of a user in DynamoDB. */
  async remains(userId: string) {
    const { tables } = this.worker.get(DynamoDb);
    const read = new GetCommand({ TableName: tables.records, Key: { user_id: userId }, ConsistentRead: true });
    const { Item: record } = await this.worker.get(DynamoDb).send(read);
    return { todos: await this.partition(tables.todos, userId), archive: await this.partition(tables.archive, userId), record };
  }

  /** A user with todos, keyed results, an archive and a record, whose events have been published. */
  async furnish(archived = 3): Promise<SignedUp> {
    const user = await this.service.signUp();
    const token = user.accessToken;
    const post = async (path: string, body: object, key: string): Promise<void> => {
      expect((await this.service.call('POST', path, { token, body, headers: { 'Idempotency-Key': key } })).status).toBe(201);
    };
    for (let index = 0; index < 3; index += 1) {
      await post(`/users/${user.id}/todos`, { title: `Todo ${index}`, due: '2030-01-01' }, `todo-${index}`);
    }
    await post('/dynamo', { user_id: user.id, plan: 'free' }, 'record');
    await this.fill(this.worker.get(DynamoDb).tables.archive, user.id, archived);
    await this.allDone(user.id);
    return user;
  }

  /** Puts many small items into a user's partition. */
  async fill(table: string, userId: string, count: number): Promise<void> {
    for (let start = 0; start < count; start += 25) {
      const puts = Array.from({ length: Math.min(25, count - start) }, (_, index) => ({
        PutRequest: { Item: { userId, itemKey: `TODO#${start + index}`, title: 'Old' } },
      }));
      await this.worker.get(DynamoDb).send(new BatchWriteCommand({ RequestItems: { [table]: puts } }));
    }
  }

  private async partition(table: string, userId: string): Promise<Record<string, unknown>[]> {
    const { Items = [] } = await this.worker
      .get(DynamoDb)
      .send(
        new QueryCommand({ TableName: table, ConsistentRead: true, KeyConditionExpression: 'userId = :user', ExpressionAttributeValues: { ':user': userId } }),
      );
    return Items;
  }
}

/** The profile of a user, as a row's payload. */
export function userOf(id: string, version: number) {
  const now = new Date().toISOString();
  return { id, email: `${id}@example.com`, emailVerified: false, name: 'Ada', timeZone: 'UTC', role: 'user', createdAt: now, updatedAt: now, version };
}

/** Whether an event is of this user's profile. */
export const ofUser =
  (userId: string) =>
  ({ detail }: ReceivedEvent): boolean =>
    (detail.data ?? detail.metadata.resource).id === userId;

/** What {@link OutboxStage.remains} gives once a user is erased. */
export const tombstoneAlone = (userId: string) => ({
  todos: [{ userId, itemKey: 'LIST', deletedAt: expect.stringMatching(/^\d{4}-.*Z$/), expiresAt: expect.any(Number) }],
  archive: [],
  record: undefined,
});
