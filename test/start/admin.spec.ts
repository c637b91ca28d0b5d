import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
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
  const { postgres, dynamodb, auth } = service.config;
  const env = {
    RDS_HOST: postgres.host,
    RDS_PORT: String(postgres.port),
    RDS_USERNAME: postgres.username,
    RDS_PASSWORD: postgres.password,
    RDS_DATABASE: postgres.database,
    DYNAMODB_ENDPOINT: dynamodb.endpoint,
    JWT_SECRET: auth.jwtSecret,
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
  expect((await admin('grant', email)).code).toBe(0);
  const { code, out } = await admin('list');

  expect(code).toBe(0);
  expect(out.trim().split('\n')).toHaveLength(2);
  expect(out).toContain(id);
  expect(out).toContain(email);
  expect(out).not.toContain(other.email);
  expect(out).not.toContain('\u001B');
});

test.each([
  [['grnat', 'ada@example.com'], 'Did you mean grant?'],
  [['lists'], 'Did you mean list?'],
  [['grant', 'ada'], 'It must be an e-mail address'],
  [['grant'], "missing required argument 'email'"],
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
  for (const word of ['list', 'grant <email>', 'revoke <email>', 'outbox']) {
    expect(out).toContain(word);
  }
});
