import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { type Answer, startService, type TestService } from '../../support/service.js';

// Real: the application, PostgreSQL, DynamoDB, tokens and hashes. Only the clock of a refresh token is set back, in its row.

const password = 'correct horse battery staple';

let service: TestService;
beforeAll(async () => {
  service = await startService({ LOGIN_LIMIT_ADDRESS: '100000' });
});
afterAll(async () => {
  await service?.stop();
});

const signIn = async (email: string, word: string): Promise<Answer> => service.call('POST', '/auth/login', { body: { email, password: word } });
const refresh = async (refreshToken: string): Promise<Answer> => service.call('POST', '/auth/refresh', { body: { refreshToken } });

describe('POST /auth/refresh', () => {
  test('rotates: another pair, good for the next', async () => {
    const user = await service.signUp();

    const first = await refresh(user.refreshToken);
    const second = await refresh(first.body.refreshToken);

    expect([first.status, second.status]).toEqual([200, 200]);
    expect(new Set([user.refreshToken, first.body.refreshToken, second.body.refreshToken]).size).toBe(3);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect((await service.call('GET', `/users/${user.id}`, { token: second.body.accessToken })).status).toBe(200);
    expect(second.body.user.id).toBe(user.id);
  });

  test('for a reply that was lost, gives the same successor again', async () => {
    const user = await service.signUp();
    const lost = await refresh(user.refreshToken);

    const again = await refresh(user.refreshToken);

    expect(again.status).toBe(200);
    expect(again.body.refreshToken).toBe(lost.body.refreshToken);
    expect((await refresh(again.body.refreshToken)).status).toBe(200);
  });

  test('ends the family when a spent token comes after its successor was used, and stays ended', async () => {
    const user = await service.signUp();
    const first = (await refresh(user.refreshToken)).body.refreshToken;
    const second = (await refresh(first)).body.refreshToken;

    const { status, body } = await refresh(user.refreshToken);

    expect([status, body.code]).toEqual([401, 'auth.invalid_refresh_token']);
    for (const token of [second, first, user.refreshToken]) {
      expect((await refresh(token)).status).toBe(401);
    }
    expect((await service.call('POST', '/auth/login', { body: { email: user.email, password } })).status).toBe(200);
  });

  test('ends the family when the latest spent token comes after 10 s', async () => {
    const user = await service.signUp();
    const successor = (await refresh(user.refreshToken)).body.refreshToken;
    await service.truth.query("UPDATE refresh_tokens SET spent_at = spent_at - interval '10.1 s' WHERE user_id = $1", [user.id]);

    expect((await refresh(user.refreshToken)).status).toBe(401);
    expect((await refresh(successor)).status).toBe(401);
  });

  test('is over 30 days after sign-in, however often it was used', async () => {
    const user = await service.signUp();
    const next = (await refresh(user.refreshToken)).body.refreshToken;
    const [row] = await service.truth.query<{ days: number }>(
      'SELECT extract(epoch FROM expires_at - created_at) / 86400 AS days FROM refresh_tokens WHERE user_id = $1',
      [user.id],
    );
    expect(Number(row?.days)).toBeCloseTo(30, 3);
    await service.truth.query('UPDATE refresh_tokens SET expires_at = now() WHERE user_id = $1', [user.id]);

    expect((await refresh(next)).status).toBe(401);
  });

  test('sent ten times at once neither locks the user out nor leaves several live chains', async () => {
    const user = await service.signUp();

    const answers = await Promise.all(Array.from({ length: 10 }, async () => refresh(user.refreshToken)));

    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
    const next = await refresh(answers[0]?.body.refreshToken);
    expect(next.status).toBe(200);
    expect((await refresh(next.body.refreshToken)).status).toBe(200);
  });

  test('that waits behind another presentation decides by what that one left', async () => {
    const user = await service.signUp();

    await service.truth.query('BEGIN');
    await service.truth.query('SELECT 1 FROM refresh_tokens WHERE user_id = $1 FOR UPDATE', [user.id]);
    const waiting = refresh(user.refreshToken);
    const waitsForUs = 'SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))';
    await eventually(async () => (await service.truth.query(waitsForUs)).length > 0, { what: 'the refresh waits for the row' });
    await service.truth.query('DELETE FROM refresh_tokens WHERE user_id = $1', [user.id]);
    await service.truth.query('COMMIT');

    expect((await waiting).status).toBe(401);
  });

  test('ends one sign-in only, not the user’s others', async () => {
    const user = await service.signUp();
    const other = (await signIn(user.email, password)).body.refreshToken;
    await service.call('POST', '/auth/logout', { body: { refreshToken: user.refreshToken } });

    expect((await refresh(user.refreshToken)).status).toBe(401);
    expect((await refresh(other)).status).toBe(200);
  });

  test('is refused for a token that never was, and 400 for what is none', async () => {
    const user = await service.signUp();

    for (const token of ['x', randomBytes(48).toString('base64url'), user.accessToken, `${user.refreshToken}=`]) {
      const { status, body } = await refresh(token);
      expect([status, body.code]).toEqual([401, 'auth.invalid_refresh_token']);
    }
    for (const body of [{}, { refreshToken: 1 }, { refreshToken: '' }, { refreshToken: 'x', more: 1 }]) {
      expect((await service.call('POST', '/auth/refresh', { body })).status).toBe(400);
    }
    expect((await refresh(user.refreshToken)).status).toBe(200);
  });

  test('reads the profile afresh', async () => {
    const user = await service.signUp();
    await service.call('PATCH', `/users/${user.id}`, { token: user.accessToken, body: { timeZone: 'Asia/Tokyo' } });

    const { body } = await refresh(user.refreshToken);

    expect(JSON.parse(Buffer.from(body.accessToken.split('.')[1], 'base64url').toString()).zoneinfo).toBe('Asia/Tokyo');
    expect(body.user.timeZone).toBe('Asia/Tokyo');
  });

  test('leaves only hashes in the store', async () => {
    const user = await service.signUp();
    const { refreshToken } = (await refresh(user.refreshToken)).body;

    const [row] = await service.truth.query<Record<string, unknown>>('SELECT * FROM refresh_tokens WHERE user_id = $1', [user.id]);

    const stored = Object.values(row ?? {}).map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : String(value)));
    for (const token of [user.refreshToken, refreshToken]) {
      const bytes = Buffer.from(token, 'base64url');
      for (const part of [bytes, bytes.subarray(0, 16), bytes.subarray(16)]) {
        expect(stored.some((value) => value.includes(part.toString('hex')))).toBe(false);
      }
    }
  });
});

describe('POST /auth/logout', () => {
  test('ends the session, and answers 204 also when it has ended or never was', async () => {
    const user = await service.signUp();
    const logout = async (refreshToken: unknown): Promise<number> => (await service.call('POST', '/auth/logout', { body: { refreshToken } })).status;

    expect([await logout(user.refreshToken), await logout(user.refreshToken), await logout('never was'), await logout(7)]).toEqual([204, 204, 204, 400]);
    expect((await refresh(user.refreshToken)).status).toBe(401);
  });
});
