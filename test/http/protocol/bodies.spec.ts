import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readContract } from '../../contract/document.js';
import { expectProblem } from '../../support/problems.js';
import { type SignedUp, startService, type TestService } from '../../support/service.js';

// Real: the whole service on embedded stores. What holds for the body of every route.

const withBody = (await readContract()).operations.filter(({ body }) => body !== undefined);
let service: TestService;
let user: SignedUp;
beforeAll(async () => {
  service = await startService();
  user = await service.signUp();
});
afterAll(async () => service?.stop());

describe('A name that stands twice in one object', () => {
  test.each(withBody.map(({ method, path }) => [method, path]))('is 400 in the body of %s %s, and the answer names it', async (method, path) => {
    const id = path.startsWith('/todos/') ? '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c' : user.id;

    const answer = await service.call(method, path.replace('{id}', id), { token: user.accessToken, body: '{"a":{"b":1,"b":2}}' });

    expectProblem(answer, 400, 'request.invalid', ['/a/b']);
  });

  test('is no todo with the last of two titles', async () => {
    expectProblem(await service.call('POST', '/users/me/todos', { token: user.accessToken, body: '{"title":"a","title":"b"}' }), 400, 'request.invalid', [
      '/title',
    ]);
    expect((await service.call('GET', '/users/me/todos', { token: user.accessToken })).body.items).toEqual([]);
  });
});

describe('A text in which nothing can be seen', () => {
  test.each([
    ['POST', '/users/me/todos', (text: string) => ({ title: text }), '/title'],
    ['POST', '/users/me/todos', (text: string) => ({ title: 'x', tags: ['a', text] }), '/tags/1'],
    ['POST', '/users/me/todos', (text: string) => ({ title: 'x', checklist: [{ title: text }] }), '/checklist/0/title'],
    ['PATCH', '/users/me', (text: string) => ({ name: text }), '/name'],
    ['POST', '/users', (text: string) => ({ email: 'x@example.com', password: 'correct horse battery staple', name: text }), '/name'],
  ])('is 400 in %s %s: %#', async (method, path, bodyOf, pointer) => {
    for (const text of ['\u200B', '\u2800', '\u3164', ' \u2060\u00AD']) {
      expectProblem(await service.call(method, path, { token: user.accessToken, body: bodyOf(text) }), 400, 'request.invalid', [pointer]);
    }
  });

  test('is refused in every field of a todo that a PUT or a PATCH writes', async () => {
    const { body: todo } = await service.call('POST', '/users/me/todos', { token: user.accessToken, body: { title: 'x' } });
    for (const method of ['PUT', 'PATCH']) {
      const body = { title: '\u200B', tags: ['\u2800'], checklist: [{ title: '\u3164' }] };
      expectProblem(await service.call(method, `/todos/${todo.id}`, { token: user.accessToken, body }), 400, 'request.invalid', [
        '/title',
        '/tags/0',
        '/checklist/0/title',
      ]);
    }
  });
});
