import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { type Answer, startService, type TestService } from '../../support/service.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';

// Real here: the service over HTTP, and DynamoDB. What is sent at once waits for one write, and is then made in as few transactions as can be.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service?.stop();
});

const call = async (user: TokenBearer, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  service.call(method, path, { token: user.token, body, headers });
const create = async (user: TokenBearer, title: string, headers?: Record<string, string>): Promise<Answer> =>
  call(user, 'POST', `/users/${user.id}/todos`, { title }, headers);
const changes = async (user: TokenBearer, since?: string): Promise<Record<string, any>> =>
  (await call(user, 'GET', `/users/${user.id}/changes${since === undefined ? '' : `?since=${since}`}`)).body;

describe('Writes of one user that are sent at once', () => {
  test('each have the answer that they would have alone, and the change feed has each that was made', async () => {
    const user = tokenBearer(service.config);
    const titles = ['a', 'b', 'c', 'd', 'e'];
    const [a = '', b = '', c = '', d = '', e = ''] = (await Promise.all(titles.map(async (title) => create(user, title)))).map(({ body }) => body.id as string);
    const { next } = await changes(user);

    const answers = await Promise.all([
      create(user, 'first'),
      call(user, 'PATCH', `/todos/${a}`, { title: 'a2' }),
      call(user, 'PATCH', `/todos/${a}`, { status: 'done' }),
      call(user, 'PATCH', `/todos/${b}`, { title: 'b2' }, { 'If-Match': '"7"' }),
      call(user, 'DELETE', `/todos/${c}`),
      call(user, 'DELETE', `/todos/${c}`),
      create(user, 'keyed', { 'Idempotency-Key': 'k' }),
      create(user, 'keyed', { 'Idempotency-Key': 'k' }),
      create(user, 'other', { 'Idempotency-Key': 'k' }),
      call(user, 'PATCH', `/todos/${b}`, {}),
      call(user, 'POST', `/users/${user.id}/todos/batch`, {
        operations: [
          { op: 'patch', id: d, patch: { title: 'd2' } },
          { op: 'delete', id: e },
        ],
      }),
      call(user, 'POST', `/users/${user.id}/todos/batch`, {
        operations: [
          { op: 'create', todo: { title: 'not made' } },
          { op: 'delete', id: e, ifVersion: 9 },
        ],
      }),
    ]);

    const [first, , , , , , keyed, replayed] = answers.map(({ body }) => body);
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 412, 204, 404, 201, 201, 422, 200, 200, expect.any(Number)]);
    expect([404, 412]).toContain(answers.at(-1)?.status);
    expect(replayed).toEqual(keyed);
    const told = await changes(user, next);
    expect(
      told['changes'].map((change: Record<string, any>) => [change['id'], change['state'], change['todo']?.title, change['todo']?.version]).sort(),
    ).toEqual(
      [
        [first.id, 'present', 'first', 1],
        [a, 'present', 'a2', 3],
        [c, 'deleted', undefined, undefined],
        [keyed.id, 'present', 'keyed', 1],
        [d, 'present', 'd2', 2],
        [e, 'deleted', undefined, undefined],
      ].sort(),
    );
  });

  test('may together be more than DynamoDB takes as one transaction', async () => {
    const user = tokenBearer(service.config);
    const operations = Array.from({ length: 40 }, (_, turn) => ({ op: 'create', todo: { title: `Todo ${turn}` } }));

    const answers = await Promise.all(Array.from({ length: 5 }, async () => call(user, 'POST', `/users/${user.id}/todos/batch`, { operations })));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const aggregate = { TableName: service.config.dynamodb.tables.todos, Key: { userId: user.id, itemKey: 'LIST' }, ConsistentRead: true };
    expect((await service.truth.dynamodb.send(new GetCommand(aggregate))).Item).toMatchObject({ open: 200, revision: 200 });
  });
});
