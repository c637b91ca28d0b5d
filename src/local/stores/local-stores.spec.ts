import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DescribeTableCommand, DescribeTimeToLiveCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { ConfigError, type Environment, parseConfig } from '../../config/config.js';
import { startEmbeddedDynamoDb } from './embedded-dynamodb.js';
import { startEmbeddedPostgres } from './postgres/embedded-postgres.js';
import { attachOrStartLocalStores, type LocalStores, startEphemeralStores, startLocalStores } from './local-stores.js';
import { withPlaceholders } from './placeholders.js';
import { Guardian } from '../processes/guardian.js';
import { endProcess, startTimeOf } from '../processes/processes.js';
import { provisionTables } from './provision-tables.js';

/** A process that only waits: Node itself, because a machine may have no other program. */
const idle = ['-e', 'setTimeout(() => {}, 60_000)'];

// Real servers and real files; nothing is faked but the death of a Duet, which leaves a lock of a process that is gone.

let dataDir: string;
/** Whatever a test has started, so that a failing one leaves nothing behind. */
let running: { stop(): Promise<void> }[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'duet-local-spec-'));
  await chmod(dataDir, 0o711);
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map(async (one) => one.stop()));
  await rm(dataDir, { recursive: true, force: true });
});

function track<T extends { stop(): Promise<void> }>(started: T): T {
  running.push(started);
  return started;
}

async function query(environment: Environment, text: string): Promise<unknown[]> {
  const { host, port, username, password, database } = parseConfig(environment).postgres;
  const client = new pg.Client({ host, port, user: username, password, database });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function withDynamoDb<T>(environment: Environment, use: (client: DynamoDBClient) => Promise<T>): Promise<T> {
  const client = new DynamoDBClient({
    endpoint: environment['DYNAMODB_ENDPOINT'],
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

const counters = 'duet-local-counters';
const mark = { counterId: { S: 'mark' } };

async function writeMarks(environment: Environment): Promise<void> {
  await provisionTables(parseConfig(environment));
  await query(environment, 'CREATE TABLE mark AS SELECT 1 AS n');
  await withDynamoDb(environment, async (client) => client.send(new PutItemCommand({ TableName: counters, Item: mark })));
}

async function readMarks(environment: Environment): Promise<unknown[]> {
  const rows = await query(environment, 'SELECT n FROM mark');
  const { Item } = await withDynamoDb(environment, async (client) => client.send(new GetItemCommand({ TableName: counters, Key: mark, ConsistentRead: true })));
  return [...rows, Item];
}

async function serverPids(): Promise<number[]> {
  const postmaster = await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8');
  const dynoxide = JSON.parse(await readFile(join(dataDir, 'dynamodb', 'server.pid'), 'utf8')) as { pid: number };
  return [Number(postmaster.split('\n', 1)[0]), dynoxide.pid];
}

async function start(): Promise<LocalStores> {
  return track(await startLocalStores({ DUET_DATA_DIR: dataDir }));
}

describe('local stores', () => {
  test('keep their data and the signing key over a stop and a start, and leave no process behind', async () => {
    const first = await start();
    await writeMarks(first.environment);
    const pids = await serverPids();
    await first.stop();

    expect(pids.map(startTimeOf)).toEqual([null, null]);
    await expect(access(join(dataDir, 'running.json'))).rejects.toThrow('ENOENT');

    const second = await start();
    expect(await readMarks(second.environment)).toEqual([{ n: 1 }, mark]);
    expect(second.environment['JWT_SECRET']).toBe(first.environment['JWT_SECRET']);
    expect((await stat(join(dataDir, 'jwt-secret'))).mode & 0o777).toBe(0o600);
  });

  test('keep what was acknowledged when both servers are killed', async () => {
    const first = await start();
    await writeMarks(first.environment);
    for (const pid of await serverPids()) {
      process.kill(pid, 'SIGKILL');
    }
    await first.stop();

    const second = await start();

    expect(await readMarks(second.environment)).toEqual([{ n: 1 }, mark]);
  });

  test('refuse a second Duet on the same folder, and leave the first alone', async () => {
    const first = await start();

    const second = startLocalStores({ DUET_DATA_DIR: dataDir });

    await expect(second).rejects.toThrow(`is in use by another Duet (pid ${process.pid}): stop it, or set DUET_DATA_DIR to another folder`);
    expect(await query(first.environment, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test('end the servers that a killed Duet left running, and start on their data', async () => {
    const killed = await start();
    await writeMarks(killed.environment);
    const orphans = await serverPids();
    for (const held of ['duet', 'postgres', 'dynamodb']) {
      await writeFile(join(dataDir, `${held}.lock`), JSON.stringify({ pid: process.pid, startTime: 'of an earlier process' }));
    }

    const next = await start();

    expect(orphans.map(startTimeOf)).toEqual([null, null]);
    expect(await readMarks(next.environment)).toEqual([{ n: 1 }, mark]);
  });

  test('start although the pid in a stale PostgreSQL lock file is now that of another process', async () => {
    const first = track(await startEmbeddedPostgres({ dataDir, database: 'duet', durable: false }));
    await first.stop();
    const other = spawn(process.execPath, idle);
    await once(other, 'spawn');
    try {
      await writeFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), `${other.pid}\n${join(dataDir, 'postgres', 'data')}\n`);

      const second = track(await startEmbeddedPostgres({ dataDir, database: 'duet', durable: false }));

      expect(startTimeOf(second.pid)).not.toBeNull();
      expect(startTimeOf(other.pid ?? 0)).not.toBeNull();
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('stop the one store when the other cannot start', async () => {
    const held = track(await startEmbeddedDynamoDb({ dataDir }));

    await expect(start()).rejects.toThrow('is in use by another Duet');

    await expect(access(join(dataDir, 'postgres', 'data', 'postmaster.pid'))).rejects.toThrow('ENOENT');
    await expect(access(join(dataDir, 'postgres.lock'))).rejects.toThrow('ENOENT');
    expect(startTimeOf(held.pid)).not.toBeNull();
  });

  test('are found by an operator command while they run, and started for it when they do not', async () => {
    const service = await start();
    const beside = track(await attachOrStartLocalStores({ DUET_DATA_DIR: dataDir }));
    expect(beside.environment).toMatchObject({ RDS_PORT: service.environment['RDS_PORT'], DYNAMODB_ENDPOINT: service.environment['DYNAMODB_ENDPOINT'] });
    await beside.stop();
    expect(await query(service.environment, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await service.stop();

    const alone = track(await attachOrStartLocalStores({ DUET_DATA_DIR: dataDir }));

    expect(await query(alone.environment, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test('leave a store alone that the environment names', async () => {
    const environment = {
      DUET_DATA_DIR: dataDir,
      RDS_HOST: 'db.example',
      RDS_PASSWORD: 'x',
      DYNAMODB_ENDPOINT: 'http://127.0.0.1:1',
      JWT_SECRET: 'a signing key of 32 bytes, or so',
    };

    const stores = track(await startLocalStores(environment));

    expect(stores.environment).toEqual(environment);
  });

  test('are gone with their folder after an ephemeral run', async () => {
    const stores = track(await startEphemeralStores());
    expect(await query(stores.environment, 'SHOW fsync')).toEqual([{ fsync: 'off' }]);
    await stores.stop();

    await expect(access(stores.environment['DUET_DATA_DIR'] ?? '')).rejects.toThrow('ENOENT');
  });
});

describe('provisionTables', () => {
  test('makes every table once, however many run it', async () => {
    const dynamodb = track(await startEmbeddedDynamoDb({ dataDir }));
    const environment = { ...withPlaceholders({}), DYNAMODB_ENDPOINT: dynamodb.endpoint };
    const config = parseConfig(environment);
    const created: string[] = [];

    await Promise.all([1, 2, 3].map(async () => provisionTables(config, (line) => created.push(line))));
    await provisionTables(config, (line) => created.push(line));

    expect(created.toSorted()).toEqual(
      Object.values(config.dynamodb.tables)
        .toSorted()
        .map((name) => `DynamoDB table ${name} created`),
    );
    const { Table } = await withDynamoDb(environment, async (client) => client.send(new DescribeTableCommand({ TableName: config.dynamodb.tables.todos })));
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      LocalSecondaryIndexes: expect.arrayContaining([expect.objectContaining({ IndexName: 'byDue' }), expect.objectContaining({ IndexName: 'byRevision' })]),
    });
    const { TimeToLiveDescription } = await withDynamoDb(environment, async (client) =>
      client.send(new DescribeTimeToLiveCommand({ TableName: config.dynamodb.tables.todos })),
    );
    expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' });
  });

  test('says what to do about a table that an earlier version made without an index', async () => {
    const dynamodb = track(await startEmbeddedDynamoDb({ dataDir }));
    const environment = { ...withPlaceholders({}), DYNAMODB_ENDPOINT: dynamodb.endpoint };
    const config = parseConfig(environment);
    const key = (name: string, KeyType: 'HASH' | 'RANGE') => ({ AttributeName: name, KeyType });
    await withDynamoDb(environment, async (client) =>
      client.send(
        new CreateTableCommand({
          TableName: config.dynamodb.tables.todos,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: ['userId', 'itemKey', 'dueKey'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
          KeySchema: [key('userId', 'HASH'), key('itemKey', 'RANGE')],
          LocalSecondaryIndexes: [{ IndexName: 'byDue', KeySchema: [key('userId', 'HASH'), key('dueKey', 'RANGE')], Projection: { ProjectionType: 'ALL' } }],
        }),
      ),
    );

    await expect(provisionTables(config)).rejects.toThrow(/table duet-local-todos was made by an earlier version .* DUET_DATA_DIR/);
  });
});

describe('withPlaceholders', () => {
  test('leaves every real mistake to be reported, and adds none', () => {
    expect(() => parseConfig(withPlaceholders({}))).not.toThrow();
    expect(() => parseConfig(withPlaceholders({ RDS_IAM_AUTH: 'true' }))).toThrow(ConfigError);
    expect(() => parseConfig(withPlaceholders({ PORT: 'x' }))).toThrow('PORT must be');
  });
});

describe('Guardian', () => {
  test('ends what it watches and removes the folder when the pipe to us breaks', async () => {
    const watched = spawn(process.execPath, idle, { detached: true });
    await once(watched, 'spawn');
    const gone = once(watched, 'exit');
    const guardian = new Guardian();
    guardian.watch(watched.pid ?? 0);
    guardian.removeFolder(dataDir);

    // The end of its input without a word is what our death looks like from there.
    const { child } = guardian as unknown as { child: ReturnType<typeof spawn> };
    const finished = once(child, 'exit');
    child.stdin?.end();
    await Promise.all([gone, finished]);

    await expect(access(dataDir)).rejects.toThrow('ENOENT');
  });

  test('touches nothing when released', async () => {
    const watched = spawn(process.execPath, idle, { detached: true });
    await once(watched, 'spawn');
    const guardian = new Guardian();
    guardian.watch(watched.pid ?? 0);

    await guardian.release();

    expect(startTimeOf(watched.pid ?? 0)).not.toBeNull();
    await endProcess(watched.pid ?? 0, [{ signal: 'SIGKILL', patienceMs: 1000 }]);
  });
});

test('A wrong variable is reported before anything starts, also one that only a server of one’s own would need', () => {
  expect(() => parseConfig(withPlaceholders({ RDS_PORT: 'x', PORT: '99999' }))).toThrow(/PORT must be[^]*RDS_PORT must be/);
  expect(() => parseConfig(withPlaceholders({}))).not.toThrow();
});
