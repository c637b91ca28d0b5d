import { afterEach, beforeEach, expect } from '@jest/globals';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { INestApplicationContext } from '@nestjs/common';
import type { Config } from '../../../src/config/config.js';
import { createWorker } from '../../../src/create-worker.js';
import { StreamsModule } from '../../../src/features/streams/streams.module.js';
import { DynamoDbModule } from '../../../src/platform/dynamodb/dynamodb.module.js';
import { type EventBridgeStandIn, type ReceivedEvent, startEventBridge } from '../../support/aws/eventbridge.js';
import { type SignedUp, startService, type TestService } from '../../support/service.js';

/** What a spec of the archive works with, from {@link start} to {@link stop}. */
export let bus: EventBridgeStandIn;
export let service: TestService;
export let worker: INestApplicationContext;
export let client: DynamoDBClient;
export let documents: DynamoDBDocumentClient;
/** Another one in each test. */
export let user: SignedUp;

/** Starts a service and a worker, with a stand-in for EventBridge. */
export async function start(archiveAfterDays: string): Promise<void> {
  bus = await startEventBridge();
  service = await startService({ EVENT_BUS_NAME: 'duet-test', EVENTBRIDGE_ENDPOINT: bus.endpoint, ARCHIVE_AFTER_DAYS: archiveAfterDays });
  worker = await createWorker(service.config, [DynamoDbModule, StreamsModule]);
  client = newClient();
  documents = DynamoDBDocumentClient.from(client);
}

export function newClient(): DynamoDBClient {
  return new DynamoDBClient({
    region: 'us-east-1',
    endpoint: service.config.dynamodb.endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
}

export async function stop(): Promise<void> {
  client.destroy();
  await worker.close();
  await service.stop();
  await bus.stop();
}

beforeEach(async () => {
  user = await service.signUp();
});

afterEach(() => {
  bus.recover();
});

export const tables = (): Config['dynamodb']['tables'] => service.config.dynamodb.tables;
export const call = async (method: string, path: string, body?: unknown): Promise<any> => {
  const answer = await service.call(method, path, { token: user.accessToken, ...(body !== undefined && { body }) });
  expect([200, 201, 204]).toContain(answer.status);
  return answer.body;
};
export const create = async (title: string, more: object = {}): Promise<any> => call('POST', `/users/${user.id}/todos`, { title, ...more });
export const finish = async (title: string): Promise<any> => call('PATCH', `/todos/${(await create(title, { due: '2026-12-31' })).id}`, { status: 'done' });
export const archived = async (): Promise<any[]> => (await call('GET', `/users/${user.id}/todos?archived=true`)).items;
export const counts = async (): Promise<any> => (await call('GET', `/dashboard/${user.id}`)).todos;
export const itemOf = async (table: string, itemKey: string): Promise<any> =>
  (await documents.send(new GetCommand({ TableName: table, Key: { userId: user.id, itemKey }, ConsistentRead: true }))).Item;
export const itemsOf = async (table: string): Promise<any[]> => {
  const ofUser = { KeyConditionExpression: 'userId = :user', ExpressionAttributeValues: { ':user': user.id } };
  return (await documents.send(new QueryCommand({ TableName: table, ConsistentRead: true, ...ofUser }))).Items ?? [];
};
export const storedTodo = async (id: string): Promise<any> => itemOf(tables().todos, `TODO#${id}`);
export const eventsOf = (id: string): ReceivedEvent[] => bus.events.filter(({ detail }) => detail.data.id === id);
export const namesOf = (id: string): string[] => eventsOf(id).map(({ detailType }) => detailType);
