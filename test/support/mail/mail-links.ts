import { eventually } from '../eventually.js';
import { mailsTo, newMail, tokenIn } from './mails.js';
import { type Answer, type SignedUp, startService, type TestService } from '../service.js';

/** The password that {@link MailLinks.reset} sets. */
export const newPassword = 'another long password';

/** A service whose mails are files, and what is done with the links in them. */
export class MailLinks {
  private constructor(readonly service: TestService) {}

  static async start(): Promise<MailLinks> {
    return new MailLinks(
      await startService({ APP_URL: 'https://app.example.com/', MAIL_FROM: 'Duet at Home <duet@example.com>', MAIL_LIMIT_ADDRESS: '1000000' }),
    );
  }

  /** Where the mails are. */
  get folder(): string {
    return this.service.config.dataDir;
  }

  async post(path: string, body: object): Promise<Answer> {
    return this.service.call('POST', path, { body });
  }

  async verify(token: string): Promise<Answer> {
    return this.post('/auth/verify', { token });
  }

  async reset(token: string, password = newPassword): Promise<Answer> {
    return this.post('/auth/reset', { token, password });
  }

  async forgot(email: string): Promise<Answer> {
    return this.post('/auth/forgot', { email });
  }

  async resend({ accessToken }: SignedUp): Promise<Answer> {
    return this.service.call('POST', '/users/me/verification', { token: accessToken });
  }

  async profile({ accessToken }: SignedUp): Promise<Answer['body']> {
    return (await this.service.call('GET', '/users/me', { token: accessToken })).body;
  }

  /** The token that verifies an e-mail, once it has come. */
  async verificationOf({ email }: { readonly email: string }): Promise<string> {
    return tokenIn(await newMail(this.folder, email, /^Verify/), 'verify');
  }

  /** Asks for the token that resets the password, and waits for it. */
  async resetFor(email: string): Promise<string> {
    const before = (await mailsTo(this.folder, email)).map(({ file }) => file);
    const { status } = await this.forgot(email);
    if (status !== 202) {
      throw new Error(`/auth/forgot answered ${status}`);
    }
    return tokenIn(await newMail(this.folder, email, /^Reset/, before), 'reset');
  }

  /** Every mail that was asked for, of one user or of all, has been dealt with. */
  async allSent({ id }: { readonly id?: string } = {}): Promise<void> {
    const pending = `SELECT 1 FROM outbox WHERE kind LIKE 'mail.%' AND status = 'pending' AND ($1::uuid IS NULL OR user_id = $1)`;
    await eventually(async () => (await this.service.truth.query(pending, [id ?? null])).length === 0, { what: 'all mails are sent' });
  }

  async stop(): Promise<void> {
    await this.service.stop();
  }
}
