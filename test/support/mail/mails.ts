import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import PostalMime, { type Address } from 'postal-mime';
import { mailFolder } from '../../../src/platform/mail/transports.js';
import { eventually } from '../eventually.js';

/** A mail as its recipient reads it. */
export interface ReadMail {
  /** Where it was kept; empty for one that came over a network. */
  readonly file: string;
  readonly from: Address | undefined;
  readonly to: readonly string[];
  readonly subject: string | undefined;
  readonly text: string;
  readonly html: string;
  readonly messageId: string | undefined;
  /** By their names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads a mail as it goes over a network. */
export async function readMail(bytes: Buffer, file = ''): Promise<ReadMail> {
  const { from, to = [], subject, text = '', html = '', messageId, headers } = await PostalMime.parse(bytes);
  return {
    file,
    from,
    to: to.flatMap(({ address }) => address ?? []),
    subject,
    text,
    html,
    messageId,
    headers: Object.fromEntries(headers.map(({ key, value }) => [key, value])),
  };
}

/** The mails to an address in a service's data folder, the oldest first. */
export async function mailsTo(dataDir: string, address: string): Promise<ReadMail[]> {
  const folder = mailFolder(dataDir);
  // There is no folder before the first mail.
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.eml')).sort();
  const mails = await Promise.all(files.map(async (file) => readMail(await readFile(join(folder, file)), file)));
  return mails.filter(({ to }) => to.includes(address));
}

/** Waits for a mail to an address, by its subject, that is none of those before. */
export async function newMail(dataDir: string, address: string, subject: RegExp, before: readonly string[] = []): Promise<ReadMail> {
  return eventually(async () => (await mailsTo(dataDir, address)).find((mail) => subject.test(mail.subject ?? '') && !before.includes(mail.file)), {
    what: `a mail to ${address} arrives whose subject is like ${String(subject)}`,
  });
}

/** The token of a mail's link. */
export function tokenIn({ text }: ReadMail, page: 'verify' | 'reset'): string {
  const token = new RegExp(`/#/${page}/([\\w-]{43})\\n`).exec(text)?.[1];
  if (token === undefined) {
    throw new Error(`The mail has no link to ${page}: ${text}`);
  }
  return token;
}
