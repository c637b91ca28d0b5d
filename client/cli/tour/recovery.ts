import { check, codeOf, fail, type Tourist } from './tourist.js';

const onThisMachine = /^https?:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|\/|$)/;

/** Forgets the password, and resets it by the link in the mail; only a service on this machine shows its mails. */
export async function forgetPassword(tourist: Tourist): Promise<string> {
  const { duet, url, email } = tourist;
  const mails = `${url}/mail?to=${encodeURIComponent(email)}`;
  if (!onThisMachine.test(url) || (await mailsAt(mails)) === undefined) {
    return 'not played: only a service on this machine that sends no mails shows them';
  }
  const sessions = await duet.users.sessions();
  check('whether this session is listed', sessions.filter(({ current }) => current).length, 1);
  await duet.forgotPassword(email);
  const token = await tokenFrom(mails);
  const [old, password] = [tourist.password, `demo ${crypto.randomUUID()}`];
  await duet.resetPassword({ token, password });
  tourist.password = password;
  check('the link once more', await codeOf(duet.resetPassword({ token, password: `${password} again` })), 'token.invalid');
  check('the old password', await codeOf(duet.signIn({ email, password: old })), 'auth.invalid_credentials');
  const user = await duet.signIn({ email, password });
  check('emailVerified', user.emailVerified, true);
  check('the number of sessions', (await duet.users.sessions()).length, 1);
  return 'the link held once, ended every session, and verified the e-mail';
}

/** The mails that a service shows; undefined where it sends them. */
async function mailsAt(mails: string): Promise<readonly { text: string }[] | undefined> {
  const answer = await fetch(mails, { headers: { Accept: 'application/json' } });
  return answer.ok ? ((await answer.json()) as { items: readonly { text: string }[] }).items : undefined;
}

async function tokenFrom(mails: string): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const token = (await mailsAt(mails))?.map(({ text }) => /\/#\/reset\/([\w-]{43})/.exec(text)?.[1]).find((found) => found !== undefined);
    if (token !== undefined) {
      return token;
    }
    if (tries === 40) {
      fail('no mail has come after 10 s');
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
