import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { newId } from '../../../src/common/ids.js';
import { toArchiveItem } from '../../../src/features/todos/persistence/todo-items.js';
import { archivedTodo, newTodo } from '../../../src/features/todos/todos.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { signUpAdmin } from '../../support/administrators.js';
import { expectProblem } from '../../support/problems.js';
import { type Answer, callService, type SignedUp, startService, type TestService } from '../../support/service.js';
import { deadPort } from '../../support/wire.js';

// Real here: the service over HTTP and both stores. The purge is one that has not begun: the tombstone is written into the table, and all the user's items stay.

let service: TestService;
let user: SignedUp;
let todoId: string;
let archivedId: string;
beforeAll(async () => {
  service = await startService();
  user = await service.signUp();
  todoId = (await call('POST', `/users/${user.id}/todos`, { title: 'x', due: '2030-01-01' })).body.id;
  await call('POST', '/dynamo', { user_id: user.id, secret: 1 });
  const archived = archivedTodo(newTodo({ ...newId(), userId: user.id }, { ...content, status: 'done' }), new Date().toISOString());
  archivedId = archived.id;
  await service.truth.dynamodb.send(
    new PutCommand({ TableName: service.config.dynamodb.tables.archive, Item: toArchiveItem(archived) as Record<string, unknown> }),
  );
  await service.truth.dynamodb.send(
    new UpdateCommand({
      TableName: service.config.dynamodb.tables.todos,
      Key: { userId: user.id, itemKey: 'LIST' },
      UpdateExpression: 'SET deletedAt = :now',
      ExpressionAttributeValues: { ':now': new Date().toISOString() },
    }),
  );
});
afterAll(async () => {
  await service?.stop();
});

const content = { title: 'x', description: null, priority: 'normal', due: null, tags: [], checklist: [] } as const;
const call = async (method: string, path: string, body?: unknown): Promise<Answer> => service.call(method, path, { token: user.accessToken, body });

describe('Once a user’s tombstone stands, whatever is still to be purged', () => {
  test.each([
    ['newest first', ''],
    ['by due', '?sort=due'],
    ['filtered', '?q=x'],
    ['in the archive', '?archived=true'],
  ])('no todo is listed %s', async (_, query) => {
    expect((await call('GET', `/users/${user.id}/todos${query}`)).body).toEqual({ items: [], nextCursor: null });
  });

  test('no todo is read by its id, nor one in the archive', async () => {
    expectProblem(await call('GET', `/todos/${todoId}`), 404, 'todo.not_found');
    expectProblem(await call('GET', `/todos/${archivedId}`), 404, 'todo.not_found');
  });

  test('no archived todo is changed or deleted', async () => {
    expectProblem(await call('PATCH', `/todos/${archivedId}`, { title: 'y' }), 404, 'user.not_found');
    expectProblem(await call('DELETE', `/todos/${archivedId}`), 404, 'user.not_found');
  });

  test('the record is not read, changed or deleted', async () => {
    expectProblem(await call('GET', `/dynamo?user_id=${user.id}`), 404, 'record.not_found');
    expectProblem(await call('PATCH', '/dynamo', { user_id: user.id, updatedKey: 'a', updatedValue: 1 }), 404, 'record.not_found');
    expectProblem(await call('DELETE', `/dynamo?user_id=${user.id}`), 404, 'record.not_found');
  });

  test('the record is in no admin’s list', async () => {
    const { accessToken: token } = await signUpAdmin(service);

    expect((await service.call('GET', '/dynamo', { token })).body).toEqual({ items: [], nextCursor: null });
  });

  test('the dashboard shows nothing, not even while PostgreSQL cannot be asked', async () => {
    expectProblem(await call('GET', `/dashboard/${user.id}`), 404, 'user.not_found');
    const { config } = service;
    const alone = await createServerApp({ ...config, postgres: { ...config.postgres, port: await deadPort() } });
    try {
      await alone.listen(0, '127.0.0.1');
      expectProblem(await callService(await alone.getUrl(), 'GET', `/dashboard/${user.id}`, { token: user.accessToken }), 404, 'user.not_found');
    } finally {
      await alone.close();
    }
  });
});
