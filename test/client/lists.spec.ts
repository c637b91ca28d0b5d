import { describe, expect, test } from '@jest/globals';
import { ClientHarness, failureOf } from './client-harness.js';

// Real here: the client, the service over HTTP and both stores. Servers that misbehave are small ones, over real sockets.

const harness = new ClientHarness();
const { answering, client, signedIn } = harness;

describe('A list', () => {
  test('is read page by page, as far as it is asked for', async () => {
    const { duet, attempts } = await signedIn();
    for (const title of ['1', '2', '3', '4', '5']) {
      await duet.todos.create({ title, tags: title === '3' ? ['odd'] : [] });
    }

    const titles: string[] = [];
    for await (const { title } of duet.todos.list({ limit: 2, sort: 'createdAt' })) {
      titles.push(title);
    }
    expect(titles).toEqual(['1', '2', '3', '4', '5']);
    expect(attempts('GET')).toHaveLength(3);

    expect((await duet.todos.list({ limit: 2 }).take(2)).map(({ title }) => title)).toEqual(['5', '4']);
    expect(await duet.todos.list().take(0)).toEqual([]);
    expect(attempts('GET')).toHaveLength(4);
    expect((await duet.todos.list({ tag: 'odd', status: ['open', 'done'], limit: 1 }).take(9)).map(({ title }) => title)).toEqual(['3']);
  });

  test('goes on behind an empty page', async () => {
    const pages = [
      { items: [], nextCursor: 'a' },
      { items: [{ title: 'Late' }], nextCursor: null },
    ];
    const baseUrl = await answering(...pages.map((page) => ({ status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(page) })));
    const { duet } = client({ baseUrl, session: { userId: 'u', accessToken: 'a', refreshToken: 'r' } });

    expect(await duet.todos.list().take(9)).toEqual([{ title: 'Late' }]);
  });

  test('of everyone is for admins', async () => {
    const { duet } = await signedIn();

    expect((await failureOf(duet.users.list().take(1))).code).toBe('access.denied');
    expect((await failureOf(duet.records.list({ limit: 1 }).take(1))).code).toBe('access.denied');
  });
});
