import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { changeRole } from '../../support/administrators.js';
import { expectProblem } from '../../support/problems.js';
import { type Answer, type SignedUp, startService, type TestService } from '../../support/service.js';
import { goodClaims, signToken } from '../../support/tokens.js';

// Real: the service, both stores and tokens. A session is made older in its row, a token by its claims.

let service: TestService;
beforeAll(async () => {
  service = await startService({ LOG_LEVEL: 'info', LOGIN_LIMIT_ACCOUNT_ADDRESS: '2' });
});
afterAll(async () => {
  await service?.stop();
});

const signIn = async ({ email, password }: SignedUp): Promise<Answer> => service.call('POST', '/auth/login', { body: { email, password } });
const refresh = async (refreshToken: string): Promise<Answer> => service.call('POST', '/auth/refresh', { body: { refreshToken } });
const remove = async (id: string, token: string): Promise<Answer> => service.call('DELETE', `/users/${id}`, { token });

/** The lines of the audit log that some work writes. */
async function auditOf(work: () => Promise<void>): Promise<Record<string, string>[]> {
  const lines: string[] = [];
  const written = jest.spyOn(process.stdout, 'write').mockImplementation((text) => (lines.push(String(text)), true));
  try {
    await work();
  } finally {
    written.mockRestore();
  }
  return lines.flatMap((text) => text.split('\n')).flatMap((line) => (line.includes('"audit"') ? [JSON.parse(line) as Record<string, string>] : []));
}

test('A user has the 20 sessions used latest; the oldest ends', async () => {
  const user = await service.signUp();
  const tokens = [user.refreshToken];
  for (let turn = 0; turn < 19; turn += 1) tokens.push((await signIn(user)).body.refreshToken);
  // The first is the oldest by sign-in, and the one used latest.
  const kept = (await refresh(user.refreshToken)).body.refreshToken as string;

  const newest = await Promise.all(Array.from({ length: 2 }, async () => signIn(user)));

  const [row] = await service.truth.query<{ count: string }>('SELECT count(*) FROM refresh_tokens WHERE user_id = $1', [user.id]);
  expect(Number(row?.count)).toBe(20);
  expect((await refresh(kept)).status).toBe(200);
  expect((await refresh(newest[0]?.body.refreshToken)).status).toBe(200);
  expect((await refresh(tokens[1] ?? '')).status).toBe(401);
  expect((await refresh(tokens[2] ?? '')).status).toBe(401);
  expect((await refresh(tokens[3] ?? '')).status).toBe(200);
});

test('A registration, and a session that the bound of 20 ends, are in the audit log', async () => {
  const user = await service.signUp();
  for (let turn = 0; turn < 19; turn += 1) await signIn(user);

  const entries = await auditOf(async () => {
    await signIn(user);
    expectProblem(
      await service.call('POST', '/users', { body: { email: user.email, name: 'Eve', password: 'correct horse battery staple' } }),
      409,
      'user.email_taken',
    );
  });

  expect(entries.map(({ audit, subject, outcome }) => `${audit} ${subject === user.id ? 'user' : 'unknown'} ${outcome}`)).toEqual([
    'auth.sign_in user ok',
    'session.ended user ok',
    'user.registered unknown failed',
  ]);
});

test('An account is deleted only by one who has given the password in the last ten minutes; refreshing does not count', async () => {
  const user = await service.signUp();
  const secret = service.config.auth.jwtSecret ?? '';
  const now = Math.floor(Date.now() / 1000);
  for (const auth_time of [now - 601, undefined, 'now']) {
    expectProblem(await remove(user.id, signToken(secret, { ...goodClaims(user.id), auth_time })), 403, 'auth.reauthentication_required');
  }

  await service.truth.query(`UPDATE refresh_tokens SET created_at = now() - interval '11 minutes' WHERE user_id = $1 RETURNING 1`, [user.id]);
  const { accessToken } = (await refresh(user.refreshToken)).body;
  expectProblem(await remove(user.id, accessToken), 403, 'auth.reauthentication_required');
  expect((await service.call('GET', '/users/me', { token: accessToken })).status).toBe(200);

  expect((await remove(user.id, (await signIn(user)).body.accessToken)).status).toBe(204);
});

test('The audit log has a line for each act that must be traceable, with ids and no address, e-mail or secret', async () => {
  let [user, admin] = [{} as SignedUp, {} as SignedUp];

  const entries = await auditOf(async () => {
    [user, admin] = [await service.signUp(), await service.signUp()];
    await service.call('POST', '/auth/login', { body: { email: user.email, password: 'not the right password' } });
    await changeRole(service.config, 'grantAdmin', admin.id);
    const granted = (await signIn(admin)).body;
    await service.call('GET', `/users/${user.id}`, { token: granted.accessToken });
    await service.call('GET', '/users', { token: granted.accessToken });
    const { refreshToken } = (await refresh(granted.refreshToken)).body;
    await refresh(refreshToken);
    await refresh(granted.refreshToken);
    await service.call('PATCH', '/users/me', { token: user.accessToken, body: { password: 'another long password', currentPassword: user.password } });
    const signedIn = await service.call('POST', '/auth/login', { body: { email: user.email, password: 'another long password' } });
    await service.call('POST', '/auth/logout', { body: { refreshToken: signedIn.body.refreshToken } });
    for (let turn = 0; turn < 3; turn += 1) await service.call('POST', '/auth/login', { body: { email: user.email, password: `guess number ${turn}` } });
    await remove(user.id, user.accessToken);
  });

  const names: Record<string, string> = { [user.id]: 'user', [admin.id]: 'admin' };
  expect(entries.map(({ audit, actor = '', subject = '', outcome }) => `${audit} ${names[actor] ?? actor} ${names[subject] ?? subject} ${outcome}`)).toEqual([
    'user.registered anonymous user ok',
    'auth.sign_in user user ok',
    'user.registered anonymous admin ok',
    'auth.sign_in admin admin ok',
    'auth.sign_in anonymous user failed',
    'user.role_changed operator admin ok',
    'auth.sign_in admin admin ok',
    'admin.read admin user ok',
    'admin.read admin all ok',
    'auth.refresh_reused anonymous admin failed',
    'user.password_changed user user ok',
    'auth.sign_in user user ok',
    'session.ended user user ok',
    'auth.sign_in anonymous user failed',
    'auth.sign_in anonymous user failed',
    'auth.sign_in anonymous unknown limited',
    'user.deleted user user ok',
  ]);
  // An operator makes no request.
  expect(entries.filter(({ requestId }) => requestId === undefined).map(({ actor }) => actor)).toEqual(['operator']);
  expect(JSON.stringify(entries)).not.toMatch(/example\.com|password |127\.0\.0\.1|correct horse/);
});
