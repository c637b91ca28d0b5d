import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { parseConfig } from '../../../src/config/config.js';
import { createWorker } from '../../../src/create-worker.js';
import { Migrator } from '../../../src/platform/postgres/migrator.js';
import { Postgres } from '../../../src/platform/postgres/postgres.js';
import { postgresModule } from '../../../src/postgres.module.js';
import { expectUnavailable, type FaultyService, startFaultyService } from '../../support/faults/faulty-service.js';
import type { ServerError } from '../../support/aws/rds-proxy.js';
import type { Answer, SignedUp } from '../../support/service.js';

// Real: the built service, PostgreSQL 18, DynamoDB (Dynoxide). The stand-in before PostgreSQL is as strict as RDS Proxy.
// Seen failing: with the time limits in the startup message (0A000: the service does not start); without the role's settings (no time limit; a German date is a
// 500); without the proxy's own texts (500); with a try's time for the first connection (503); without the wait of migrate.

let service: FaultyService;
let user: SignedUp;
/** PostgreSQL through the same proxy, without the service's own traffic. */
let worker: INestApplicationContext;
const borrowTimeout: ServerError = { severity: 'FATAL', code: '08000', message: 'Timed-out waiting to acquire database connection.' };
const read = async (): Promise<Answer> => service.call('GET', `/users/${user.id}`, { token: user.accessToken });
const rename = async (): Promise<Answer> => service.call('PATCH', `/users/${user.id}`, { token: user.accessToken, body: { name: 'Renamed' } });
const signIn = async (): Promise<Answer> => service.call('POST', '/auth/login', { body: { email: user.email, password: user.password } });

beforeAll(async () => {
  service = await startFaultyService({ STORE_TIMEOUT_MS: '12000' });
  user = await service.signUp();
  const variables = { ...service.environment, RDS_PORT: String(service.rdsProxy.port), STORE_TIMEOUT_MS: '12000', LOG_LEVEL: 'error' };
  worker = await createWorker(parseConfig(variables), [postgresModule]);
});
afterAll(async () => {
  await worker?.close();
  await service?.stop();
});
afterEach(() => {
  service.rdsProxy.failWith(null);
  service.rdsProxy.failStatementsWith(null);
  service.rdsProxy.delayConnections(0);
});

describe('Through RDS Proxy', () => {
  test('sessions start with four parameters', async () => {
    expect((await Promise.all([read(), rename(), signIn()])).map(({ status }) => status)).toEqual([200, 200, 200]);

    expect([...service.rdsProxy.startupParameters].sort()).toEqual(['application_name', 'client_encoding', 'database', 'user']);
  });

  test('a session’s settings are its role’s, and go before those of the database', async () => {
    const { database } = service.config.postgres;
    await service.truth.query(`ALTER DATABASE ${database} SET datestyle = 'German'`);
    await service.truth.query(`ALTER DATABASE ${database} SET statement_timeout = 0`);
    service.postgres.resetAll();

    expect((await signIn()).status).toBe(200);
    expect((await read()).body.createdAt).toMatch(/^\d{4}-\d\d-\d\dT/);
    const connection = await service.truth.connect();
    const { rows } = await connection.query(`SELECT name, setting FROM pg_settings WHERE source = 'database user' ORDER BY lower(name)`);
    await connection.end();
    expect(rows).toEqual([
      { name: 'DateStyle', setting: 'ISO, MDY' },
      { name: 'idle_in_transaction_session_timeout', setting: expect.stringMatching(/^[1-9]\d+$/) },
      { name: 'statement_timeout', setting: expect.stringMatching(/^[1-9]\d+$/) },
    ]);
  });

  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.troubleshooting.html gives the texts, and no codes.
  const proxyErrors = [
    'Timed-out waiting to acquire database connection.',
    'The maximum number of client connections to the proxy exceeded 100.',
    'Rate of connection to proxy exceeded 200.',
    'The IAM authentication failed because of too many competing requests.',
    'This RDS proxy has no credentials for the role duet_app. Check the credentials for this role and try again.',
    'Unknown error.',
  ].map((message): ServerError => ({ severity: 'FATAL', code: 'XX000', message }));

  test.each(proxyErrors)('a connection refused with "$message" is 503, and all is well after it', async (refusal) => {
    service.rdsProxy.failWith(refusal);
    service.postgres.resetAll();

    for (const answer of await Promise.all([read(), rename()])) {
      expectUnavailable(answer);
    }

    service.rdsProxy.failWith(null);
    expect((await read()).status).toBe(200);
  });

  test.each(proxyErrors.slice(0, 1))('a statement refused with "$message" is 503, and all is well after it', async (refusal) => {
    service.rdsProxy.failStatementsWith(refusal);

    for (const answer of await Promise.all([read(), rename()])) {
      expectUnavailable(answer);
    }

    service.rdsProxy.failStatementsWith(null);
    expect((await read()).status).toBe(200);
  });

  test('the first connection may take longer than those that follow, for the proxy may be cold', async () => {
    // More than a try's share of the request's time (5.2 s of 12), less than a first connection's (10.4 s).
    service.rdsProxy.delayConnections(7_000);

    await expect(worker.get(Postgres).select('SELECT 1 AS one', [])).resolves.toEqual([{ one: 1 }]);
  });

  test('migrate waits for a proxy that cannot serve yet, and says so', async () => {
    const refusedBefore = service.rdsProxy.refused;
    service.rdsProxy.failWith(borrowTimeout);
    const lines: string[] = [];
    const onProgress = (line: string): void => {
      lines.push(line);
      if (lines.length === 3) service.rdsProxy.failWith(null);
    };

    expect(await worker.get(Migrator).migrate({ wait: { maxMs: 60_000, retryMs: 10 }, onProgress })).toEqual([]);

    expect(service.rdsProxy.refused - refusedBefore).toBeGreaterThanOrEqual(3);
    expect(lines).toEqual(
      Array(3).fill(expect.stringMatching(/^PostgreSQL cannot serve yet \(Timed-out waiting to acquire .*\): waiting, \d+ of at most 60 s$/)),
    );
  });

  test('migrate does not wait for ever', async () => {
    service.rdsProxy.failWith(borrowTimeout);

    await expect(worker.get(Migrator).migrate({ wait: { maxMs: 50, retryMs: 10 } })).rejects.toThrow(borrowTimeout.message);
  });
});
