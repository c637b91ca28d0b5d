import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { ConfigError, embeddedNeeds, type Environment, type Part, parseConfig } from './config.js';
import { storeTimeouts } from './store-timeouts.js';
import { environmentSchema, isLoopback } from './variables.js';

const good: Environment = { RDS_HOST: 'db.internal', RDS_PASSWORD: 'pg', JWT_SECRET: 'a signing key of 32 bytes, or so' };

function problemsOf(environment: Environment, parts?: readonly Part[]): readonly string[] {
  try {
    parseConfig(environment, parts);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}
const namesIn = (problems: readonly string[]): string[] => problems.map((problem) => problem.split(/[ ,]/)[0] ?? '');

describe('A configuration', () => {
  test('of the least there must be has the documented defaults', () => {
    expect(parseConfig(good)).toEqual({
      http: { port: 3000, host: undefined, basePath: '', trustedProxies: 0 },
      log: { level: 'info' },
      metrics: { namespace: 'duet-local' },
      lambda: false,
      dataDir: '.data',
      region: 'us-east-1',
      provisionStores: false,
      storeTimeouts: {
        requestMs: 2_300,
        tryMs: 1_000,
        firstConnectMs: 2_000,
        connectMs: 700,
        statementMs: 1_700,
        queryMs: 2_000,
        readMs: 1_200,
        beginMs: 600,
        idleInTransactionMs: 10_000,
        answerMs: 500,
      },
      postgres: {
        host: 'db.internal',
        port: 5432,
        database: 'duet',
        username: 'duet',
        password: 'pg',
        iamAuth: false,
        secretArn: undefined,
        appRoleSecretArn: undefined,
        appRoleName: undefined,
        tls: true,
      },
      dynamodb: {
        endpoint: undefined,
        tables: {
          todos: 'duet-local-todos',
          counters: 'duet-local-counters',
          records: 'duet-local-records',
          archive: 'duet-local-archive',
          rateLimits: 'duet-local-rate-limits',
        },
      },
      cors: { origins: undefined },
      events: { busName: undefined, endpoint: undefined },
      mail: { route: { kind: 'files' }, from: { name: 'Duet', address: 'duet@localhost' }, appUrl: 'http://localhost:3000/app', requireVerified: false },
      secrets: { endpoint: undefined },
      auth: { jwtSecret: good['JWT_SECRET'], jwtSecretArn: undefined },
      limits: {
        loginAccountAddress: 10,
        loginAccount: 50,
        loginAddress: 100,
        loginSuccess: 100,
        registrationAddress: 100,
        emailChange: 20,
        mailAccount: 5,
        mailAddress: 20,
      },
      counter: { shards: 1 },
      archive: { afterDays: 90 },
    });
  });

  test('takes a blank variable for one that is not set', () => {
    const blank = Object.fromEntries(Object.keys(environmentSchema.shape).map((name) => [name, '']));

    expect(parseConfig({ ...blank, ...good })).toEqual(parseConfig(good));
  });

  test('of a function needs no part that it does not use, and takes none by halves', () => {
    expect(parseConfig({}, []).dynamodb.tables.todos).toBe('duet-local-todos');
    expect(problemsOf({}, ['postgres'])).toEqual(['RDS_HOST must be set']);
    expect(namesIn(problemsOf({}, ['signing-key']))).toEqual(['JWT_SECRET']);
    expect(namesIn(problemsOf({ RDS_HOST: 'db.internal', JWT_SECRET: 'x' }, []))).toEqual(['JWT_SECRET', 'RDS_PASSWORD']);
  });

  test('pays no heed to what it does not know', () => {
    expect(parseConfig({ ...good, PATH: '/bin', PORTS: 'x' })).toEqual(parseConfig(good));
  });
});

describe('A wrong configuration', () => {
  const wrong: Environment = {
    PORT: 'a-secret',
    BASE_PATH: 'a-secret',
    TRUSTED_PROXIES: 'a-secret',
    CORS_ORIGINS: 'a-secret',
    LOG_LEVEL: 'a-secret',
    METRICS_NAMESPACE: 'a-secret!',
    RDS_PORT: 'a-secret',
    RDS_IAM_AUTH: 'a-secret',
    RDS_SECRET_ARN: 'a-secret',
    APP_ROLE_SECRET_ARN: 'a-secret',
    RDS_SSL: 'a-secret',
    AWS_REGION: 'a-secret!',
    DYNAMODB_ENDPOINT: 'a-secret',
    DYNAMODB_TABLE_NAME: 'a-secret!',
    COUNTERS_TABLE_NAME: 'a-secret!',
    RECORDS_TABLE_NAME: 'a-secret!',
    ARCHIVE_TABLE_NAME: 'a-secret!',
    RATE_LIMITS_TABLE_NAME: 'a-secret!',
    PROVISION_STORES: 'a-secret',
    EVENTBRIDGE_ENDPOINT: 'a-secret',
    SECRETS_MANAGER_ENDPOINT: 'ftp://a-secret',
    MAIL_URL: 'smtp://user:a-secret@',
    MAIL_FROM: 'a-secret',
    APP_URL: 'https://app.example.com/?a-secret',
    REQUIRE_VERIFIED_EMAIL: 'a-secret',
    SES_ENDPOINT: 'a-secret',
    JWT_SECRET: 'a-secret',
    JWT_SECRET_ARN: 'a-secret',
    COUNTER_SHARDS: 'a-secret',
    ARCHIVE_AFTER_DAYS: 'a-secret',
    LOGIN_LIMIT_ACCOUNT_ADDRESS: 'a-secret',
    LOGIN_LIMIT_ACCOUNT: 'a-secret',
    LOGIN_LIMIT_ADDRESS: 'a-secret',
    REGISTRATION_LIMIT_ADDRESS: 'a-secret',
    LOGIN_SUCCESS_LIMIT_ACCOUNT: 'a-secret',
    EMAIL_CHANGE_LIMIT_ACCOUNT: 'a-secret',
    MAIL_LIMIT_ACCOUNT: 'a-secret',
    MAIL_LIMIT_ADDRESS: 'a-secret',
  };

  test('is reported in one message: every variable by its name, none by its value', () => {
    const problems = problemsOf(wrong);

    expect(new Set(namesIn(problems))).toEqual(new Set([...Object.keys(wrong), 'RDS_HOST']));
    expect(() => parseConfig(wrong)).toThrow(/^The configuration has 40 problems:\n {2}- \w/);
    expect(problems.join('\n')).not.toContain('a-secret');
  });

  test('lists what is missing beside what is wrong', () => {
    expect(namesIn(problemsOf({ PORT: 'x' }))).toEqual(['PORT', 'RDS_HOST', 'JWT_SECRET']);
  });

  test('counts one problem as one', () => {
    expect(() => parseConfig({ ...good, PORT: '-1' })).toThrow(/^The configuration has 1 problem:\n {2}- PORT must be a whole number from 0 to 65535$/);
  });

  test.each<[string, Environment, string]>([
    ['no credentials for PostgreSQL', { RDS_PASSWORD: '' }, 'RDS_PASSWORD'],
    ['two kinds of credentials', { RDS_IAM_AUTH: 'true' }, 'RDS_PASSWORD'],
    ['a password and a secret', { RDS_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:x' }, 'RDS_PASSWORD'],
    ['IAM tokens without TLS', { RDS_PASSWORD: '', RDS_IAM_AUTH: 'true', RDS_SSL: 'disable' }, 'RDS_SSL'],
    ['no signing key', { JWT_SECRET: '' }, 'JWT_SECRET'],
    ['two signing keys', { JWT_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:x' }, 'JWT_SECRET'],
    ['a key of 31 bytes', { JWT_SECRET: 'xy'.repeat(15) + 'x' }, 'JWT_SECRET'],
    ['a key of one byte over and over', { JWT_SECRET: 'a'.repeat(64) }, 'JWT_SECRET'],
    ['mails without a sender', { MAIL_URL: 'ses:' }, 'MAIL_FROM'],
    ['links on Lambda that lead nowhere', { AWS_LAMBDA_FUNCTION_NAME: 'f', MAIL_URL: 'ses:', MAIL_FROM: 'a@example.com' }, 'APP_URL'],
    ['verified e-mails on Lambda without mails', { AWS_LAMBDA_FUNCTION_NAME: 'f', REQUIRE_VERIFIED_EMAIL: 'true' }, 'REQUIRE_VERIFIED_EMAIL'],
    ['provisioning on Lambda', { AWS_LAMBDA_FUNCTION_NAME: 'f', PROVISION_STORES: 'true' }, 'PROVISION_STORES'],
    ['a port beyond the last', { PORT: '65536' }, 'PORT'],
    ['port 0 of PostgreSQL', { RDS_PORT: '0' }, 'RDS_PORT'],
    ['a base path with a slash at its end', { BASE_PATH: '/prod/' }, 'BASE_PATH'],
    ['no shards', { COUNTER_SHARDS: '0' }, 'COUNTER_SHARDS'],
    ['an archive after no days', { ARCHIVE_AFTER_DAYS: '0' }, 'ARCHIVE_AFTER_DAYS'],
  ])('is refused for %s', (_, change, name) => {
    expect(namesIn(problemsOf({ ...good, ...change }))).toEqual([name]);
  });

  test('counts the bytes of a key, not its characters', () => {
    expect(parseConfig({ ...good, JWT_SECRET: '😀'.repeat(8) }).auth.jwtSecret).toBe('😀'.repeat(8));
  });
});

describe('TLS to PostgreSQL', () => {
  test.each<[string, string | undefined, boolean]>([
    ['db.internal', undefined, true],
    ['127.0.0.1', undefined, false],
    ['localhost', undefined, false],
    ['::1', undefined, false],
    ['db.internal', 'disable', false],
    ['127.0.0.1', 'verify', true],
    ['localhost.example.com', undefined, true],
    ['127.0.0.1.example.com', undefined, true],
  ])('to %s with RDS_SSL=%s: %s', (host, ssl, tls) => {
    expect(parseConfig({ ...good, RDS_HOST: host, RDS_SSL: ssl }).postgres.tls).toBe(tls);
  });
});

describe('Stores are provisioned', () => {
  const local = { ...good, RDS_HOST: '127.0.0.1', DYNAMODB_ENDPOINT: 'http://localhost:8000' };

  test.each<[string, Environment, boolean]>([
    ['both on loopback', local, true],
    ['both on loopback, switched off', { ...local, PROVISION_STORES: 'false' }, false],
    ['PostgreSQL elsewhere', { ...local, RDS_HOST: 'db.internal' }, false],
    ['DynamoDB in its region', { ...local, DYNAMODB_ENDPOINT: '' }, false],
    ['DynamoDB elsewhere', { ...local, DYNAMODB_ENDPOINT: 'https://dynamodb.internal:8000' }, false],
    ['elsewhere, switched on', { ...good, PROVISION_STORES: 'true' }, true],
    ['on Lambda', { ...local, AWS_LAMBDA_FUNCTION_NAME: 'f' }, false],
  ])('%s: %#', (_, environment, provisioned) => {
    expect(parseConfig(environment).provisionStores).toBe(provisioned);
  });
});

test('What a laptop supplies is what no variable names', () => {
  expect(embeddedNeeds({})).toEqual({ postgres: true, dynamodb: true, jwtSecret: true });
  expect(embeddedNeeds({ RDS_HOST: '', DYNAMODB_ENDPOINT: '', JWT_SECRET: '' })).toEqual({ postgres: true, dynamodb: true, jwtSecret: true });
  expect(embeddedNeeds({ RDS_HOST: 'h', DYNAMODB_ENDPOINT: 'e', JWT_SECRET_ARN: 'a' })).toEqual({ postgres: false, dynamodb: false, jwtSecret: false });
});

test.each(['us-east-1', 'eu-central-1', 'eusc-de-east-1', 'us-gov-west-1', 'cn-north-1', 'us-iso-east-1'])('AWS_REGION may be %s', (region) => {
  expect(parseConfig({ ...good, AWS_REGION: region }).region).toBe(region);
});

test.each(['Frankfurt', 'eu-mars-1', 'eu-central', 'EU-CENTRAL-1', 'us-east-1a'])('AWS_REGION may not be %s', (region) => {
  expect(problemsOf({ ...good, AWS_REGION: region })).toEqual(['AWS_REGION must be a region such as eu-central-1']);
});

test.each(['DYNAMODB_ENDPOINT', 'SECRETS_MANAGER_ENDPOINT', 'EVENTBRIDGE_ENDPOINT', 'SES_ENDPOINT'])(
  '%s is encrypted, unless it is on this machine',
  (variable) => {
    for (const url of ['http://127.0.0.1:8000', 'http://localhost:8000', 'http://[::1]:8000', 'https://vpce.example.com']) {
      expect(problemsOf({ ...good, [variable]: url })).toEqual([]);
    }
    for (const url of ['http://vpce.example.com', 'http://10.0.0.1:8000', 'http://127.0.0.1.nip.io']) {
      expect(problemsOf({ ...good, [variable]: url })).toEqual([`${variable} must be an https URL, unless its host is a loopback address`]);
    }
  },
);

test('JWT_SECRET may not be one character again and again', () => {
  expect(problemsOf({ ...good, JWT_SECRET: 'x'.repeat(64) })).toEqual(['JWT_SECRET must not be one character again and again']);
});

test('Loopback is this machine alone', () => {
  expect(['localhost', 'LOCALHOST', '127.0.0.1', '127.1.2.3', '::1', '[::1]'].map(isLoopback)).toEqual(Array(6).fill(true));
  expect(['0.0.0.0', '10.0.0.1', 'localhost.evil.com', '127.0.0.1.nip.io', 'not-localhost', 'x127.0.0.1', '::2', ''].map(isLoopback)).toEqual(
    Array(8).fill(false),
  );
});

test.each([500, 2_300, 20_000])('of %d ms for a request, a connection and a try leave time for a second, and statements end before it does', (ms) => {
  const { requestMs, firstConnectMs, connectMs, tryMs, statementMs, queryMs, readMs, beginMs } = storeTimeouts(ms);

  expect(requestMs).toBe(ms);
  expect(connectMs).toBeLessThan(tryMs);
  expect(2 * tryMs).toBeLessThan(requestMs);
  expect(firstConnectMs).toBeGreaterThan(tryMs);
  expect(firstConnectMs).toBeLessThan(requestMs);
  expect(statementMs).toBeLessThan(queryMs);
  expect(queryMs).toBeLessThan(requestMs);
  expect(readMs + tryMs).toBeLessThan(requestMs);
  expect(beginMs + tryMs).toBeLessThan(requestMs);
});

test('Origins are listed with commas, each as a browser sends it', () => {
  const parsed = (list: string): unknown => parseConfig({ ...good, CORS_ORIGINS: list }).cors.origins;

  expect(parsed('https://app.example.com, http://localhost:5173')).toEqual(['https://app.example.com', 'http://localhost:5173']);
  for (const list of [
    '*',
    'null',
    'app.example.com',
    'https://app.example.com/',
    'https://app.example.com/app',
    'https://App.example.com',
    'ftp://a.example',
    ',',
  ]) {
    expect(problemsOf({ ...good, CORS_ORIGINS: list })).toEqual([expect.stringMatching(/^CORS_ORIGINS must be origins such as/)]);
  }
});

test('.env.example lists every variable that may be set, each with a value that passes', async () => {
  const example = await readFile(new URL('../../.env.example', import.meta.url), 'utf8');
  const listed = Object.fromEntries([...example.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  // Lambda sets it itself.
  const setByAws = ['AWS_LAMBDA_FUNCTION_NAME'];

  expect([...Object.keys(listed), ...setByAws].sort()).toEqual(Object.keys(environmentSchema.shape).sort());
  expect(problemsOf({ ...listed, ...good })).toEqual([]);
});
