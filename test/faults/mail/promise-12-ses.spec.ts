import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type SesFailure, type SesStandIn, startSes } from '../../support/aws/ses.js';
import { tokenIn } from '../../support/mail/mails.js';
import { OutboxStage } from '../../support/outbox-stage.js';
import type { SignedUp } from '../../support/service.js';

// Real: the application, its workers, PostgreSQL, DynamoDB, nodemailer and the AWS SDK. SES is a stand-in that speaks its protocol.
describe('Promise 12: a mail that was asked for is sent by SES', () => {
  let ses: SesStandIn;
  let stage: OutboxStage;
  beforeAll(async () => {
    ses = await startSes('example.com');
    stage = await OutboxStage.start({ MAIL_URL: 'ses:', SES_ENDPOINT: ses.endpoint, MAIL_FROM: 'Duet <duet@example.com>' });
  });
  afterAll(async () => {
    await stage?.stop();
    await ses?.stop();
  });

  const to = ({ email }: SignedUp) => ses.mails.filter((mail) => mail.to.includes(email));

  test('as a raw message, tagged with the mail’s id', async () => {
    const user = await stage.service.signUp({ name: 'Größe مرحبا' });

    const [row] = await stage.sentMailsOf(user.id);

    const [mail] = to(user);
    expect(mail).toMatchObject({ from: { name: 'Duet', address: 'duet@example.com' }, to: [user.email], tags: { mail: row?.id } });
    expect(mail?.text).toContain('Hello \u2068Größe مرحبا\u2069,');
    expect((await stage.service.call('POST', '/auth/verify', { body: { token: tokenIn(mail!, 'verify') } })).status).toBe(204);
  });

  test.each<[string, SesFailure]>([
    ['its quota is used up', { kind: 'refuse', status: 429, code: 'TooManyRequestsException' }],
    ['sending is paused', { kind: 'refuse', status: 400, code: 'SendingPausedException' }],
    ['the sender’s domain is not verified yet', { kind: 'refuse', status: 400, code: 'MailFromDomainNotVerifiedException' }],
    ['it may not be called', { kind: 'refuse', status: 403, code: 'AccessDeniedException' }],
    ['it fails', { kind: 'refuse', status: 500, code: 'InternalFailure' }],
    ['it does not answer', { kind: 'hang' }],
  ])('later, when %s', async (_, failure) => {
    ses.failNext(failure);
    const user = await stage.service.signUp();

    expect(await stage.failedMailOf(user.id)).toMatchObject({ status: 'pending', attempts: 1 });
    await stage.sentMailsOf(user.id);

    expect(to(user)).toHaveLength(1);
  });

  test('not at all when SES refuses it for good; then it is dead, and the reason names no address', async () => {
    const message = 'Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: ada@example.org';
    ses.failNext({ kind: 'refuse', status: 400, code: 'MessageRejected', message });
    const user = await stage.service.signUp();

    const row = await stage.failedMailOf(user.id);

    expect(row.status).toBe('dead');
    expect(row.last_error).toMatch(/^MessageRejected.*: <address>$/);
  });

  test('twice when the answer is lost, and is then one mail by its tag', async () => {
    ses.failNext({ kind: 'lose-reply' });
    const user = await stage.service.signUp();
    await stage.failedMailOf(user.id);
    await stage.sentMailsOf(user.id);

    const [first, second] = to(user);

    expect(first?.tags).toEqual(second?.tags);
    expect((await stage.service.call('POST', '/auth/verify', { body: { token: tokenIn(first!, 'verify') } })).status).toBe(204);
  });
});
