import { callbackify } from 'node:util';
import { buffer } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { type ReadMail, readMail } from './mails.js';

/** At which step a mail is refused, and how: `451` passes, `550` does not. */
export interface SmtpRefusal {
  readonly at: 'MAIL FROM' | 'RCPT TO' | 'DATA';
  readonly code: number;
}

/** A mail server that keeps what it takes. */
export interface SmtpInbox {
  readonly port: number;
  /** What was taken, in order. */
  readonly mails: readonly ReadMail[];
  /** From now on mails are refused in this way; undefined: taken. */
  refuse(refusal: SmtpRefusal | undefined): void;
  stop(): Promise<void>;
}

/** Starts a mail server on a free loopback port, without TLS, as one on this machine is spoken to. */
export async function startSmtp(): Promise<SmtpInbox> {
  const mails: ReadMail[] = [];
  let refusal: SmtpRefusal | undefined;
  const refused = (at: SmtpRefusal['at'], address = ''): Error | null =>
    refusal?.at === at ? Object.assign(new Error(`4.2.1 not now, <${address}>`), { responseCode: refusal.code }) : null;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onMailFrom: ({ address }, _session, done) => done(refused('MAIL FROM', address)),
    onRcptTo: ({ address }, _session, done) => done(refused('RCPT TO', address)),
    onData: (stream, _session, done) => {
      const take = async (): Promise<Error | null> => {
        const error = refused('DATA');
        const bytes = await buffer(stream);
        if (error === null) mails.push(await readMail(bytes));
        return error;
      };
      // A text that was cut off is none.
      callbackify(take)((error, refusal) => done(error ?? refusal));
    },
  });
  // A client that is cut off is what these tests do.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    refuse: (next) => {
      refusal = next;
    },
    stop: async () => new Promise((resolve) => server.close(() => resolve())),
  };
}
