import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newMail, tokenIn } from '../support/mail/mails.js';
import { startService, type TestService } from '../support/service.js';

// Real: npm run admin as it is built, in a process of its own, beside a service and on its stores.

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => service?.stop());

async function admin(...words: string[]): Promise<Ended> {
  const env = {
    ...service.environment,
    LOG_LEVEL: 'error',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const command = join(process.env['DUET_TEST_BUILD'] ?? '', 'dist/local/commands/admin.js');
  return new Promise((done) => {
    execFile(process.execPath, ['--no-warnings', command, ...words], { env }, (error, out, err) =>
      done({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

test('The list has every administrator and no other user, each in a line of its own', async () => {
  const { id, email } = await service.signUp({ name: 'Ada\u001B[31m\nLovelace' });
  const other = await service.signUp();
  await service.signUp();

  expect(await admin('list')).toEqual({ code: 0, out: expect.stringContaining('There is no administrator'), err: '' });
  expect((await admin('grant', id, '--yes')).code).toBe(0);
  const { code, out } = await admin('list');

  expect(code).toBe(0);
  expect(out.trim().split('\n')).toHaveLength(2);
  expect(out).toContain(id);
  expect(out).toContain(email);
  expect(out).not.toContain(other.email);
  expect(out).not.toContain('\u001B');
});

test('A role changes only once the user was shown and somebody has agreed; taken back, it ends the sessions', async () => {
  const { id, email, refreshToken } = await service.signUp({ name: 'Grace Hopper' });

  const unanswered = await admin('grant', id);
  expect([unanswered.code, unanswered.out]).toEqual([1, '']);
  expect(unanswered.err).toContain(`Grace Hopper <${email}>, e-mail not verified, registered 20`);
  expect(unanswered.err).toContain('add --yes');
  expect((await admin('list')).out).not.toContain(id);

  expect((await admin('grant', id, '--yes')).out).toContain('is now an administrator');
  expect((await admin('list')).out).toContain(id);

  expect((await admin('revoke', id, '--yes')).out).toContain('has to sign in again');
  expect((await admin('list')).out).not.toContain(id);
  expect((await service.call('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(401);

  const unknown = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';
  expect(await admin('grant', unknown, '--yes')).toMatchObject({ code: 1, err: expect.stringContaining(`No user has the id ${unknown}`) });
});

test('An e-mail names a user once it is verified, and not before', async () => {
  const { email } = await service.signUp({ name: 'Katherine Johnson' });

  expect(await admin('grant', email, '--yes')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('is not verified, so anyone may have registered it'),
  });
  const token = tokenIn(await newMail(service.config.dataDir, email, /^Verify/), 'verify');
  expect((await service.call('POST', '/auth/verify', { body: { token } })).status).toBe(204);

  const granted = await admin('grant', email.toUpperCase(), '--yes');
  expect(granted.err).toContain('e-mail verified');
  expect(granted.out).toContain('is now an administrator');
  expect(await admin('grant', 'nobody@example.com', '--yes')).toMatchObject({
    code: 1,
    err: expect.stringContaining('No user has the e-mail nobody@example.com'),
  });
});

test.each([
  [['grnat', 'ada@example.com'], 'Did you mean grant?'],
  [['lists'], 'Did you mean list?'],
  [['grant', 'ada'], "It must be a user's id"],
  [['revoke'], "missing required argument 'id'"],
  [['outbox', 'drop', 'x'], "unknown command 'drop x' of outbox, which has: list, retry <id|all>, discard <id>"],
  [['outbox', 'retry', 'everything'], 'It must be an id'],
])('%j is answered with what is wrong and where the help is, and changes nothing', async (words, message) => {
  const { code, out, err } = await admin(...words);

  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(message);
  expect(err).toContain('See npm run admin -- --help');
});

test('The help names every command', async () => {
  const { code, out } = await admin('--help');

  expect(code).toBe(0);
  for (const word of ['list', 'grant [options] <id>', 'revoke [options] <id>', 'outbox']) {
    expect(out).toContain(word);
  }
});
