import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MailLinks, newPassword } from '../../support/mail/mail-links.js';
import { mailsTo, newMail } from '../../support/mail/mails.js';
import { expectProblem } from '../../support/problems.js';
import type { Answer } from '../../support/service.js';

/** Real: the application, both stores, and mails as files. Only a link is made older, in its row. */
describe('the link that resets the password', () => {
  let links: MailLinks;
  beforeAll(async () => {
    links = await MailLinks.start();
  });
  afterAll(async () => links?.stop());

  const signIn = async (email: string, password: string): Promise<Answer> => links.post('/auth/login', { email, password });

  test('sets it, ends every session, verifies the e-mail, and tells of it by mail', async () => {
    const user = await links.service.signUp();
    const token = await links.resetFor(user.email);

    expect((await links.reset(token)).status).toBe(204);

    expect((await signIn(user.email, user.password)).status).toBe(401);
    expect((await signIn(user.email, newPassword)).body.user).toMatchObject({ emailVerified: true, version: 2 });
    expectProblem(await links.post('/auth/refresh', { refreshToken: user.refreshToken }), 401, 'auth.invalid_refresh_token');
    expectProblem(await links.reset(token), 400, 'token.invalid');
    const notice = await newMail(links.folder, user.email, /^Your Duet at Home password was changed/);
    expect(notice.text).toContain('every session');
  });

  test('is the same for an e-mail that nobody has, and sends nothing', async () => {
    const user = await links.service.signUp();
    const unknown = `${randomUUID()}@example.com`;

    const answers = [await links.forgot(user.email.toUpperCase()), await links.forgot(unknown)];
    await newMail(links.folder, user.email, /^Reset/);
    await links.allSent();

    const comparable = ({ status, text, headers }: Answer): unknown => [status, text, [...headers.keys()], headers.get('ratelimit-policy')];
    expect(comparable(answers[0]!)).toEqual(comparable(answers[1]!));
    expect(answers[1]).toMatchObject({ status: 202, text: '' });
    expect(await mailsTo(links.folder, unknown)).toEqual([]);
  });

  test('stays as it is when the password is refused', async () => {
    const user = await links.service.signUp({ name: 'A name that is long enough' });
    const token = await links.resetFor(user.email);

    for (const password of ['short', 'correcthorsecorrecthorse', user.email, 'a NAME that is long enough', user.password]) {
      expectProblem(await links.reset(token, password), 400, 'request.invalid', ['/password']);
    }

    expect((await links.reset(token)).status).toBe(204);
  });

  test('used fifty times at once succeeds once', async () => {
    const user = await links.service.signUp();
    const token = await links.resetFor(user.email);

    const statuses = await Promise.all(Array.from({ length: 50 }, async (_, index) => (await links.reset(token, `another long password ${index}`)).status));

    // What finds no place in the queue of hashes gets 429.
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(statuses.filter((status) => status !== 204 && status !== 400 && status !== 429)).toEqual([]);
    expect((await links.profile(user)).version).toBe(2);
  });

  test('has no more use after a new password', async () => {
    const user = await links.service.signUp();
    const token = await links.resetFor(user.email);

    await links.service.call('PATCH', '/users/me', { token: user.accessToken, body: { password: newPassword, currentPassword: user.password } });

    expectProblem(await links.reset(token, 'a third long password'), 400, 'token.invalid');
    await newMail(links.folder, user.email, /password was changed/);
  });

  test('holds for an hour', async () => {
    const user = await links.service.signUp();
    const token = await links.resetFor(user.email);
    const [row] = await links.service.truth.query<{ minutes: number }>(
      `SELECT extract(epoch FROM expires_at - now())::float8 / 60 AS minutes FROM mail_tokens WHERE user_id = $1 AND purpose = 'reset'`,
      [user.id],
    );
    expect(row?.minutes).toBeGreaterThan(59);
    expect(row?.minutes).toBeLessThan(60.1);

    await links.service.truth.query('UPDATE mail_tokens SET expires_at = now() WHERE user_id = $1 RETURNING 1', [user.id]);

    expectProblem(await links.reset(token), 400, 'token.invalid');
  });
});
