import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readContract } from '../../contract/document.js';
import { expectProblem } from '../../support/problems.js';
import { type SignedUp, startService, type TestService } from '../../support/service.js';
import { tokenBearer } from '../../support/tokens.js';

// Real: the whole service on embedded stores.

const ofUsers = (await readContract()).operations.filter(({ path }) => path.includes('{id}') && !path.startsWith('/todos/'));
let service: TestService;
let user: SignedUp;
beforeAll(async () => {
  service = await startService();
  user = await service.signUp();
});
afterAll(async () => service?.stop());

describe('`me` in place of a user’s id', () => {
  test.each(ofUsers.map(({ method, path }) => [method, path]))('means the caller’s own in %s %s', async (method, path) => {
    const caller = method === 'DELETE' ? await service.signUp() : user;
    const body = path.endsWith('/batch')
      ? { operations: [{ op: 'create', todo: { title: 'mine' } }] }
      : { POST: { title: 'mine' }, PATCH: { name: 'Me' } }[method];

    const [session] = (await service.call('GET', '/users/me/sessions', { token: caller.accessToken })).body.items;

    const ownPath = path.replace('{id}', 'me').replace('{sessionId}', session.id);
    const answer = await service.call(method, ownPath, { token: caller.accessToken, body });

    expect([200, 201, 202, 204]).toContain(answer.status);
    const { id, userId, user: profile } = answer.body ?? {};
    expect([caller.id, undefined]).toContain(userId ?? profile?.id ?? (path === '/users/{id}' ? id : undefined));
  });

  test('is an administrator’s own too', async () => {
    const admin = tokenBearer(service.config, 'UTC', 'admin', user.id);

    expect((await service.call('GET', '/users/me', { token: admin.token })).body.id).toBe(user.id);
  });

  test('needs a token like any other id', async () => {
    for (const { method, path } of ofUsers) {
      expectProblem(await service.call(method, path.replace('{id}', 'me')), 401, 'auth.token_missing');
    }
  });

  test('is written in small letters', async () => {
    expectProblem(await service.call('GET', '/users/ME', { token: user.accessToken }), 403, 'access.denied');
  });

  test('is no id of a todo', async () => {
    expectProblem(await service.call('GET', '/todos/me', { token: user.accessToken }), 400, 'request.invalid', ['/id']);
  });
});
