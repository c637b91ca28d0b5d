import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeCursor } from '../../../src/common/resources/cursor.js';
import { decodeSyncToken, encodeSyncToken } from '../../../src/features/sync/sync-token.js';
import { expectProblem } from '../../support/problems.js';
import { startService, type TestService } from '../../support/service.js';
import type { TokenBearer } from '../../support/tokens.js';
import { todoCalls } from '../todos/todo-calls.js';

// Real here: the service over HTTP and DynamoDB.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => service?.stop());

const { newUser, create, changes } = todoCalls(() => service);

describe('A token', () => {
  let user: TokenBearer;
  let token: string;
  beforeAll(async () => {
    user = newUser();
    await create(user, { title: 'x' });
    token = (await changes(user)).body.next;
  });

  test.each<[string, () => string]>([
    ['cut', () => token.slice(0, -1)],
    ['changed', () => `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`],
    ['empty', () => ''],
    ['of no base64url', () => '?'.repeat(20)],
    ['of a list', () => encodeCursor('TODO#1', ['todos', user.id, {}])],
    ['well made, of nonsense', () => encodeCursor('-1 0 x', ['changes', user.id])],
  ])('that is %s is refused', async (_, damaged) => {
    expectProblem(await changes(user, { since: damaged() }), 400, 'cursor.invalid', ['/since']);
  });

  test('of another user is refused', async () => {
    const other = newUser();
    await create(other, { title: 'x' });

    expectProblem(await changes(other, { since: token }), 400, 'cursor.invalid', ['/since']);
  });

  test('that is older than the markers it would need has expired, also if it is ahead of a list that was restored', async () => {
    const old = { ...decodeSyncToken(token, user.id), completeAt: Date.now() - 30 * 86_400_000 };
    const recent = { ...old, completeAt: Date.now() - 29 * 86_400_000 };
    const ahead = { ...decodeSyncToken(token, user.id), after: 1_000 };

    expectProblem(await changes(user, { since: encodeSyncToken(old, user.id) }), 410, 'sync.expired');
    expectProblem(await changes(user, { since: encodeSyncToken(ahead, user.id) }), 410, 'sync.expired');
    expect((await changes(user, { since: encodeSyncToken(recent, user.id) })).status).toBe(200);
  });

  test('stays as old as it was until its reader holds the whole list', async () => {
    const owner = newUser();
    for (const title of ['a', 'b', 'c']) await create(owner, { title });
    const old = encodeSyncToken({ after: 0, goneAfter: 3, completeAt: Date.now() - 29 * 86_400_000 }, owner.id);

    const first = (await changes(owner, { since: old, limit: '1' })).body;
    const last = (await changes(owner, { since: first.next })).body;

    expect(decodeSyncToken(first.next, owner.id).completeAt).toBe(decodeSyncToken(old, owner.id).completeAt);
    expect(Date.now() - decodeSyncToken(last.next, owner.id).completeAt).toBeLessThan(60_000);
  });
});

describe('The query', () => {
  test.each(['0', '101', '-1', 'ten', ''])('of limit "%s" is refused', async (limit) => {
    expectProblem(await changes(newUser(), { limit }), 400, 'request.invalid', ['/limit']);
  });

  test('of an unknown parameter is refused, and so is another user’s path', async () => {
    const user = newUser();

    expectProblem(await changes(user, { cursor: 'x' }), 400, 'request.invalid');
    const { status, body } = await service.call('GET', `/users/${newUser().id}/changes`, { token: user.token });
    expect([status, body.code]).toEqual([403, 'access.denied']);
    expect((await service.call('GET', '/users/me/changes', { token: user.token })).status).toBe(200);
    expect((await service.call('GET', `/users/${user.id}/changes`)).status).toBe(401);
  });
});
