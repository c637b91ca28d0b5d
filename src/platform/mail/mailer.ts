import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { memoize, withTimeout } from '../../common/async.js';
import { AppConfig } from '../../config/config.module.js';
import { type MailFailure, mailFailure } from './mail-failure.js';
import { type MailTransport, openTransport } from './transports.js';

/** A mail to one address. */
export interface OutgoingMail {
  /** Names the mail at every delivery: its `Message-ID` is made of it (RFC 5322, section 3.6.4). */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** What became of a mail. */
export type MailOutcome = { readonly sent: true } | ({ readonly sent: false } & MailFailure);

/** How long one delivery may take, in milliseconds: within an outbox row's lease, and within what the outbox function keeps for its end. */
const sendTimeoutMs = 10_000;

/** Sends mails the way that is configured. What that takes is loaded on first use: few cold starts send. */
@Injectable()
export class Mailer implements OnApplicationShutdown {
  private transport: MailTransport | undefined;
  private readonly open = memoize(async () => (this.transport = await openTransport(this.config)));

  constructor(private readonly config: AppConfig) {}

  /** Sends a mail; gives what became of it, and never throws for what a server does. One whose answer is lost may have been sent. */
  async send({ id, to, subject, text, html }: OutgoingMail): Promise<MailOutcome> {
    const { from } = this.config.mail;
    const message = {
      from,
      // An object is taken as it is; text would be parsed as a list of addresses.
      to: { name: '', address: to },
      subject,
      text,
      html,
      messageId: `<${id}@${from.address.replace(/^.*@/, '')}>`,
      // No one's absence is to answer (RFC 3834, section 5; the second is Exchange's).
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      // What is said of a mail that bounces names it.
      ses: { EmailTags: [{ Name: 'mail', Value: id }] },
      disableFileAccess: true,
      disableUrlAccess: true,
    };
    try {
      return await withTimeout(
        sendTimeoutMs,
        async () => {
          await (await this.open()).sendMail(message);
          return { sent: true } as const;
        },
        () => ({ sent: false, permanent: false, reason: `No answer within ${sendTimeoutMs / 1000} s` }) as const,
      );
    } catch (error) {
      return { sent: false, ...mailFailure(error) };
    }
  }

  onApplicationShutdown(): void {
    this.transport?.close();
  }
}
