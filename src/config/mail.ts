import * as z from 'zod';

/** How mails leave: `none` where nothing says how. */
export type MailRoute =
  | { readonly kind: 'none' | 'files' }
  | { readonly kind: 'ses'; /** Unset: the region's own. */ readonly endpoint?: string }
  | {
      readonly kind: 'smtp';
      readonly host: string;
      readonly port: number;
      /** From the first byte on, STARTTLS before anything is said, or none at all: only to this machine. */
      readonly tls: 'implicit' | 'starttls' | 'none';
      readonly user?: string;
      readonly password?: string;
    };

/** Whom mails come from; the name is the product's in their text as well. */
export interface MailSender {
  readonly name: string;
  readonly address: string;
}

/** Mails, and what they are needed for. */
export interface MailConfig {
  readonly route: MailRoute;
  readonly from: MailSender;
  /** The app that links lead to, without a slash at the end. */
  readonly appUrl: string;
  /** Whether sign-in asks for a verified e-mail. */
  readonly requireVerified: boolean;
}

const mailUrlProblem = 'must be ses:, or smtp://host or smtps://host with user, password and port where needed, and nothing else';
// A name without what has a meaning in the header, and an address: `Duet <duet@example.com>`.
const senderPattern = /^(?:(?<name>[^\p{Cc}<>"@,;:\\()[\]]{1,100}?) *<(?<named>[^\s<>@"]+@[^\s<>@"]+)>|(?<bare>[^\s<>@"]+@[^\s<>@"]+))$/u;

/** `MAIL_URL`, with what its user and password stand for. */
export const mailUrl = (isLoopback: (host: string) => boolean) =>
  z.string().transform((text, context): Exclude<MailRoute, { kind: 'none' | 'files' }> => {
    const route = routeOf(text, isLoopback);
    if (route === undefined) {
      context.addIssue({ code: 'custom', message: mailUrlProblem });
      return z.NEVER;
    }
    return route;
  });

function routeOf(text: string, isLoopback: (host: string) => boolean): Exclude<MailRoute, { kind: 'none' | 'files' }> | undefined {
  if (text === 'ses:') {
    return { kind: 'ses' };
  }
  if (!/^smtps?:\/\/[^/?#]+\/?$/.test(text) || !URL.canParse(text)) {
    return undefined;
  }
  const url = new URL(text);
  const implicit = url.protocol === 'smtps:';
  try {
    return {
      kind: 'smtp',
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      // RFC 8314, section 3.3, and RFC 6409, section 3.1.
      port: url.port === '' ? (implicit ? 465 : 587) : Number(url.port),
      // Mails carry what signs people in: in clear only within this machine.
      tls: implicit ? 'implicit' : isLoopback(url.hostname) ? 'none' : 'starttls',
      ...(url.username !== '' && { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }),
    };
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** `MAIL_FROM`. */
export const mailSender = z.string().transform((text, context): MailSender => {
  const { name, named, bare } = senderPattern.exec(text)?.groups ?? {};
  const address = named ?? bare;
  if (address === undefined || !/^[\x21-\x7e]+$/.test(address)) {
    context.addIssue({ code: 'custom', message: 'must be an address, or a name and an address such as Duet <duet@example.com>' });
    return z.NEVER;
  }
  return { name: name ?? 'Duet', address };
});
