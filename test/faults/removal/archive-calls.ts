import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Config } from '../../../src/config/config.js';
import type { ReceivedEvent } from '../../support/aws/eventbridge.js';
import { bus, call, service, user } from '../../support/stream-stage.js';

// What specs of the archive ask for the test's user, of the service, its stores and the bus.

export function newClient(): DynamoDBClient {
  return new DynamoDBClient({
    region: 'us-east-1',
    endpoint: service.config.dynamodb.endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
}

export const tables = (): Config['dynamodb']['tables'] => service.config.dynamodb.tables;
export const create = async (title: string, more: object = {}): Promise<any> => call('POST', `/users/${user.id}/todos`, { title, ...more });
export const finish = async (title: string): Promise<any> => call('PATCH', `/todos/${(await create(title, { due: '2026-12-31' })).id}`, { status: 'done' });
export const archived = async (): Promise<any[]> => (await call('GET', `/users/${user.id}/todos?archived=true`)).items;
export const counts = async (): Promise<any> => (await call('GET', `/dashboard/${user.id}`)).todos;
export const itemOf = async (table: string, itemKey: string): Promise<any> =>
  (await service.truth.dynamodb.send(new GetCommand({ TableName: table, Key: { userId: user.id, itemKey }, ConsistentRead: true }))).Item;
export const itemsOf = async (table: string): Promise<any[]> => {
  const ofUser = { KeyConditionExpression: 'userId = :user', ExpressionAttributeValues: { ':user': user.id } };
  return (await service.truth.dynamodb.send(new QueryCommand({ TableName: table, ConsistentRead: true, ...ofUser }))).Items ?? [];
};
export const storedTodo = async (id: string): Promise<any> => itemOf(tables().todos, `TODO#${id}`);
export const eventsOf = (id: string): ReceivedEvent[] => bus.events.filter(({ detail }) => detail.data.id === id);
export const namesOf = (id: string): string[] => eventsOf(id).map(({ detailType }) => detailType);
