import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseConfig } from '../../../src/config/config.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { MailLinks } from '../../support/mail/mail-links.js';
import { mailsTo, newMail } from '../../support/mail/mails.js';
import { expectProblem } from '../../support/problems.js';
import { callService } from '../../support/service.js';

/** Real: the application, both stores, and mails as files. Only a link is made older, in its row. */
describe('a link in a mail', () => {
  let links: MailLinks;
  beforeAll(async () => {
    links = await MailLinks.start();
  });
  afterAll(async () => links?.stop());

  test('ends with a new e-mail, which has to be verified again; the old one is told', async () => {
    const user = await links.service.signUp();
    const [verification, resetting] = [await links.verificationOf(user), await links.resetFor(user.email)];
    const email = `new-${user.email}`;

    const { body } = await links.service.call('PATCH', '/users/me', { token: user.accessToken, body: { email, currentPassword: user.password } });

    expect(body).toMatchObject({ email, emailVerified: false });
    expectProblem(await links.verify(verification), 400, 'token.invalid');
    expectProblem(await links.reset(resetting), 400, 'token.invalid');
    const notice = await newMail(links.folder, user.email, /e-mail address was changed/);
    expect(notice.text).not.toContain(email);
    expect((await links.verify(await links.verificationOf({ email }))).status).toBe(204);
    expect(await links.profile(user)).toMatchObject({ email, emailVerified: true });

    await links.service.call('PATCH', '/users/me', { token: user.accessToken, body: { email: user.email, currentPassword: user.password } });
    expect(await links.profile(user)).toMatchObject({ emailVerified: false });
  });

  test.each([
    ['unknown', () => Buffer.alloc(32).toString('base64url')],
    ['cut short', (token: string) => token.slice(0, -1)],
    ['longer', (token: string) => `${token}A`],
    ['padded', (token: string) => `${token}=`],
    ['empty but for spaces', () => ' '],
    ['in another alphabet', (token: string) => Buffer.from(token, 'base64url').toString('base64')],
  ])('with a token that is %s does not hold', async (_, alter) => {
    const token = await links.verificationOf(await links.service.signUp());

    const altered = alter(token);
    for (const answer of [await links.verify(altered), await links.reset(altered)]) {
      expectProblem(answer, 400, 'token.invalid');
    }
  });

  test('of one purpose is none of the other', async () => {
    const user = await links.service.signUp();
    const [verification, resetting] = [await links.verificationOf(user), await links.resetFor(user.email)];

    expectProblem(await links.reset(verification), 400, 'token.invalid');
    expectProblem(await links.verify(resetting), 400, 'token.invalid');
    expect((await links.verify(verification)).status).toBe(204);
    expect((await links.reset(resetting)).status).toBe(204);
  });

  test('is gone with its user', async () => {
    const user = await links.service.signUp();
    const [verification, resetting] = [await links.verificationOf(user), await links.resetFor(user.email)];
    await links.service.call('DELETE', '/users/me', { token: user.accessToken });

    expectProblem(await links.verify(verification), 400, 'token.invalid');
    expectProblem(await links.reset(resetting), 400, 'token.invalid');
    expectProblem(await links.resend(user), 404, 'user.not_found');
    expect(await links.service.truth.query('SELECT 1 FROM mail_tokens WHERE user_id = $1', [user.id])).toEqual([]);
    expect((await links.forgot(user.email)).status).toBe(202);
    await links.allSent();
    expect(await mailsTo(links.folder, user.email)).toHaveLength(2);
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
    expectProblem(await links.post(path, body), 400, 'request.invalid', [pointer]);
  });

  test('is asked for by its user alone', async () => {
    const [user, other] = [await links.service.signUp(), await links.service.signUp()];

    expectProblem(await links.service.call('POST', `/users/${other.id}/verification`, { token: user.accessToken }), 403, 'access.denied');
    expectProblem(await links.service.call('POST', '/users/me/verification'), 401, 'auth.token_missing');
  });

  test('is sent five times an hour to one account, and the answer stays the same', async () => {
    const user = await links.service.signUp();
    const statuses: number[] = [];
    for (let turn = 0; turn < 7; turn += 1) statuses.push((await links.forgot(user.email)).status, (await links.resend(user)).status);
    await links.allSent(user);

    expect(statuses).toEqual(Array.from({ length: 14 }, () => 202));
    const subjects = (await mailsTo(links.folder, user.email)).map(({ subject = '' }) => subject.split(' ')[0]);
    expect(subjects.filter((word) => word === 'Reset')).toHaveLength(5);
    // One was sent at registration.
    expect(subjects.filter((word) => word === 'Verify')).toHaveLength(6);
  });

  test('is sent twenty times an hour at the asking of one address, and the answer stays the same', async () => {
    const user = await links.service.signUp();
    const { limits } = parseConfig(links.service.environment);
    const app = await createServerApp({ ...links.service.config, limits, http: { ...links.service.config.http, trustedProxies: 1 } });
    try {
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      const forgotFrom = async (address: string, email: string) =>
        (await callService(url, 'POST', '/auth/forgot', { body: { email }, headers: { 'X-Forwarded-For': address } })).status;
      const statuses: number[] = [];
      for (let turn = 0; turn < 20; turn += 1) statuses.push(await forgotFrom('203.0.113.1', `${randomUUID()}@example.com`));
      statuses.push(await forgotFrom('203.0.113.1', user.email));
      await links.allSent();

      expect(statuses).toEqual(Array.from({ length: 21 }, () => 202));
      expect(await mailsTo(links.folder, user.email)).toHaveLength(1);
      expect(await forgotFrom('203.0.113.2', user.email)).toBe(202);
      await newMail(links.folder, user.email, /^Reset/);
    } finally {
      await app.close();
    }
  });

  test('leaves its token in no row, and in no event', async () => {
    const user = await links.service.signUp();
    const tokens = [await links.verificationOf(user), await links.resetFor(user.email)];

    const tables = await links.service.truth.query<{ name: string }>(
      `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    const rows = await Promise.all(tables.map(async ({ name }) => links.service.truth.query<{ row: string }>(`SELECT ${name}::text AS row FROM ${name}`)));
    const everything = rows.flat().map(({ row }) => row);

    expect(everything.some((row) => row.includes(user.id))).toBe(true);
    for (const token of tokens) {
      const hex = Buffer.from(token, 'base64url').toString('hex');
      expect(everything.filter((row) => row.includes(token) || row.includes(hex))).toEqual([]);
    }
  });

  test('is asked for in vain where no mail is set up', async () => {
    const user = await links.service.signUp();
    const app = await createServerApp({ ...links.service.config, mail: { ...links.service.config.mail, route: { kind: 'none' } } });
    try {
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      expectProblem(await callService(url, 'POST', '/auth/forgot', { body: { email: user.email } }), 503, 'mail.unavailable');
      expectProblem(await callService(url, 'POST', '/users/me/verification', { token: user.accessToken }), 503, 'mail.unavailable');
      const body = { email: `${randomUUID()}@example.com`, name: 'Ada', password: user.password };
      const { body: registered } = await callService(url, 'POST', '/users', { body });
      expect(await links.service.truth.query(`SELECT 1 FROM outbox WHERE user_id = $1 AND kind LIKE 'mail.%'`, [registered.id])).toEqual([]);
    } finally {
      await app.close();
    }
  });

  test('is what sign-in asks for with REQUIRE_VERIFIED_EMAIL', async () => {
    const app = await createServerApp({ ...links.service.config, mail: { ...links.service.config.mail, requireVerified: true } });
    try {
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      const body = { email: `${randomUUID()}@example.com`, password: 'correct horse battery staple' };
      expect((await callService(url, 'POST', '/users', { body: { ...body, name: 'Ada' } })).status).toBe(201);
      const login = async (password: string) => callService(url, 'POST', '/auth/login', { body: { ...body, password } });

      expectProblem(await login(body.password), 403, 'auth.email_unverified');
      expectProblem(await login('not the right password'), 401, 'auth.invalid_credentials');
      expect((await links.verify(await links.verificationOf(body))).status).toBe(204);
      expect((await login(body.password)).status).toBe(200);
    } finally {
      await app.close();
    }
  });
});
