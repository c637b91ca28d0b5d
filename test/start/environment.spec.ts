import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startBuiltService } from '../support/built-service.js';
import { callService } from '../support/service.js';
import { deadPort } from '../support/wire.js';

// Real: the built service and its embedded stores, started with what a user's shell may hold.
// Seen failing: with the driver's own startup message (PGOPTIONS: every write fails); without the two flags on clients of our own endpoints (FIPS, dual stack: no start);
// without the store's name and variable in the message.

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'duet-environment-'));
  await chmod(folder, 0o711);
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

test.each([
  [
    'PostgreSQL’s clients',
    { PGOPTIONS: '-c default_transaction_read_only=on', PGREPLICATION: 'database', PGSSLMODE: 'require', PGUSER: 'someone', PGPORT: '1' },
  ],
  ['AWS’s clients', { AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true', AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_RETRY_MODE: 'adaptive' }],
])('What the shell says to %s does not reach the embedded stores', async (_, shell) => {
  const service = await startBuiltService({ DUET_DATA_DIR: join(folder, 'data'), STORE_TIMEOUT_MS: '20000', ...shell });
  try {
    const body = { email: `u-${randomUUID()}@example.com`, name: 'Ada', password: 'correct horse battery staple' };
    expect((await callService(service.url, 'POST', '/users', { body })).status).toBe(201);
    expect((await callService(service.url, 'POST', '/counter')).status).toBe(200);
  } finally {
    await service.stop();
  }
});

test('A PostgreSQL that is not there is named, with the variables that lead to it', async () => {
  const port = await deadPort();

  await expect(startBuiltService({ DUET_DATA_DIR: folder, RDS_HOST: '127.0.0.1', RDS_PORT: String(port), RDS_PASSWORD: 'x' })).rejects.toThrow(
    `PostgreSQL at 127.0.0.1:${port} cannot be reached (connect ECONNREFUSED 127.0.0.1:${port}): start it, or correct RDS_HOST and RDS_PORT`,
  );
});

test('A DynamoDB that is not there is named, with the variable that leads to it', async () => {
  const endpoint = `http://127.0.0.1:${await deadPort()}`;

  await expect(startBuiltService({ DUET_DATA_DIR: folder, DYNAMODB_ENDPOINT: endpoint })).rejects.toThrow(
    new RegExp(`DynamoDB at ${endpoint} cannot be reached \\(.*\\): start it, or correct DYNAMODB_ENDPOINT`),
  );
});
