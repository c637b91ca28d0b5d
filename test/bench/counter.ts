import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseConfig } from '../../src/config/config.js';
import { createServerApp } from '../../src/local/server/server-app.js';
import { provisionTables } from '../../src/local/stores/provision-tables.js';
import { callService } from '../support/service.js';
import type { BenchOptions } from './bench-options.js';
import type { Section } from './report.js';
import type { Stage } from './stage.js';
import { median } from './statistics.js';
import { startWireProxy } from '../support/wire-proxy.js';

const clients = 64;
const shardCounts = [1, 2, 3];
/** Of DynamoDB's 1,000 write units a second and partition a tenth, so that one machine can reach the limit with several. */
const writesPerItemAndSecond = 100;

interface Throughput {
  readonly shards: number;
  readonly perSecond: number;
  readonly p50: number;
  /** Answered with 503: whether those visits were counted, nobody knows. */
  readonly unknown: number;
  readonly exact: boolean;
}

/**
 * 64 clients that count visits as fast as they are answered. Dynoxide writes one item after the other, whichever they are, so on it alone
 * more shards only cost; a second run therefore puts DynamoDB's own limit, so many writes a second to one partition, before it.
 */
export async function measureCounter(stage: Stage, { quick, onProgress }: BenchOptions): Promise<Section> {
  const seconds = quick ? 1.5 : 4;
  const free: Throughput[] = [];
  const limited: Throughput[] = [];
  for (const shards of shardCounts) {
    free.push(await count(stage, { shards, seconds, isLimited: false }));
    limited.push(await count(stage, { shards, seconds, isLimited: true }));
    onProgress(`counter: ${shards} shard${shards === 1 ? '' : 's'}`);
  }
  const all = [...free, ...limited];
  return {
    name: 'counter',
    title: `POST /counter, ${clients} clients, visits a second`,
    columns: ['shards', 'at a limit an item', 'p50 ms', 'exact', 'no limit', 'p50 ms', 'exact'],
    rows: shardCounts.map((shards, at) => [String(shards), ...cells(limited[at]), ...cells(free[at])]),
    notes: [
      `The limit is a model: a proxy lets ${writesPerItemAndSecond} writes a second through to one item, as DynamoDB lets 1,000 through to one partition. Without it, Dynoxide is`,
      'the limit: one writer for everything, so that shards only add their reads.',
    ],
    verdicts: [
      {
        measure: `counter, ${clients} clients`,
        budget: 'exact',
        measured: `${all.filter(({ exact }) => exact).length} of ${all.length} runs`,
        met: all.every(({ exact }) => exact),
      },
      {
        measure: 'counter at a limit an item, by shards',
        budget: 'throughput grows',
        measured: limited.map(({ perSecond }) => perSecond.toFixed(0)).join(' < '),
        met: limited.every(({ perSecond }, at) => perSecond > (limited[at - 1]?.perSecond ?? 0)),
      },
    ],
    figures: { free, limited, writesPerItemAndSecond },
  };
}

const cells = (one: Throughput | undefined) => (one === undefined ? [] : [one.perSecond.toFixed(0), one.p50.toFixed(1), describeExactness(one)]);

const describeExactness = ({ exact, unknown }: Throughput) => (exact ? (unknown === 0 ? 'yes' : `but for ${unknown} unknown`) : 'NO');

async function count(stage: Stage, { shards, seconds, isLimited }: { shards: number; seconds: number; isLimited: boolean }): Promise<Throughput> {
  const limit = itemLimit();
  const proxy = await startWireProxy(stage.variables['DYNAMODB_ENDPOINT'] ?? '', async ({ operation, input }, forward) => {
    if (isLimited && operation === 'UpdateItem') {
      await limit(JSON.stringify(input['Key']));
    }
    await forward(input);
  });
  const table = `bench-counters-${isLimited ? 'limited' : 'free'}-${shards}`;
  const variables = { ...stage.variables, LOG_LEVEL: 'error', COUNTER_SHARDS: String(shards), COUNTERS_TABLE_NAME: table };
  await provisionTables(parseConfig(variables));
  // With the proxy on both ways, so that the two runs differ in the limit alone.
  const app = await createServerApp(parseConfig({ ...variables, DYNAMODB_ENDPOINT: proxy.endpoint }));
  try {
    await app.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    await callService(url, 'GET', '/counter');
    const times: number[] = [];
    let unknown = 0;
    const started = performance.now();
    await Promise.all(
      Array.from({ length: clients }, async () => {
        while (performance.now() < started + seconds * 1000) {
          const before = performance.now();
          const { status, text } = await callService(url, 'POST', '/counter');
          if (status === 503) {
            unknown += 1;
          } else if (status === 200) {
            times.push(performance.now() - before);
          } else {
            throw new Error(`POST /counter answered ${status}: ${text}`);
          }
        }
      }),
    );
    const perSecond = times.length / ((performance.now() - started) / 1000);
    const { body } = await callService(url, 'GET', '/counter');
    const visits = body.visitCount as number;
    return { shards, perSecond, p50: median(times), unknown, exact: visits >= times.length && visits <= times.length + unknown };
  } finally {
    await app.close();
    await proxy.stop();
  }
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
