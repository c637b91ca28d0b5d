import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { type FaultProxy, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { type FaultyService, startFaultyService } from '../../support/faults/faulty-service.js';
import { tokenIn } from '../../support/mail/mails.js';
import { type SmtpInbox, startSmtp } from '../../support/mail/smtp.js';

// Real: the built service in a process of its own, both stores and a mail server. Between service and mail server stands a proxy that stops at a step.

let inbox: SmtpInbox;
let proxy: FaultProxy;
let service: FaultyService;
beforeAll(async () => {
  inbox = await startSmtp();
  proxy = await startFaultProxy({ host: '127.0.0.1', port: inbox.port });
  service = await startFaultyService({ MAIL_URL: `smtp://127.0.0.1:${proxy.port}`, MAIL_FROM: 'duet@example.com' });
});
afterAll(async () => {
  await service?.stop();
  await proxy?.stop();
  await inbox?.stop();
});

test('Promise 12: a mail is sent although its worker is killed between making the token and the delivery', async () => {
  const step = proxy.holdAt('request', (request) => request.includes('RCPT TO'));
  const user = await service.signUp();
  await step;
  const tokens = async (): Promise<number> => (await service.truth.query('SELECT 1 FROM mail_tokens WHERE user_id = $1', [user.id])).length;
  expect(await tokens()).toBe(1);

  await service.kill();
  await proxy.restore();
  // The lease of the worker that died ends.
  await service.truth.query(`UPDATE outbox SET next_attempt_at = now() WHERE user_id = $1 AND status = 'pending'`, [user.id]);
  await service.restart();
  const mail = await eventually(() => inbox.mails.find(({ to }) => to.includes(user.email)), { what: 'the mail is delivered', timeoutMs: 30_000 });

  expect((await service.call('POST', '/auth/verify', { body: { token: tokenIn(mail, 'verify') } })).status).toBe(204);
  expect((await service.call('GET', '/users/me', { token: user.accessToken })).body).toMatchObject({ emailVerified: true });
});
