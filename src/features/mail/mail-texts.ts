import type { MailContent } from './mail-layout.js';

/** Whom a mail is for, and whom it comes from. */
export interface MailParties {
  readonly name: string;
  readonly sender: string;
  readonly appUrl: string;
}

/** Asks the recipient to verify the e-mail. */
export function verificationMail({ name, sender, appUrl }: MailParties, token: string): MailContent {
  return {
    subject: `Verify your e-mail address for ${sender}`,
    name,
    sender,
    paragraphs: [`Please confirm that this e-mail address belongs to your ${sender} account.`],
    // In the fragment, which browsers send to no server.
    link: { label: 'Verify this e-mail address', url: `${appUrl}/#/verify/${token}` },
    closing: [
      'The link holds for 24 hours and can be used once.',
      `If you have no account with ${sender}, ignore this mail: without the link nothing happens.`,
    ],
  };
}

/** Lets the recipient choose a new password. */
export function resetMail({ name, sender, appUrl }: MailParties, token: string): MailContent {
  return {
    subject: `Reset your ${sender} password`,
    name,
    sender,
    paragraphs: [`Someone, probably you, asked to reset the password of your ${sender} account.`],
    link: { label: 'Choose a new password', url: `${appUrl}/#/reset/${token}` },
    closing: [
      'The link holds for one hour and can be used once. Your sessions end when you use it.',
      'If it was not you, ignore this mail: your password stays as it is.',
    ],
  };
}

/** To the e-mail that an account had before. */
export function emailChangedMail({ name, sender }: MailParties): MailContent {
  return {
    subject: `Your ${sender} e-mail address was changed`,
    name,
    sender,
    paragraphs: [`The e-mail address of your ${sender} account was changed, and is no longer this one.`],
    closing: ['If it was not you, someone else knows your password: contact the operator of this service.'],
  };
}

/** After a new password. */
export function passwordChangedMail({ name, sender, appUrl }: MailParties): MailContent {
  return {
    subject: `Your ${sender} password was changed`,
    name,
    sender,
    paragraphs: [`The password of your ${sender} account was changed, and every session that was signed in with the old one ends.`],
    link: { label: 'If it was not you, reset it', url: `${appUrl}/#/forgot` },
    closing: [],
  };
}
