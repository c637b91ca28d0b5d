import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { Todo } from '../../../src/features/todos/todos.js';
import type { Answer, TestService } from '../../support/service.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';

/** Routes of todos for users who have a token and nothing else, and what the table holds of them. */
export function todoCalls(service: () => TestService) {
  const newUser = (): TokenBearer => tokenBearer(service().config);
  const create = async (user: TokenBearer, content: object): Promise<Todo> =>
    (await service().call('POST', `/users/${user.id}/todos`, { token: user.token, body: content })).body;
  const change = async (user: TokenBearer, method: string, id: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> =>
    service().call(method, `/todos/${id}`, { token: user.token, body, headers });
  const batch = async (user: TokenBearer, operations: readonly unknown[], headers?: Record<string, string>): Promise<Answer> =>
    service().call('POST', `/users/${user.id}/todos/batch`, { token: user.token, body: { operations }, headers });
  const changes = async (user: TokenBearer, query: Record<string, string> = {}): Promise<Answer> =>
    service().call('GET', `/users/${user.id}/changes?${new URLSearchParams(query).toString()}`, { token: user.token });
  const listed = async (user: TokenBearer): Promise<Todo[]> =>
    (await service().call('GET', `/users/${user.id}/todos?limit=100&sort=createdAt`, { token: user.token })).body.items;
  const itemOf = async ({ id: userId }: TokenBearer, itemKey: string): Promise<Record<string, any> | undefined> => {
    const { tables } = service().config.dynamodb;
    return (await service().truth.dynamodb.send(new GetCommand({ TableName: tables.todos, Key: { userId, itemKey }, ConsistentRead: true }))).Item;
  };
  return { newUser, create, change, batch, changes, listed, itemOf };
}
