import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Environment } from '../../src/config/config.js';
import { startService, type TestService } from '../support/service.js';

// Real: npm run seed as it is built, in a process of its own, beside a service and on its stores.

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => service?.stop());

async function seed(words: readonly string[], environment: Environment = {}): Promise<Ended> {
  const env = { ...service.environment, LOG_LEVEL: 'error', STORE_TIMEOUT_MS: '20000', ...environment };
  const command = join(process.env['DUET_TEST_BUILD'] ?? '', 'dist/local/commands/seed.js');
  return new Promise((done) => {
    execFile(process.execPath, ['--no-warnings', command, ...words], { env }, (error, out, err) =>
      done({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

test('A new account has a year of todos, whose counts, list and change feed agree; it is not filled twice by mistake', async () => {
  const [email, password] = ['grace@example.com', 'a password of some length'];
  const account = ['--email', email, '--password', password, '--name', 'Grace Hopper', '--time-zone', 'America/New_York'];

  const first = await seed(account);
  const twice = await seed(account);

  expect([first.code, first.err]).toEqual([0, '']);
  expect(first.out).toMatch(/^Grace Hopper <grace@example\.com> has \d+ todos more.*\n[^]*password "a password of some length"\n$/);
  const written = Number(/has (\d+)/.exec(first.out)?.[1]);
  expect(twice).toEqual({ code: 1, out: '', err: expect.stringContaining(`grace@example.com has ${written} todos`) });
  const token = (await service.call('POST', '/auth/login', { body: { email, password } })).body.accessToken;
  const { user, todos } = (await service.call('GET', '/dashboard/me', { token })).body;
  expect(user).toMatchObject({ name: 'Grace Hopper', timeZone: 'America/New_York' });
  expect([todos.total, todos.overdue > 0, todos.open > 5]).toEqual([written, true, true]);
  const listed = await all(async (cursor) => service.call('GET', `/users/me/todos?limit=100&sort=createdAt${cursor}`, { token }));
  expect(listed).toHaveLength(written);
  expect(listed.filter(({ status }) => status === 'done')).toHaveLength(todos.done);
  const feed = (await service.call('GET', '/users/me/changes', { token })).body;
  expect(feed.changes).toHaveLength(100);
});

test('An account with todos gets more only when that is said', async () => {
  const user = await service.signUp();
  await service.call('POST', '/users/me/todos', { token: user.accessToken, body: { title: 'Mine' } });

  expect(await seed(['--email', user.email])).toEqual({
    code: 1,
    out: '',
    err: expect.stringContaining('has 1 todos: name another account with --email, or say --more'),
  });
  const { code, out } = await seed(['--email', user.email.toUpperCase(), '--more']);

  expect(code).toBe(0);
  expect(out).not.toContain('password');
});

test.each([
  [['--email', 'no-address', '--time-zone', 'Mars/Olympus'], {}, 1, /^--email must be an e-mail address\n--time-zone must be the IANA name/],
  [['--email', 'a@example.com', '--password', 'short'], {}, 1, /^--password must/],
  [['--email', 'a@example.com', '--password', 'aannaandreevnaa'], {}, 1, /^--password /],
  [[], { RDS_HOST: 'db.example.com', RDS_PASSWORD: 'x' }, 1, /^Only stores on this machine are seeded/],
  [['--mor'], {}, 2, /unknown option '--mor'[^]*See npm run seed -- --help/],
] as const)('%j with %j says what is wrong', async (words, environment, code, says) => {
  const ended = await seed(words, environment);

  expect([ended.code, ended.out]).toEqual([code, '']);
  expect(ended.err).toMatch(says);
});

async function all(read: (cursor: string) => ReturnType<TestService['call']>): Promise<{ status: string }[]> {
  const items = [];
  for (let cursor = ''; ;) {
    const { body } = await read(cursor);
    items.push(...body.items);
    if (body.nextCursor === null) {
      return items;
    }
    cursor = `&cursor=${encodeURIComponent(body.nextCursor)}`;
  }
}
