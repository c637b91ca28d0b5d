import { DuetConnectionError, DuetProblemError } from '../../client/index.js';
import type { Explanation } from '../design/entry-form.js';

const sentences: Readonly<Record<string, string>> = {
  'auth.invalid_credentials': 'E-mail or password is not right. Check both, and try again.',
  'auth.email_unverified': 'Open the link in the mail we sent you first, and then sign in.',
  'user.email_taken': 'There is an account with this e-mail already: sign in instead.',
  'user.wrong_password': 'The current password is not right.',
  'token.invalid': 'This link has been used, or has run out. Ask for a new one.',
  'mail.unavailable': 'This service cannot send mails now. Try again later.',
  'store.unavailable': 'Duet cannot reach its data just now. Nothing was changed; try again in a moment.',
  'service.busy': 'Duet has much to do just now. Try again in a moment.',
};

/** An error of the client as people read it; an unexpected one is thrown on. */
export function explain(error: unknown): Explanation {
  if (error instanceof DuetConnectionError) {
    return { message: 'Duet cannot be reached. Check your connection, and try again.', fields: {} };
  }
  if (!(error instanceof DuetProblemError)) {
    throw error;
  }
  const fields = Object.fromEntries(error.errors.map(({ pointer, detail }) => [pointer.slice(1), sentence(detail)]));
  const wait = error.code === 'rate_limit.exceeded' && error.retryAfterMs !== undefined ? waiting(error.retryAfterMs) : undefined;
  const message = wait ?? sentences[error.code] ?? (error.errors.length > 0 ? 'Something in the form is not right: see above.' : error.detail);
  return { message, fields };
}

function waiting(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  return `Too many tries. Wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, and try again.`;
}

function sentence(detail: string): string {
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}${/[.!?]$/.test(detail) ? '' : '.'}`;
}
