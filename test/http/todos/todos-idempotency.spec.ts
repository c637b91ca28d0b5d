import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { expectProblem } from '../../support/problems.js';
import { type Answer, startService, type TestService } from '../../support/service.js';
import type { TokenBearer } from '../../support/tokens.js';
import { todoCalls } from './todo-calls.js';

// Real here: the service over HTTP and DynamoDB, whose items are also read, and once changed, behind the service's back.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service?.stop();
});

const { newUser, change, itemOf } = todoCalls(() => service);
const tableName = (): string => service.config.dynamodb.tables.todos;
const post = async (user: TokenBearer, body: unknown, key: string): Promise<Answer> =>
  service.call('POST', `/users/${user.id}/todos`, { token: user.token, body, headers: { 'Idempotency-Key': key } });

describe('Idempotency-Key', () => {
  const total = async (user: TokenBearer): Promise<number> =>
    (await service.call('GET', `/users/${user.id}/todos?limit=100`, { token: user.token })).body.items.length;

  test('with the same payload replays the first answer, and says so', async () => {
    const user = newUser();
    const content = { title: 'x', due: '2030-01-01T10:00:00+02:00', tags: ['a'], checklist: [{ title: 'c' }] };
    const first = await post(user, content, 'the key');
    expectProblem(first, 400, 'request.invalid', ['/Idempotency-Key']);

    const created = await post(user, content, 'the-key');
    const replay = await post(user, content, 'the-key');

    expect([created.status, created.headers.get('Idempotency-Replayed')]).toEqual([201, null]);
    expect([replay.status, replay.text, replay.headers.get('Idempotency-Replayed')]).toEqual([201, created.text, 'true']);
    for (const header of ['Location', 'ETag', 'Content-Type']) {
      expect(replay.headers.get(header)).toBe(created.headers.get(header));
    }
    expect(await total(user)).toBe(1);
  });

  test('replays the first answer also after the todo was changed or deleted', async () => {
    const user = newUser();
    const created = await post(user, { title: 'x' }, 'k');
    await change(user, 'PATCH', created.body.id, { title: 'changed', status: 'done' });
    expect((await post(user, { title: 'x' }, 'k')).body).toEqual(created.body);
    await change(user, 'DELETE', created.body.id);
    expect((await post(user, { title: 'x' }, 'k')).body).toEqual(created.body);
    expect(await total(user)).toBe(0);
  });

  test('knows the same payload in another order, and with its defaults written out', async () => {
    const user = newUser();
    const created = await post(user, { title: 'x', priority: 'low' }, 'k');

    for (const same of [
      { priority: 'low', title: 'x' },
      { title: 'x', priority: 'low', status: 'open', tags: [], description: null },
    ]) {
      expect((await post(user, same, 'k')).body).toEqual(created.body);
    }
    expect(await total(user)).toBe(1);
  });

  test('with another payload is 422, and nothing is stored', async () => {
    const user = newUser();
    await post(user, { title: 'x', tags: ['a', 'b'] }, 'k');

    for (const other of [{ title: 'y', tags: ['a', 'b'] }, { title: 'x' }, { title: 'x', tags: ['b', 'a'] }]) {
      expectProblem(await post(user, other, 'k'), 422, 'idempotency.key_reused');
    }
    expect(await total(user)).toBe(1);
  });

  test('with a payload that is refused is not used up', async () => {
    const user = newUser();
    expect((await post(user, { title: '' }, 'k')).status).toBe(400);

    expect((await post(user, { title: 'x' }, 'k')).status).toBe(201);
  });

  test('sent 50 times at once makes one todo and 50 identical answers', async () => {
    const user = newUser();
    const key = randomUUID();

    const answers = await Promise.all(Array.from({ length: 50 }, async () => post(user, { title: 'once' }, key)));

    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(201));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('Idempotency-Replayed') === 'true')).toHaveLength(49);
    expect(await total(user)).toBe(1);
    expect(await itemOf(user, 'LIST')).toMatchObject({ open: 1, revision: 1 });
  });

  test('is each user’s own', async () => {
    const [one, other] = [newUser(), newUser()];

    const answers = [await post(one, { title: 'x' }, 'k'), await post(other, { title: 'y' }, 'k')];

    expect(answers.map(({ status, headers }) => [status, headers.get('Idempotency-Replayed')])).toEqual([
      [201, null],
      [201, null],
    ]);
  });

  test('is forgotten after 24 hours, whether or not its item was deleted by then', async () => {
    const user = newUser();
    const first = await post(user, { title: 'x' }, 'k');
    const item = await itemOf(user, 'IDEM#k');
    expect(Math.abs(item?.['expiresAt'] - (Date.now() / 1000 + 86_400))).toBeLessThan(30);
    await service.truth.dynamodb.send(
      new UpdateCommand({
        TableName: tableName(),
        Key: { userId: user.id, itemKey: 'IDEM#k' },
        UpdateExpression: 'SET expiresAt = :past',
        ExpressionAttributeValues: { ':past': Math.floor(Date.now() / 1000) - 1 },
      }),
    );

    const again = await post(user, { title: 'another' }, 'k');

    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([201, null]);
    expect(again.body.id).not.toBe(first.body.id);
    expect(await total(user)).toBe(2);
    expect((await post(user, { title: 'another' }, 'k')).body).toEqual(again.body);
  });

  test.each([
    ['1 character', 'k'],
    ['255 characters', 'k'.repeat(255)],
    ['every visible ASCII character', Array.from({ length: 94 }, (_, code) => String.fromCharCode(code + 33)).join('')],
  ])('of %s is taken', async (_, key) => {
    const user = newUser();

    const [first, second] = [await post(user, { title: 'x' }, key), await post(user, { title: 'x' }, key)];

    expect([first.status, second.text]).toEqual([201, first.text]);
  });

  test.each([
    ['empty', ''],
    ['256 characters long', 'k'.repeat(256)],
    ['with a space', 'a b'],
    ['with a tab', 'a\tb'],
    ['with a letter outside ASCII', 'clé'],
    ['sent twice', 'a, b'],
  ])('that is %s is refused, and nothing is stored', async (_, key) => {
    const user = newUser();

    expectProblem(await post(user, { title: 'x' }, key), 400, 'request.invalid', ['/Idempotency-Key']);
    expect(await total(user)).toBe(0);
  });
});
