import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import type { MailRoute } from '../../config/mail.js';
import { awsClientOptions } from '../aws/client-options.js';

/** What is used of nodemailer's transporters. */
export interface MailTransport {
  sendMail(message: object): Promise<unknown>;
  close(): void;
}

/** In milliseconds: a server that is alive answers far sooner, and what is slower is tried again later. */
const smtpTimeouts = { dnsTimeout: 3_000, connectionTimeout: 3_000, greetingTimeout: 5_000, socketTimeout: 8_000 };
const sesTimeouts = { connectMs: 1_000, tryMs: 4_000 };

/** The way that is configured. */
export async function openTransport({ mail: { route }, region, dataDir }: Pick<Config, 'mail' | 'region' | 'dataDir'>): Promise<MailTransport> {
  switch (route.kind) {
    case 'ses':
      return openSes(region, route.endpoint);
    case 'smtp':
      return openSmtp(route);
    case 'files':
      return openFiles(mailFolder(dataDir));
    case 'none':
      throw new Error('MAIL_URL is not set');
    default:
      return route satisfies never;
  }
}

/** Where mails are kept that are not sent. */
export function mailFolder(dataDir: string): string {
  return join(dataDir, 'mail');
}

async function openSmtp({ host, port, tls, user, password }: Extract<MailRoute, { kind: 'smtp' }>): Promise<MailTransport> {
  const { createTransport } = await import('./nodemailer.js');
  return createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user !== undefined && { auth: { user, pass: password } }),
    ...smtpTimeouts,
  });
}

async function openSes(region: string, endpoint: string | undefined): Promise<MailTransport> {
  const [{ createTransport }, { SESv2Client, SendEmailCommand }] = await Promise.all([import('./nodemailer.js'), import('./ses-client.js')]);
  // One try: after a lost answer the outbox tries again, by its own backoff.
  const sesClient = new SESv2Client(awsClientOptions({ region, endpoint, timeouts: sesTimeouts, maxAttempts: 1 }));
  return createTransport({ SES: { sesClient, SendEmailCommand } });
}

/** Keeps each mail as a file; the same mail again takes its own place. */
async function openFiles(folder: string): Promise<MailTransport> {
  const { createTransport } = await import('./nodemailer.js');
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  return {
    async sendMail(message: { readonly messageId: string }) {
      const { message: bytes } = (await composer.sendMail(message)) as unknown as { readonly message: Buffer };
      const file = join(folder, `${/^<([^@]+)@/.exec(message.messageId)?.[1] ?? randomUUID()}.eml`);
      // A link in it signs in: for its owner alone. Readers see a mail whole, or not at all.
      await writeFile(`${file}.part`, bytes, { mode: 0o600 });
      await rename(`${file}.part`, file);
    },
    close: () => composer.close(),
  };
}
