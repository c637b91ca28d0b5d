import { describe, expect, test } from '@jest/globals';
import { DuetSignedOutError, type DuetClient, type User } from '../../client/index.js';
import { mailsTo, newMail, tokenIn } from '../support/mail/mails.js';
import { ClientHarness, failureOf, withMethod, withPath } from './client-harness.js';

// Real here: the client, the service over HTTP, both stores, and the mails in files.

const harness = new ClientHarness();
const { client, lossy } = harness;

const password = 'correct horse battery staple';
const newPassword = 'another long password';

describe('An account', () => {
  /** Someone new, who is signed in. */
  const arrive = async (baseUrl = harness.service.url): Promise<{ duet: DuetClient; user: User; email: string }> => {
    const email = `${crypto.randomUUID()}@example.com`;
    const { duet } = client({ baseUrl });
    await duet.register({ email, password, name: 'Ada' });
    return { duet, user: await duet.signIn({ email, password }), email };
  };
  const tokenOf = async (email: string, page: 'verify' | 'reset', before: readonly string[] = []): Promise<string> =>
    tokenIn(await newMail(harness.service.config.dataDir, email, page === 'verify' ? /^Verify/ : /^Reset/, before), page);
  const filesOf = async (email: string): Promise<string[]> => (await mailsTo(harness.service.config.dataDir, email)).map(({ file }) => file);

  test('is verified by the link that registering sends, once', async () => {
    const { duet, user, email } = await arrive();
    expect(user.emailVerified).toBe(false);
    const token = await tokenOf(email, 'verify');

    await client().duet.verifyEmail(token);

    expect(await duet.users.me()).toMatchObject({ emailVerified: true, version: 2 });
    expect(await failureOf(client().duet.verifyEmail(token))).toMatchObject({ code: 'token.invalid', status: 400 });
  });

  test('can have that link sent again, which ends the one before', async () => {
    const { duet, email } = await arrive();
    const first = await tokenOf(email, 'verify');
    const before = await filesOf(email);

    await duet.users.requestVerification();

    const second = await tokenOf(email, 'verify', before);
    expect(await failureOf(duet.verifyEmail(first))).toMatchObject({ code: 'token.invalid' });
    await duet.verifyEmail(second);
  });

  test('gets a new password by mail, which ends its sessions', async () => {
    const { duet, email } = await arrive();
    const elsewhere = client().duet;
    await elsewhere.forgotPassword(email.toUpperCase());
    const token = await tokenOf(email, 'reset');

    expect(await failureOf(elsewhere.resetPassword({ token, password: 'short' }))).toMatchObject({
      code: 'request.invalid',
      errors: [{ pointer: '/password', detail: expect.any(String) }],
    });
    await elsewhere.resetPassword({ token, password: newPassword });

    expect(await failureOf(elsewhere.signIn({ email, password }))).toMatchObject({ code: 'auth.invalid_credentials' });
    expect((await elsewhere.signIn({ email, password: newPassword })).emailVerified).toBe(true);
    expect(await elsewhere.users.sessions()).toHaveLength(1);
    const spent = client({ session: { ...duet.session!, accessToken: '' } }).duet;
    expect(await failureOf(spent.users.me())).toMatchObject({ code: 'auth.invalid_refresh_token' });
  });

  test('is not told of by asking for a link', async () => {
    await expect(client().duet.forgotPassword(`${crypto.randomUUID()}@example.com`)).resolves.toBeUndefined();
  });

  test('moves to a new e-mail, which has to be verified again, and the old one gets a mail', async () => {
    const { duet, user, email } = await arrive();
    const moved = `new-${email}`;

    expect(await failureOf(duet.users.update(user, { email: moved }))).toMatchObject({ code: 'request.invalid' });
    expect(await failureOf(duet.users.update(user, { email: moved, currentPassword: newPassword }))).toMatchObject({ code: 'user.wrong_password' });
    const changed = await duet.users.update(user, { email: moved, currentPassword: password });

    expect(changed).toMatchObject({ email: moved, emailVerified: false, version: 2 });
    await newMail(harness.service.config.dataDir, email, /e-mail address was changed/);
    await duet.verifyEmail(await tokenOf(moved, 'verify'));
    expect((await duet.users.me()).emailVerified).toBe(true);
  });

  test('takes a new e-mail once, although the answer was lost', async () => {
    const baseUrl = await lossy('lose the reply', withMethod('PATCH'));
    const { duet, user, email } = await arrive(baseUrl);

    expect(await duet.users.update(user, { email: `new-${email}`, currentPassword: password })).toMatchObject({ email: `new-${email}`, version: 2 });
  });

  test('takes a new password, after which every session has to sign in again', async () => {
    const { duet, user, email } = await arrive();

    await duet.users.update(user, { password: newPassword, currentPassword: password });

    const spent = client({ session: { ...duet.session!, accessToken: '' } }).duet;
    expect(await failureOf(spent.users.me())).toMatchObject({ code: 'auth.invalid_refresh_token' });
    await duet.signIn({ email, password: newPassword });
    expect(await duet.users.sessions()).toEqual([expect.objectContaining({ current: true })]);
  });

  test('says where it is signed in, and ends one of these sessions', async () => {
    const { duet, email } = await arrive();
    const phone = client().duet;
    await phone.signIn({ email, password });

    const [latest, first] = await duet.users.sessions();
    expect([latest?.current, first?.current]).toEqual([false, true]);
    await duet.users.endSession(latest!);

    expect(await duet.users.sessions()).toEqual([first]);
    const spent = client({ session: { ...phone.session!, accessToken: '' } }).duet;
    expect(await failureOf(spent.users.me())).toMatchObject({ code: 'auth.invalid_refresh_token' });
    expect(await failureOf(duet.users.endSession(latest!))).toMatchObject({ code: 'session.not_found' });
  });

  test('ends a session once, although the answer was lost', async () => {
    const { duet, email } = await arrive(await lossy('lose the reply', withMethod('DELETE')));
    await client().duet.signIn({ email, password });
    const [latest] = await duet.users.sessions();

    await duet.users.endSession(latest!);

    expect(await duet.users.sessions()).toHaveLength(1);
  });

  test('ends all its sessions, this one too', async () => {
    const { duet, email } = await arrive();
    const phone = client().duet;
    await phone.signIn({ email, password });

    await duet.users.endSessions();

    expect(duet.session).toBeNull();
    expect(await failureOf(duet.users.me())).toBeInstanceOf(DuetSignedOutError);
    const spent = client({ session: { ...phone.session!, accessToken: '' } }).duet;
    expect(await failureOf(spent.users.me())).toMatchObject({ code: 'auth.invalid_refresh_token' });
  });

  test('is sent no second link for an answer that was lost, as the service may have sent the first', async () => {
    const { email } = await arrive();
    const { duet, attempts } = client({ baseUrl: await lossy('lose the reply', withPath('/auth/forgot')) });

    expect(await failureOf(duet.forgotPassword(email))).toMatchObject({ uncertain: true });

    expect(attempts('POST /auth/forgot')).toHaveLength(1);
    await tokenOf(email, 'reset');
  });

  test('is not asked about without a session', async () => {
    const { duet } = client();
    for (const call of [async () => duet.users.requestVerification(), async () => duet.users.sessions(), async () => duet.users.endSessions()]) {
      expect(await failureOf(call())).toBeInstanceOf(DuetSignedOutError);
    }
  });
});
