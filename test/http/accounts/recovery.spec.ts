import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { mailsTo, newMail, tokenIn } from '../../support/mails.js';
import { expectProblem } from '../../support/problems.js';
import { type Answer, callService, type SignedUp, startService, type TestService } from '../../support/service.js';

const newPassword = 'another long password';

/** Real: the application, both stores, and mails as files. Only a link is made older, in its row. */
describe('a link in a mail', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService({ APP_URL: 'https://app.example.com/', MAIL_FROM: 'Duet at Home <duet@example.com>', MAIL_LIMIT_ADDRESS: '1000000' });
  });
  afterAll(async () => {
    await service?.stop();
  });

  const post = async (path: string, body: object): Promise<Answer> => service.call('POST', path, { body });
  const verify = async (token: string): Promise<Answer> => post('/auth/verify', { token });
  const reset = async (token: string, password = newPassword): Promise<Answer> => post('/auth/reset', { token, password });
  const forgot = async (email: string): Promise<Answer> => post('/auth/forgot', { email });
  const resend = async ({ accessToken }: SignedUp): Promise<Answer> => service.call('POST', '/users/me/verification', { token: accessToken });
  const profile = async ({ accessToken }: SignedUp): Promise<Answer['body']> => (await service.call('GET', '/users/me', { token: accessToken })).body;
  const signIn = async (email: string, password: string): Promise<Answer> => post('/auth/login', { email, password });
  const folder = (): string => service.config.dataDir;
  const verificationOf = async ({ email }: { readonly email: string }): Promise<string> => tokenIn(await newMail(folder(), email, /^Verify/), 'verify');
  const resetFor = async (email: string): Promise<string> => {
    const before = (await mailsTo(folder(), email)).map(({ file }) => file);
    expect((await forgot(email)).status).toBe(202);
    return tokenIn(await newMail(folder(), email, /^Reset/, before), 'reset');
  };

  describe('that verifies the e-mail', () => {
    test('is sent at registration, and makes the e-mail verified, once', async () => {
      const user = await service.signUp({ name: 'Ada' });
      expect(await profile(user)).toMatchObject({ emailVerified: false, version: 1 });
      const mail = await newMail(folder(), user.email, /^Verify/);
      const token = tokenIn(mail, 'verify');

      expect((await verify(token)).status).toBe(204);

      expect(await profile(user)).toMatchObject({ emailVerified: true, version: 2 });
      expectProblem(await verify(token), 400, 'token.invalid');
      expect(mail).toMatchObject({
        from: { name: 'Duet at Home', address: 'duet@example.com' },
        subject: 'Verify your e-mail address for Duet at Home',
        text: expect.stringContaining(`https://app.example.com/#/verify/${token}`),
        html: expect.stringContaining(`href="https://app.example.com/#/verify/${token}"`),
        messageId: expect.stringMatching(/^<[\da-f-]{36}@example\.com>$/),
      });
      expect(mail.headers['auto-submitted']).toBe('auto-generated');
    });

    test('can be had again, which ends the one before', async () => {
      const user = await service.signUp();
      const first = await verificationOf(user);
      const before = (await mailsTo(folder(), user.email)).map(({ file }) => file);

      expect((await resend(user)).status).toBe(202);
      const second = tokenIn(await newMail(folder(), user.email, /^Verify/, before), 'verify');

      expectProblem(await verify(first), 400, 'token.invalid');
      expect((await verify(second)).status).toBe(204);
    });

    test('is not sent to an e-mail that is verified', async () => {
      const user = await service.signUp();
      await verify(await verificationOf(user));

      expect((await resend(user)).status).toBe(202);
      await allSent(user);

      expect(await mailsTo(folder(), user.email)).toHaveLength(1);
    });

    test('holds for 24 hours', async () => {
      const user = await service.signUp();
      const token = await verificationOf(user);
      const [row] = await service.truth.query<{ hours: number }>(
        `SELECT extract(epoch FROM expires_at - now())::float8 / 3600 AS hours FROM mail_tokens WHERE user_id = $1`,
        [user.id],
      );
      expect(row?.hours).toBeGreaterThan(23.9);
      expect(row?.hours).toBeLessThan(24.01);

      await service.truth.query('UPDATE mail_tokens SET expires_at = now() WHERE user_id = $1 RETURNING 1', [user.id]);

      expectProblem(await verify(token), 400, 'token.invalid');
    });

    test('used fifty times at once succeeds once', async () => {
      const user = await service.signUp();
      const token = await verificationOf(user);

      const statuses = await Promise.all(Array.from({ length: 50 }, async () => (await verify(token)).status));

      expect(statuses.filter((status) => status === 204)).toHaveLength(1);
      expect(statuses.filter((status) => status === 400)).toHaveLength(49);
      expect((await profile(user)).version).toBe(2);
    });
  });

  describe('that resets the password', () => {
    test('sets it, ends every session, verifies the e-mail, and tells of it by mail', async () => {
      const user = await service.signUp();
      const token = await resetFor(user.email);

      expect((await reset(token)).status).toBe(204);

      expect((await signIn(user.email, user.password)).status).toBe(401);
      expect((await signIn(user.email, newPassword)).body.user).toMatchObject({ emailVerified: true, version: 2 });
      expectProblem(await post('/auth/refresh', { refreshToken: user.refreshToken }), 401, 'auth.invalid_refresh_token');
      expectProblem(await reset(token), 400, 'token.invalid');
      const notice = await newMail(folder(), user.email, /^Your Duet at Home password was changed/);
      expect(notice.text).toContain('every session');
    });

    test('is the same for an e-mail that nobody has, and sends nothing', async () => {
      const user = await service.signUp();
      const unknown = `${randomUUID()}@example.com`;

      const answers = [await forgot(user.email.toUpperCase()), await forgot(unknown)];
      await newMail(folder(), user.email, /^Reset/);
      await allSent();

      const comparable = ({ status, text, headers }: Answer): unknown => [status, text, [...headers.keys()], headers.get('ratelimit-policy')];
      expect(comparable(answers[0]!)).toEqual(comparable(answers[1]!));
      expect(answers[1]).toMatchObject({ status: 202, text: '' });
      expect(await mailsTo(folder(), unknown)).toEqual([]);
    });

    test('stays as it is when the password is refused', async () => {
      const user = await service.signUp({ name: 'A name that is long enough' });
      const token = await resetFor(user.email);

      for (const password of ['short', 'correcthorsecorrecthorse', user.email, 'a NAME that is long enough', user.password]) {
        expectProblem(await reset(token, password), 400, 'request.invalid', ['/password']);
      }

      expect((await reset(token)).status).toBe(204);
    });

    test('used fifty times at once succeeds once', async () => {
      const user = await service.signUp();
      const token = await resetFor(user.email);

      const statuses = await Promise.all(Array.from({ length: 50 }, async (_, index) => (await reset(token, `another long password ${index}`)).status));

      // What finds no place in the queue of hashes gets 429.
      expect(statuses.filter((status) => status === 204)).toHaveLength(1);
      expect(statuses.filter((status) => status !== 204 && status !== 400 && status !== 429)).toEqual([]);
      expect((await profile(user)).version).toBe(2);
    });

    test('has no more use after a new password', async () => {
      const user = await service.signUp();
      const token = await resetFor(user.email);

      await service.call('PATCH', '/users/me', { token: user.accessToken, body: { password: newPassword, currentPassword: user.password } });

      expectProblem(await reset(token, 'a third long password'), 400, 'token.invalid');
      await newMail(folder(), user.email, /password was changed/);
    });

    test('holds for an hour', async () => {
      const user = await service.signUp();
      const token = await resetFor(user.email);
      const [row] = await service.truth.query<{ minutes: number }>(
        `SELECT extract(epoch FROM expires_at - now())::float8 / 60 AS minutes FROM mail_tokens WHERE user_id = $1 AND purpose = 'reset'`,
        [user.id],
      );
      expect(row?.minutes).toBeGreaterThan(59);
      expect(row?.minutes).toBeLessThan(60.1);

      await service.truth.query('UPDATE mail_tokens SET expires_at = now() WHERE user_id = $1 RETURNING 1', [user.id]);

      expectProblem(await reset(token), 400, 'token.invalid');
    });
  });

  test('ends with a new e-mail, which has to be verified again; the old one is told', async () => {
    const user = await service.signUp();
    const [verification, resetting] = [await verificationOf(user), await resetFor(user.email)];
    const email = `new-${user.email}`;

    const { body } = await service.call('PATCH', '/users/me', { token: user.accessToken, body: { email, currentPassword: user.password } });

    expect(body).toMatchObject({ email, emailVerified: false });
    expectProblem(await verify(verification), 400, 'token.invalid');
    expectProblem(await reset(resetting), 400, 'token.invalid');
    const notice = await newMail(folder(), user.email, /e-mail address was changed/);
    expect(notice.text).not.toContain(email);
    expect((await verify(await verificationOf({ email }))).status).toBe(204);
    expect(await profile(user)).toMatchObject({ email, emailVerified: true });

    await service.call('PATCH', '/users/me', { token: user.accessToken, body: { email: user.email, currentPassword: user.password } });
    expect(await profile(user)).toMatchObject({ emailVerified: false });
  });

  test.each([
    ['unknown', () => Buffer.alloc(32).toString('base64url')],
    ['cut short', (token: string) => token.slice(0, -1)],
    ['longer', (token: string) => `${token}A`],
    ['padded', (token: string) => `${token}=`],
    ['empty but for spaces', () => ' '],
    ['in another alphabet', (token: string) => Buffer.from(token, 'base64url').toString('base64')],
  ])('with a token that is %s does not hold', async (_, alter) => {
    const token = await verificationOf(await service.signUp());

    const altered = alter(token);
    for (const answer of [await verify(altered), await reset(altered)]) {
      expectProblem(answer, 400, 'token.invalid');
    }
  });

  test('of one purpose is none of the other', async () => {
    const user = await service.signUp();
    const [verification, resetting] = [await verificationOf(user), await resetFor(user.email)];

    expectProblem(await reset(verification), 400, 'token.invalid');
    expectProblem(await verify(resetting), 400, 'token.invalid');
    expect((await verify(verification)).status).toBe(204);
    expect((await reset(resetting)).status).toBe(204);
  });

  test('is gone with its user', async () => {
    const user = await service.signUp();
    const [verification, resetting] = [await verificationOf(user), await resetFor(user.email)];
    await service.call('DELETE', '/users/me', { token: user.accessToken });

    expectProblem(await verify(verification), 400, 'token.invalid');
    expectProblem(await reset(resetting), 400, 'token.invalid');
    expectProblem(await resend(user), 404, 'user.not_found');
    expect(await service.truth.query('SELECT 1 FROM mail_tokens WHERE user_id = $1', [user.id])).toEqual([]);
    expect((await forgot(user.email)).status).toBe(202);
    await allSent();
    expect(await mailsTo(folder(), user.email)).toHaveLength(2);
  });

  test.each([
    ['/auth/forgot', {}, '/email'],
    ['/auth/forgot', { email: 'no address' }, '/email'],
    ['/auth/forgot', { email: 'ada@example.com\r\nBcc: eve@example.com' }, '/email'],
    ['/auth/forgot', { email: 'ada@example.com', name: 'Ada' }, '/name'],
    ['/auth/verify', {}, '/token'],
    ['/auth/verify', { token: 7 }, '/token'],
    ['/auth/verify', { token: '' }, '/token'],
    ['/auth/verify', { token: 'x'.repeat(1025) }, '/token'],
    ['/auth/reset', { token: 'x' }, '/password'],
  ])('is refused with 400: %s %j', async (path, body, pointer) => {
    expectProblem(await post(path, body), 400, 'request.invalid', [pointer]);
  });

  test('is asked for by its user alone', async () => {
    const [user, other] = [await service.signUp(), await service.signUp()];

    expectProblem(await service.call('POST', `/users/${other.id}/verification`, { token: user.accessToken }), 403, 'access.denied');
    expectProblem(await service.call('POST', '/users/me/verification'), 401, 'auth.token_missing');
  });

  test('is sent five times an hour to one account, and the answer stays the same', async () => {
    const user = await service.signUp();
    const statuses: number[] = [];
    for (let turn = 0; turn < 7; turn += 1) statuses.push((await forgot(user.email)).status, (await resend(user)).status);
    await allSent(user);

    expect(statuses).toEqual(Array.from({ length: 14 }, () => 202));
    const subjects = (await mailsTo(folder(), user.email)).map(({ subject = '' }) => subject.split(' ')[0]);
    expect(subjects.filter((word) => word === 'Reset')).toHaveLength(5);
    // One was sent at registration.
    expect(subjects.filter((word) => word === 'Verify')).toHaveLength(6);
  });

  test('leaves its token in no row, and in no event', async () => {
    const user = await service.signUp();
    const tokens = [await verificationOf(user), await resetFor(user.email)];

    const tables = await service.truth.query<{ name: string }>(
      `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    const rows = await Promise.all(tables.map(async ({ name }) => service.truth.query<{ row: string }>(`SELECT ${name}::text AS row FROM ${name}`)));
    const everything = rows.flat().map(({ row }) => row);

    expect(everything.some((row) => row.includes(user.id))).toBe(true);
    for (const token of tokens) {
      const hex = Buffer.from(token, 'base64url').toString('hex');
      expect(everything.filter((row) => row.includes(token) || row.includes(hex))).toEqual([]);
    }
  });

  test('is asked for in vain where no mail is set up', async () => {
    const user = await service.signUp();
    const app = await createServerApp({ ...service.config, mail: { ...service.config.mail, route: { kind: 'none' } } });
    try {
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      expectProblem(await callService(url, 'POST', '/auth/forgot', { body: { email: user.email } }), 503, 'mail.unavailable');
      expectProblem(await callService(url, 'POST', '/users/me/verification', { token: user.accessToken }), 503, 'mail.unavailable');
      const body = { email: `${randomUUID()}@example.com`, name: 'Ada', password: user.password };
      const { body: registered } = await callService(url, 'POST', '/users', { body });
      expect(await service.truth.query(`SELECT 1 FROM outbox WHERE user_id = $1 AND kind LIKE 'mail.%'`, [registered.id])).toEqual([]);
    } finally {
      await app.close();
    }
  });

  test('is what sign-in asks for with REQUIRE_VERIFIED_EMAIL', async () => {
    const app = await createServerApp({ ...service.config, mail: { ...service.config.mail, requireVerified: true } });
    try {
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      const body = { email: `${randomUUID()}@example.com`, password: 'correct horse battery staple' };
      expect((await callService(url, 'POST', '/users', { body: { ...body, name: 'Ada' } })).status).toBe(201);
      const login = async (password: string) => callService(url, 'POST', '/auth/login', { body: { ...body, password } });

      expectProblem(await login(body.password), 403, 'auth.email_unverified');
      expectProblem(await login('not the right password'), 401, 'auth.invalid_credentials');
      expect((await verify(await verificationOf(body))).status).toBe(204);
      expect((await login(body.password)).status).toBe(200);
    } finally {
      await app.close();
    }
  });

  /** Every mail that was asked for has been dealt with. */
  async function allSent({ id }: { readonly id?: string } = {}): Promise<void> {
    const { eventually } = await import('../../support/eventually.js');
    await eventually(
      async () =>
        (await service.truth.query(`SELECT 1 FROM outbox WHERE kind LIKE 'mail.%' AND status = 'pending' AND ($1::uuid IS NULL OR user_id = $1)`, [id ?? null]))
          .length === 0,
      { what: 'all mails are sent' },
    );
  }
});
