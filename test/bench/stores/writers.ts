import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuiltService, startBuiltService } from '../../support/built-service.js';
import { type Answer, callService } from '../../support/service.js';
import { compileService, removeCompiledService } from '../../support/setup/compile-service.mjs';
import { goodClaims, signToken } from '../../support/tokens.js';
import type { BenchOptions } from '../bench-options.js';
import type { Section, Verdict } from '../report.js';
import type { Stage } from '../stage.js';
import { median } from '../statistics.js';

const writers = 8;
const processCounts = [1, 4];
/** How many processes of this build are held against how many of the build before. */
const pairs = [
  [1, 1],
  [4, 1],
  [4, 4],
] as const;
/** Within so long a write is done, or refused with when to try again. */
const patienceMs = 3_000;

interface Fleet {
  readonly build: string;
  readonly services: readonly BuiltService[];
}

interface Run {
  readonly build: string;
  readonly processes: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly longestMs: number;
  /** Answered 503 with `Retry-After`. */
  readonly refused: number;
}

/**
 * Eight writers who create, change and delete todos of one user as fast as they are answered, at one process and at several; beside another build of
 * Duet, such as one from before the change feed, in turn.
 */
export async function measureWriters(stage: Stage, { quick, onProgress }: BenchOptions, before?: string): Promise<Section> {
  const dataDir = await mkdtemp(join(tmpdir(), 'duet-bench-writers-'));
  const started: BuiltService[] = [];
  try {
    await compileService();
    const builds = [{ name: 'duet', folder: process.env['DUET_TEST_BUILD'] ?? '' }, ...(before === undefined ? [] : [{ name: 'before', folder: before }])];
    const fleets: Fleet[] = [];
    for (const { name, folder } of builds) {
      fleets.push({
        build: name,
        services: await startServices(stage, { folder, table: `bench-writers-${name}`, count: Math.max(...processCounts) }, dataDir, started),
      });
    }
    const runs: Run[] = [];
    // Round 0 warms the services up, and is not kept.
    for (let round = 0; round <= (quick ? 1 : 3); round += 1) {
      for (const processes of processCounts) {
        for (const { build, services } of fleets) {
          const run = await write(stage, build, services.slice(0, processes), quick ? 2 : 4);
          onProgress(`writers: ${build}, ${processes} processes, ${run.perSecond.toFixed(0)} a second${round === 0 ? ', warming up' : ''}`);
          if (round > 0) {
            runs.push(run);
          }
        }
      }
    }
    const perSecond = (build: string, processes: number) =>
      median(runs.filter((run) => run.build === build && run.processes === processes).map((run) => run.perSecond));
    const ratios = before === undefined ? [] : pairs.map(([now, earlier]) => ({ now, earlier, ratio: perSecond('duet', now) / perSecond('before', earlier) }));
    const longest = Math.max(...runs.filter(({ build }) => build === 'duet').map(({ longestMs }) => longestMs));
    return {
      name: 'writers',
      title: `${writers} writers of one user's todos, writes a second`,
      columns: ['build', 'processes', 'writes a second', 'p50 ms', 'longest ms', 'refused'],
      rows: runs.map((run) => [run.build, String(run.processes), run.perSecond.toFixed(0), run.p50.toFixed(1), run.longestMs.toFixed(0), String(run.refused)]),
      notes: ['Refused are writes answered 503 with Retry-After; any other failure ends the bench.'],
      verdicts: [
        {
          measure: `${writers} writers, each write done or refused`,
          budget: `within ${patienceMs} ms`,
          measured: `${longest.toFixed(0)} ms`,
          met: longest <= patienceMs,
        },
        ...ratios.map(({ now, earlier, ratio }): Verdict => ({
          measure: `${writers} writers, processes: ${now}, to the build before at ${earlier}`,
          budget: 'at least 0.8',
          measured: ratio.toFixed(2),
          met: ratio >= 0.8,
        })),
      ],
      figures: { runs, ratios },
    };
  } finally {
    await Promise.all(started.map(async (service) => service.stop()));
    await removeCompiledService();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Starts so many processes of a build over one table; `started` has those to stop, whatever happens here. */
async function startServices(
  { variables }: Stage,
  { folder, table, count }: { readonly folder: string; readonly table: string; readonly count: number },
  dataDir: string,
  started: BuiltService[],
): Promise<BuiltService[]> {
  const services: BuiltService[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    // One after the other: the first makes the tables.
    const service = await startBuiltService({ ...variables, DUET_DATA_DIR: join(dataDir, `${table}-${turn}`), DYNAMODB_TABLE_NAME: table }, folder);
    services.push(service);
    started.push(service);
  }
  return services;
}

async function write({ variables }: Stage, build: string, services: readonly BuiltService[], seconds: number): Promise<Run> {
  const userId = randomUUID();
  const token = signToken(variables['JWT_SECRET'] ?? '', goodClaims(userId));
  const times: number[] = [];
  let [longestMs, refused] = [0, 0];
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      const url = services[writer % services.length]?.url ?? '';
      const ask = async (method: string, path: string, body?: object): Promise<Answer> => {
        const sentAt = performance.now();
        const answer = await callService(url, method, path, { token, ...(body && { body }) });
        const ms = performance.now() - sentAt;
        longestMs = Math.max(longestMs, ms);
        if (answer.status < 300) {
          times.push(ms);
        } else if (answer.status === 503 && answer.headers.has('retry-after')) {
          refused += 1;
        } else {
          throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
        }
        return answer;
      };
      while (performance.now() < until) {
        const { status, body } = await ask('POST', `/users/${userId}/todos`, { title: 'Water the plants' });
        if (status === 201) {
          await ask('PATCH', `/todos/${body.id}`, { status: 'in_progress' });
          await ask('DELETE', `/todos/${body.id}`);
        }
      }
    }),
  );
  return { build, processes: services.length, perSecond: times.length / ((performance.now() - startedAt) / 1000), p50: median(times), longestMs, refused };
}
