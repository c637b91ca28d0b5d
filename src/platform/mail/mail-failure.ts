import { types } from 'node:util';

/** Why a mail was not sent. Permanent: sending the same again can never help. */
export interface MailFailure {
  readonly permanent: boolean;
  /** For the log and the operator; without addresses. */
  readonly reason: string;
}

// Of this mail: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors. The others are about the account and pass, or can be mended.
const permanentSesErrors = new Set(['MessageRejected', 'BadRequestException']);
// A refusal of the recipient or of the content is about this mail; one of the greeting, the sender or the sign-in is about the set-up, which can be mended.
const commandsOfTheMail = /^(RCPT TO|DATA)$/i;

/** Reads what nodemailer or the SDK has thrown. */
export function mailFailure(error: unknown): MailFailure {
  if (!types.isNativeError(error)) {
    return { permanent: false, reason: 'Unknown failure' };
  }
  const { name, message, code, responseCode, command } = error as Error & { code?: string; responseCode?: number; command?: string };
  // RFC 5321, section 4.2.1: 5yz is permanent, 4yz passes, as greylisting does.
  const refused = responseCode !== undefined && responseCode >= 500 && commandsOfTheMail.test(command ?? '');
  const details = [code, responseCode, command].filter((part) => part !== undefined).join(' ');
  return {
    permanent: refused || permanentSesErrors.has(name),
    reason: `${name}${details === '' ? '' : ` (${details})`}: ${withoutAddresses(message)}`.slice(0, 300),
  };
}

function withoutAddresses(text: string): string {
  return text.replaceAll(/<?[^\s<>()"',;:]+@[^\s<>()"',;:]+>?/g, '<address>');
}
