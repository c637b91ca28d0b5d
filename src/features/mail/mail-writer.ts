import { Injectable } from '@nestjs/common';
import * as z from 'zod';
import { AppConfig } from '../../config/config.module.js';
import { Mailer, type MailOutcome } from '../../platform/mail/mailer.js';
import type { LinkPurpose } from '../links/link-token.js';
import { MailRecipients } from '../users/mail-recipients.service.js';
import { layOut, type MailContent } from './mail-layout.js';
import { emailChangedMail, type MailParties, passwordChangedMail, resetMail, verificationMail } from './mail-texts.js';

/** A mail that was asked for, as it is stored: its kind may be unknown, and its payload malformed. */
export interface RequestedMail {
  readonly id: string;
  readonly userId: string;
  readonly kind: string;
  readonly payload: unknown;
}

interface WrittenMail {
  readonly to: string;
  readonly content: MailContent;
}

const noticeSchema = z.object({ to: z.string() });

/** The recipient is gone, or there is nothing left to say: as good as sent. */
const notNeeded: MailOutcome = { sent: true };

/** Writes the mails that were asked for, each with a token of its own where it has a link, and sends them. */
@Injectable()
export class MailWriter {
  constructor(
    private readonly recipients: MailRecipients,
    private readonly mailer: Mailer,
    private readonly config: AppConfig,
  ) {}

  /**
   * Writes and sends a mail. The token is made here, and only its hash is kept: what asks for a mail has none, and neither has a log.
   *
   * @throws StoreUnavailableError when PostgreSQL cannot be reached; a mail that was not sent is no error.
   */
  async send({ id, userId, kind, payload }: RequestedMail): Promise<MailOutcome> {
    switch (kind) {
      case 'mail.verification':
        return this.sendLink(id, userId, 'verification', verificationMail);
      case 'mail.reset':
        return this.sendLink(id, userId, 'reset', resetMail);
      case 'mail.email_changed':
        return this.sendNotice(id, userId, payload, emailChangedMail);
      case 'mail.password_changed':
        return this.sendNotice(id, userId, payload, passwordChangedMail);
      default:
        return { sent: false, permanent: true, reason: `unknown kind ${kind.slice(0, 100)}` };
    }
  }

  private async sendLink(id: string, userId: string, purpose: LinkPurpose, write: (parties: MailParties, token: string) => MailContent): Promise<MailOutcome> {
    const link = await this.recipients.issueLink(userId, purpose, id);
    return link === null ? notNeeded : this.deliver(id, { to: link.user.email, content: write(this.parties(link.user.name), String(link.token)) });
  }

  private async sendNotice(id: string, userId: string, payload: unknown, write: (parties: MailParties) => MailContent): Promise<MailOutcome> {
    const user = await this.recipients.find(userId);
    if (user === null) {
      return notNeeded;
    }
    const notice = noticeSchema.safeParse(payload);
    return notice.success
      ? this.deliver(id, { to: notice.data.to, content: write(this.parties(user.name)) })
      : { sent: false, permanent: true, reason: 'malformed payload' };
  }

  private parties(name: string): MailParties {
    const { from, appUrl } = this.config.mail;
    return { name, sender: from.name, appUrl };
  }

  private async deliver(id: string, { to, content }: WrittenMail): Promise<MailOutcome> {
    return this.mailer.send({ id, to, subject: content.subject, ...layOut(content) });
  }
}
