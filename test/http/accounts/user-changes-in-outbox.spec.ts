import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { Postgres } from '../../../src/platform/postgres/postgres.js';
import { type Answer, type SignedUp, startService, type TestService } from '../../support/service.js';

// Real: the application, PostgreSQL, DynamoDB, tokens and hashes. Nothing is faked.

const password = 'correct horse battery staple';

let service: TestService;
/** The operator's side: a second application on the same stores, as `npm run admin` starts one. */
let operator: Awaited<ReturnType<typeof createServerApp>>;

// The rows as they were written: the outbox's worker empties them when they are published.
const writtenTo = async (userId: string): Promise<{ kind: string; payload: Record<string, unknown> }[]> =>
  operator.get(Postgres).read(async (manager) => manager.query('SELECT kind, payload FROM written WHERE user_id = $1 ORDER BY sequence', [userId]));
// With its owner's rights: the service itself may not use other tables than its own.
const keepWhatIsWritten = `
  CREATE TABLE written (LIKE outbox);
  CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN INSERT INTO written SELECT NEW.*; RETURN NEW; END';
  CREATE TRIGGER keep AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION keep();
`;

beforeAll(async () => {
  service = await startService({ LOGIN_LIMIT_ADDRESS: '100000' });
  operator = await createServerApp(service.config);
  await operator.get(Postgres).transaction(async (transaction) => transaction.query(keepWhatIsWritten));
});
afterAll(async () => {
  await operator?.close();
  await service?.stop();
});

const patch = async (user: SignedUp, body: object, headers = {}): Promise<Answer> =>
  service.call('PATCH', `/users/${user.id}`, { token: user.accessToken, body, headers });

test('Each change is in the outbox by its own transaction, in order and without credentials', async () => {
  const user = await service.signUp();
  await patch(user, { name: 'Changed' });
  await patch(user, { password: 'a wholly new password', currentPassword: 'not the right one' });
  await patch(user, { password: 'a wholly new password', currentPassword: password });
  await service.call('DELETE', `/users/${user.id}`, { token: user.accessToken });

  const rows = await writtenTo(user.id);

  const isMail = ({ kind }: { readonly kind: string }): boolean => kind.startsWith('mail.');
  expect(rows.filter(isMail).map(({ kind, payload }) => [kind, payload])).toEqual([
    ['mail.verification', {}],
    ['mail.password_changed', { to: user.email }],
  ]);
  const changes = rows.filter((row) => !isMail(row));
  expect(changes.map(({ kind, payload }) => [kind, payload['version']])).toEqual([
    ['user.registered', 1],
    ['user.updated', 2],
    ['user.updated', 3],
    ['user.deleted', 3],
  ]);
  const kept = changes.map(({ payload }) => Object.keys(payload).sort());
  expect(kept.slice(0, -1)).toEqual(Array(3).fill(['createdAt', 'email', 'emailVerified', 'id', 'name', 'role', 'timeZone', 'updatedAt', 'version']));
  expect(kept.at(-1)).toEqual(['id', 'version']);
});
