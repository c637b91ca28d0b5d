import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MailLinks } from '../../support/mail/mail-links.js';
import { mailsTo, newMail, tokenIn } from '../../support/mail/mails.js';
import { expectProblem } from '../../support/problems.js';

/** Real: the application, both stores, and mails as files. Only a link is made older, in its row. */
describe('the link that verifies the e-mail', () => {
  let links: MailLinks;
  beforeAll(async () => {
    links = await MailLinks.start();
  });
  afterAll(async () => links?.stop());

  test('is sent at registration, and makes the e-mail verified, once', async () => {
    const user = await links.service.signUp({ name: 'Ada' });
    expect(await links.profile(user)).toMatchObject({ emailVerified: false, version: 1 });
    const mail = await newMail(links.folder, user.email, /^Verify/);
    const token = tokenIn(mail, 'verify');

    expect((await links.verify(token)).status).toBe(204);

    expect(await links.profile(user)).toMatchObject({ emailVerified: true, version: 2 });
    expectProblem(await links.verify(token), 400, 'token.invalid');
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
    const user = await links.service.signUp();
    const first = await links.verificationOf(user);
    const before = (await mailsTo(links.folder, user.email)).map(({ file }) => file);

    expect((await links.resend(user)).status).toBe(202);
    const second = tokenIn(await newMail(links.folder, user.email, /^Verify/, before), 'verify');

    expectProblem(await links.verify(first), 400, 'token.invalid');
    expect((await links.verify(second)).status).toBe(204);
  });

  test('is not sent to an e-mail that is verified', async () => {
    const user = await links.service.signUp();
    await links.verify(await links.verificationOf(user));

    expect((await links.resend(user)).status).toBe(202);
    await links.allSent(user);

    expect(await mailsTo(links.folder, user.email)).toHaveLength(1);
  });

  test('holds for 24 hours', async () => {
    const user = await links.service.signUp();
    const token = await links.verificationOf(user);
    const [row] = await links.service.truth.query<{ hours: number }>(
      `SELECT extract(epoch FROM expires_at - now())::float8 / 3600 AS hours FROM mail_tokens WHERE user_id = $1`,
      [user.id],
    );
    expect(row?.hours).toBeGreaterThan(23.9);
    expect(row?.hours).toBeLessThan(24.01);

    await links.service.truth.query('UPDATE mail_tokens SET expires_at = now() WHERE user_id = $1 RETURNING 1', [user.id]);

    expectProblem(await links.verify(token), 400, 'token.invalid');
  });

  test('used fifty times at once succeeds once', async () => {
    const user = await links.service.signUp();
    const token = await links.verificationOf(user);

    const statuses = await Promise.all(Array.from({ length: 50 }, async () => (await links.verify(token)).status));

    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(statuses.filter((status) => status === 400)).toHaveLength(49);
    expect((await links.profile(user)).version).toBe(2);
  });
});
