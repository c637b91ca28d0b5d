import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectProblem } from '../../support/problems.js';
import { type Answer, type SignedUp, startService, type TestService } from '../../support/service.js';
import { goodClaims, signToken } from '../../support/tokens.js';

/** Real: the application, both stores and tokens. Only the times of a session are set back, in its row. */
describe('/users/{id}/sessions', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(async () => {
    await service?.stop();
  });

  const signIn = async ({ email, password }: SignedUp, headers: Record<string, string> = {}): Promise<Answer['body']> =>
    (await service.call('POST', '/auth/login', { body: { email, password }, headers })).body;
  const refresh = async (refreshToken: string): Promise<Answer> => service.call('POST', '/auth/refresh', { body: { refreshToken } });
  const list = async (token: string): Promise<Answer> => service.call('GET', '/users/me/sessions', { token });
  const remove = async (path: string, token: string): Promise<Answer> => service.call('DELETE', `/users/me/sessions${path}`, { token });
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

  test('lists where the user is signed in, latest use first, and says which one asks', async () => {
    const user = await service.signUp();
    const phone = await signIn(user, { 'User-Agent': 'Duet for phones/1.0' });

    const { status, body } = await list(phone.accessToken);

    expect(status).toBe(200);
    expect(body).toEqual({
      items: [
        { id: claimsOf(phone.accessToken).sid, createdAt: expect.any(String), lastUsedAt: expect.any(String), userAgent: 'Duet for phones/1.0', current: true },
        { id: claimsOf(user.accessToken).sid, createdAt: expect.any(String), lastUsedAt: expect.any(String), userAgent: 'node', current: false },
      ],
    });
    expect(body.items[0].lastUsedAt).toBe(body.items[0].createdAt);
  });

  test('keeps a session’s id and user agent over refreshing, and moves its last use', async () => {
    const user = await service.signUp();
    const other = await signIn(user);
    await service.truth.query(`UPDATE refresh_tokens SET created_at = created_at - interval '1 hour' WHERE user_id = $1 RETURNING 1`, [user.id]);

    const { accessToken } = (await refresh(user.refreshToken)).body;

    const { items } = (await list(accessToken)).body;
    expect(items.map(({ id, current }: { id: string; current: boolean }) => [id, current])).toEqual([
      [claimsOf(user.accessToken).sid, true],
      [claimsOf(other.accessToken).sid, false],
    ]);
    expect(Date.parse(items[0].lastUsedAt) - Date.parse(items[0].createdAt)).toBeGreaterThan(3_500_000);
    expect(items[1].lastUsedAt).toBe(items[1].createdAt);
    expect(items[0].userAgent).toBe('node');
  });

  test.each([
    ['its first 100 characters', 'x'.repeat(150), 'x'.repeat(100)],
    ['nothing but what is visible', ' \t ', null],
    ['text as text', '<script>alert(1)</script>', '<script>alert(1)</script>'],
  ])('keeps of a user agent %s', async (_, sent, kept) => {
    const { accessToken } = await signIn(await service.signUp(), { 'User-Agent': sent });

    expect((await list(accessToken)).body.items[0].userAgent).toBe(kept);
  });

  test('ends one: its refresh token holds no longer, the others do', async () => {
    const user = await service.signUp();
    const other = await signIn(user);

    expect((await remove(`/${claimsOf(other.accessToken).sid.toUpperCase()}`, user.accessToken)).status).toBe(204);

    expectProblem(await refresh(other.refreshToken), 401, 'auth.invalid_refresh_token');
    expect((await refresh(user.refreshToken)).status).toBe(200);
    expect((await list(user.accessToken)).body.items).toHaveLength(1);
    // An access token runs out by itself.
    expect((await service.call('GET', '/users/me', { token: other.accessToken })).status).toBe(200);
    expectProblem(await remove(`/${claimsOf(other.accessToken).sid}`, user.accessToken), 404, 'session.not_found');
  });

  test('ends all, the caller’s own as well, and is content when there is none', async () => {
    const user = await service.signUp();
    const other = await signIn(user);

    expect((await remove('', user.accessToken)).status).toBe(204);

    expectProblem(await refresh(user.refreshToken), 401, 'auth.invalid_refresh_token');
    expectProblem(await refresh(other.refreshToken), 401, 'auth.invalid_refresh_token');
    expect((await list(user.accessToken)).body.items).toEqual([]);
    expect((await remove('', user.accessToken)).status).toBe(204);
  });

  test('does not list what can no longer be refreshed', async () => {
    const user = await service.signUp();
    const password = 'another long password';
    await service.call('PATCH', '/users/me', { token: user.accessToken, body: { password, currentPassword: user.password } });
    expect((await list(user.accessToken)).body.items).toEqual([]);

    const { accessToken } = await signIn({ ...user, password });
    expect((await list(accessToken)).body.items).toHaveLength(1);
    await service.truth.query('UPDATE refresh_tokens SET expires_at = now() WHERE user_id = $1 RETURNING 1', [user.id]);
    expect((await list(accessToken)).body.items).toEqual([]);
  });

  test('shows and ends no one else’s', async () => {
    const [user, other] = [await service.signUp(), await service.signUp()];
    const { sid } = claimsOf(other.accessToken);

    expectProblem(await service.call('GET', `/users/${other.id}/sessions`, { token: user.accessToken }), 403, 'access.denied');
    expectProblem(await service.call('DELETE', `/users/${other.id}/sessions`, { token: user.accessToken }), 403, 'access.denied');
    expectProblem(await service.call('DELETE', `/users/${other.id}/sessions/${sid}`, { token: user.accessToken }), 403, 'access.denied');
    expectProblem(await remove(`/${sid}`, user.accessToken), 404, 'session.not_found');
    expect((await refresh(other.refreshToken)).status).toBe(200);
  });

  test('refuses what is no id, and a user who is gone', async () => {
    const user = await service.signUp();
    expectProblem(await remove('/all', user.accessToken), 400, 'request.invalid', ['/sessionId']);
    expectProblem(await remove(`/${randomUUID()}`, user.accessToken), 404, 'session.not_found');

    await service.call('DELETE', '/users/me', { token: user.accessToken });
    expectProblem(await list(user.accessToken), 404, 'user.not_found');
  });

  test('takes an access token from before sessions had ids', async () => {
    const user = await service.signUp();
    const token = signToken(service.config.auth.jwtSecret ?? '', goodClaims(user.id));

    expect((await list(token)).body.items).toEqual([expect.objectContaining({ current: false })]);
  });
});
