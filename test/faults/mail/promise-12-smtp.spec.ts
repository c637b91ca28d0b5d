import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DeadDeliveriesService } from '../../../src/features/outbox/dead-deliveries.service.js';
import { eventually } from '../../support/eventually.js';
import { type FaultProxy, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { type ReadMail, tokenIn } from '../../support/mail/mails.js';
import { OutboxStage } from '../../support/outbox-stage.js';
import type { SignedUp } from '../../support/service.js';
import { type SmtpInbox, startSmtp } from '../../support/mail/smtp.js';

// Real: the application, its workers, PostgreSQL, DynamoDB, nodemailer and a mail server. Between the last two stands a proxy that injects faults.
describe('Promise 12: a mail that was asked for is sent by SMTP', () => {
  let inbox: SmtpInbox;
  let proxy: FaultProxy;
  let stage: OutboxStage;
  const lines: string[] = [];
  beforeAll(async () => {
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => (lines.push(String(text)), true));
    inbox = await startSmtp();
    proxy = await startFaultProxy({ host: '127.0.0.1', port: inbox.port });
    const MAIL_URL = `smtp://127.0.0.1:${proxy.port}`;
    stage = await OutboxStage.start({ MAIL_URL, MAIL_FROM: 'Duet <duet@example.com>', LOG_LEVEL: 'debug', MAIL_LIMIT_ADDRESS: '1000' });
  });
  afterAll(async () => {
    await stage?.stop();
    await proxy?.stop();
    await inbox?.stop();
    jest.restoreAllMocks();
  });
  beforeEach(async () => {
    inbox.refuse(undefined);
    await proxy.restore();
  });

  const to = ({ email }: SignedUp): ReadMail[] => inbox.mails.filter((mail) => mail.to.includes(email));
  const delivered = async (user: SignedUp, count = 1): Promise<ReadMail[]> =>
    eventually(() => (to(user).length >= count ? to(user) : undefined), { what: `${count} mails are delivered` });
  const verify = async (mail: ReadMail): Promise<number> =>
    (await stage.service.call('POST', '/auth/verify', { body: { token: tokenIn(mail, 'verify') } })).status;

  test('once, soon after the request, and nothing of it is kept', async () => {
    const user = await stage.service.signUp();

    const [mail] = await delivered(user);
    const [row] = await stage.sentMailsOf(user.id);

    expect(mail).toMatchObject({ from: { name: 'Duet', address: 'duet@example.com' }, messageId: `<${row?.id}@example.com>` });
    expect(row).toMatchObject({ kind: 'mail.verification', payload: {}, last_error: null });
    expect(to(user)).toHaveLength(1);
    expect(await verify(mail!)).toBe(204);
  });

  test.each([
    ['a recipient that the server puts off, as greylisting does', { at: 'RCPT TO', code: 451 }],
    ['a text that the server puts off', { at: 'DATA', code: 452 }],
    ['a sender that the server refuses, which the operator can mend', { at: 'MAIL FROM', code: 553 }],
  ] as const)('later, after %s', async (_, refusal) => {
    inbox.refuse(refusal);
    const user = await stage.service.signUp();

    expect(await stage.failedMailOf(user.id)).toMatchObject({
      status: 'pending',
      attempts: 1,
      last_error: expect.stringContaining(`${refusal.code} ${refusal.at}`),
    });
    expect((await stage.failedMailOf(user.id)).last_error).not.toContain(user.email);
    inbox.refuse(undefined);
    await stage.sentMailsOf(user.id);

    expect(await verify((await delivered(user))[0]!)).toBe(204);
  });

  test.each([
    ['its recipient', { at: 'RCPT TO', code: 550 }],
    ['its text', { at: 'DATA', code: 554 }],
  ] as const)('not at all when the server refuses %s for good; then it is dead, until an operator has it tried again', async (_, refusal) => {
    inbox.refuse(refusal);
    const user = await stage.service.signUp();

    const row = await stage.failedMailOf(user.id);
    expect(row).toMatchObject({ status: 'dead', attempts: 1 });
    expect(row.last_error).not.toContain(user.email);
    inbox.refuse(undefined);
    expect(await stage.worker.get(DeadDeliveriesService).retry(row.id)).toEqual(['mail.verification']);
    await stage.sentMailsOf(user.id);

    expect(await verify((await delivered(user))[0]!)).toBe(204);
  });

  test('after the server was down; the request does not notice', async () => {
    await proxy.cut();

    const user = await stage.service.signUp();
    expect(await stage.failedMailOf(user.id)).toMatchObject({ status: 'pending', last_error: expect.stringContaining('ECONNREFUSED') });
    await proxy.restore();
    await stage.sentMailsOf(user.id);

    expect(await delivered(user)).toHaveLength(1);
  });

  test('after the server has closed in the middle', async () => {
    proxy.dropReplies((request) => request.includes('RCPT TO'));

    const user = await stage.service.signUp();
    expect(await stage.failedMailOf(user.id)).toMatchObject({ status: 'pending' });
    await proxy.restore();
    await stage.sentMailsOf(user.id);

    expect(await delivered(user)).toHaveLength(1);
  });

  test('twice when the server’s answer is lost, as one mail by its Message-ID, and the link of either copy holds', async () => {
    proxy.dropReplies((request) => request.includes('\r\n.\r\n'));
    const user = await stage.service.signUp();
    await stage.failedMailOf(user.id);
    await proxy.restore();
    await stage.sentMailsOf(user.id);

    const [first, second] = await delivered(user, 2);

    expect(first?.messageId).toBe(second?.messageId);
    expect(tokenIn(first!, 'verify')).not.toBe(tokenIn(second!, 'verify'));
    expect(await verify(first!)).toBe(204);
    expect(await verify(second!)).toBe(400);
  });

  test('while a server that never answers holds up no event', async () => {
    proxy.blackHole('all');

    const user = await stage.service.signUp();
    await stage.service.call('PATCH', '/users/me', { token: user.accessToken, body: { name: 'Changed' } });
    await eventually(() => stage.published(user.id).length === 2, { what: 'both events are published' });
    expect(await stage.mailsOf(user.id)).toEqual([expect.objectContaining({ status: 'pending', last_error: null })]);

    expect(await stage.failedMailOf(user.id)).toMatchObject({ status: 'pending', attempts: 1 });
    await proxy.restore();
    await stage.sentMailsOf(user.id);
    await delivered(user);
  });

  test.each<[string, (user: SignedUp) => Promise<unknown>]>([
    ['a link', async ({ accessToken }) => stage.service.call('POST', '/users/me/verification', { token: accessToken })],
    [
      'a notice',
      async ({ accessToken, password }) =>
        stage.service.call('PATCH', '/users/me', { token: accessToken, body: { password: `another ${password}`, currentPassword: password } }),
    ],
  ])('to no one who has been deleted meanwhile: %s', async (_, ask) => {
    const user = await stage.service.signUp();
    await delivered(user);
    inbox.refuse({ at: 'RCPT TO', code: 451 });
    await ask(user);
    await stage.failedMailOf(user.id);
    expect((await stage.service.call('DELETE', '/users/me', { token: user.accessToken })).status).toBe(204);
    inbox.refuse(undefined);

    const rows = await stage.sentMailsOf(user.id);

    expect(rows.map(({ payload }) => payload)).toEqual([{}, {}]);
    expect(to(user)).toHaveLength(1);
  });

  test('with a token that is in no row, no log line and no event', async () => {
    const user = await stage.service.signUp();
    await stage.service.call('POST', '/auth/forgot', { body: { email: user.email } });
    await delivered(user, 2);

    const tokens = inbox.mails.flatMap(({ text }) => /\/#\/(?:verify|reset)\/([\w-]{43})/.exec(text)?.[1] ?? []);
    const tables = await stage.query<{ name: string }>(`SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'`);
    const rows = await Promise.all(tables.map(async ({ name }) => stage.query<{ row: string }>(`SELECT ${name}::text AS row FROM ${name}`)));
    const everything = [...rows.flat().map(({ row }) => row), ...lines, JSON.stringify(stage.bus.events)].join('\n');

    expect(tokens.length).toBeGreaterThan(5);
    expect(everything).toContain(user.id);
    for (const token of tokens) {
      expect(everything).not.toContain(token);
      expect(everything).not.toContain(Buffer.from(token, 'base64url').toString('hex'));
    }
  });
});
