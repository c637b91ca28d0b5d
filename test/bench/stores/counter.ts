import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type Environment, parseConfig } from '../../../src/config/config.js';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { provisionTables } from '../../../src/local/stores/provision-tables.js';
import { listenOnLoopback } from '../../support/loopback.js';
import { callService } from '../../support/service.js';
import { startWireProxy } from '../../support/faults/wire-proxy.js';
import type { BenchOptions } from '../bench-options.js';
import type { Section } from '../report.js';
import type { Stage } from '../stage.js';
import { median } from '../statistics.js';

const clients = 64;
/** More clients than connections that the SDK opens, so that visits have to wait in the process. */
const manyClients = 200;
const shardCounts = [1, 2, 3];
/** Processes that share the counter where its shards are compared: one process writes what waits together, and needs no shards. */
const processes = 8;
/** A fiftieth of DynamoDB's 1,000 write units a second and partition, so that one machine can reach the limit with several. */
const writesPerItemAndSecond = 20;

interface Throughput {
  readonly name: string;
  readonly perSecond: number;
  readonly p50: number;
  /** Answered with 503: whether those visits were counted is unknown. */
  readonly unknown: number;
  readonly exact: boolean;
}

/** Servers that count visits in one table. */
interface Counters {
  readonly urls: readonly string[];
  visitCount(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Clients that count visits as fast as they are answered: at one server beside a bare `node:http` handler over the same SDK call, and at eight that share one
 * table, with DynamoDB's limit of writes to one item before it, by shards.
 */
export async function measureCounter(stage: Stage, { quick, onProgress }: BenchOptions): Promise<Section> {
  const seconds = quick ? 1.5 : 4;
  const ratios: number[] = [];
  const runs: Throughput[] = [];
  const measured = async (name: string, start: Promise<Counters>, count = clients): Promise<Throughput> => {
    const run = await countVisits(name, await start, count, seconds);
    runs.push(run);
    onProgress(`counter: ${name}, ${run.perSecond.toFixed(0)} a second`);
    return run;
  };
  for (let round = 1; round <= (quick ? 1 : 3); round += 1) {
    const bare = await measured(`bare handler, round ${round}`, startBareHandler(stage, `bare-${round}`));
    const duet = await measured(`duet, round ${round}`, startServers(stage, `one-${round}`, { shards: 1, servers: 1 }));
    ratios.push(duet.perSecond / bare.perSecond);
  }
  const many = await measured(`duet, ${manyClients} clients`, startServers(stage, 'many', { shards: 1, servers: 1 }), manyClients);
  const limited: Throughput[] = [];
  for (const shards of shardCounts) {
    limited.push(
      await measured(`${processes} processes, ${shards} shards`, startServers(stage, `limited-${shards}`, { shards, servers: processes, isLimited: true })),
    );
  }
  return {
    name: 'counter',
    title: `POST /counter, ${clients} clients, visits a second`,
    columns: ['run', 'visits a second', 'p50 ms', 'exact'],
    rows: runs.map((run) => [run.name, run.perSecond.toFixed(0), run.p50.toFixed(1), describeExactness(run)]),
    notes: [
      'The bare handler is node:http with one UpdateItem a visit. Duet writes the visits that wait together.',
      `The runs by shards are of ${processes} servers, as of Lambda's environments, behind a proxy that lets ${writesPerItemAndSecond} writes a second through to one item,`,
      'as DynamoDB lets 1,000 through to one partition.',
    ],
    verdicts: [
      {
        measure: `counter, ${clients} clients, to the bare handler`,
        budget: 'at least 1.0',
        measured: median(ratios).toFixed(2),
        met: median(ratios) >= 1,
      },
      { measure: `counter, ${manyClients} clients`, budget: 'none refused', measured: `${many.unknown} refused`, met: many.unknown === 0 },
      {
        measure: 'counter, every run',
        budget: 'exact',
        measured: `${runs.filter(({ exact }) => exact).length} of ${runs.length} runs`,
        met: runs.every(({ exact }) => exact),
      },
      {
        measure: 'counter at a limit an item, by shards',
        budget: 'throughput grows',
        measured: limited.map(({ perSecond }) => perSecond.toFixed(0)).join(' < '),
        met: limited.every(({ perSecond }, at) => perSecond > (limited[at - 1]?.perSecond ?? 0)),
      },
    ],
    figures: { runs, ratios, writesPerItemAndSecond, processes },
  };
}

const describeExactness = ({ exact, unknown }: Throughput) => (exact ? (unknown === 0 ? 'yes' : `but for ${unknown} unknown`) : 'NO');

async function countVisits(name: string, counters: Counters, count: number, seconds: number): Promise<Throughput> {
  try {
    await Promise.all(counters.urls.map(async (url) => callService(url, 'POST', '/counter')));
    const before = await counters.visitCount();
    const times: number[] = [];
    let unknown = 0;
    const started = performance.now();
    await Promise.all(
      Array.from({ length: count }, async (_, client) => {
        const url = counters.urls[client % counters.urls.length] ?? '';
        while (performance.now() < started + seconds * 1000) {
          const sentAt = performance.now();
          const { status, text } = await callService(url, 'POST', '/counter');
          if (status === 503) {
            unknown += 1;
          } else if (status === 200) {
            times.push(performance.now() - sentAt);
          } else {
            throw new Error(`POST /counter answered ${status}: ${text}`);
          }
        }
      }),
    );
    const perSecond = times.length / ((performance.now() - started) / 1000);
    const visits = (await counters.visitCount()) - before;
    return { name, perSecond, p50: median(times), unknown, exact: visits >= times.length && visits <= times.length + unknown };
  } finally {
    await counters.stop();
  }
}

/** Duet's own servers over a fresh table. */
async function startServers(
  stage: Stage,
  table: string,
  { shards, servers, isLimited = false }: { shards: number; servers: number; isLimited?: boolean },
): Promise<Counters> {
  const limit = itemLimit();
  const proxy = isLimited
    ? await startWireProxy(stage.variables['DYNAMODB_ENDPOINT'] ?? '', async ({ operation, input }, forward) => {
        if (operation === 'UpdateItem') {
          await limit(JSON.stringify(input['Key']));
        }
        await forward(input);
      })
    : undefined;
  const variables = await freshTable(stage, table, { COUNTER_SHARDS: String(shards) });
  const config = parseConfig({ ...variables, ...(proxy && { DYNAMODB_ENDPOINT: proxy.endpoint }) });
  const apps = await Promise.all(
    Array.from({ length: servers }, async () => {
      const app = await createServerApp(config);
      await app.listen(0, '127.0.0.1');
      return app;
    }),
  );
  const urls = apps.map((app) => `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`);
  return {
    urls,
    visitCount: async () => (await callService(urls[0] ?? '', 'GET', '/counter')).body.visitCount as number,
    stop: async () => {
      await Promise.all(apps.map(async (app) => app.close()));
      await proxy?.stop();
    },
  };
}

/** What is left without Duet: `node:http` and the SDK call that counts one visit. */
async function startBareHandler(stage: Stage, table: string): Promise<Counters> {
  const { dynamodb, region } = parseConfig(await freshTable(stage, table, {}));
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({ region, endpoint: dynamodb.endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
  );
  const add = async (visits: number) => {
    const { Attributes } = await client.send(
      new UpdateCommand({
        TableName: dynamodb.tables.counters,
        Key: { counterId: 'main_counter' },
        UpdateExpression: 'ADD visitCount :visits SET lastUpdated = :now',
        ExpressionAttributeValues: { ':visits': visits, ':now': new Date().toISOString() },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return Attributes as { visitCount: number };
  };
  const server = createServer((_, response) => {
    const failed = (error: unknown): void => void response.writeHead(500).end(String(error));
    add(1).then((item) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(item)), failed);
  });
  const { url, stop } = await listenOnLoopback(server);
  return {
    urls: [url],
    visitCount: async () => (await add(0)).visitCount,
    stop: async () => {
      await stop();
      client.destroy();
    },
  };
}

async function freshTable(stage: Stage, name: string, variables: Environment): Promise<Environment> {
  const all = { ...stage.variables, LOG_LEVEL: 'error', COUNTERS_TABLE_NAME: `bench-counters-${name}`, ...variables };
  await provisionTables(parseConfig(all));
  return all;
}

/** Resolves when the item's turn has come: so many a second, evenly. */
function itemLimit(): (item: string) => Promise<void> {
  const free = new Map<string, number>();
  return async (item) => {
    const at = Math.max(performance.now(), free.get(item) ?? 0);
    free.set(item, at + 1000 / writesPerItemAndSecond);
    await sleep(at - performance.now());
  };
}
