import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import { httpApiEvent } from '../support/aws/lambda-events.js';
import type { BenchOptions, Contestants } from './bench-options.js';
import { atMost, type Section, withInterval } from './report.js';
import type { Stage } from './stage.js';
import { estimateRatio, median, quantile } from './statistics.js';

const callsABlock = 200;
const warmingBlocks = 15;

interface Block {
  /** Of the handler alone, in milliseconds. */
  readonly handler: readonly number[];
  /** Through the runtime client, from the Runtime API and back. */
  readonly wholeWay: readonly number[];
}

/**
 * Warm calls of a route without a store: the handler's own time, timed from within, and the whole way through the runtime client. The contestants take
 * turns, a block of calls each; processes are fresh in every round.
 */
export async function measureWarmCalls(stage: Stage, contestants: Contestants, { quick, onProgress, hasTime }: BenchOptions): Promise<Section> {
  const names = ['duet', 'express', 'handwritten'] as const;
  const [rounds, blocks] = quick ? [1, 8] : [3, 12];
  const measured = new Map<string, Block[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds && (round === 0 || hasTime()); round++) {
    const processes = await Promise.all(names.map(async (name) => startProbed(stage, contestants[name])));
    try {
      for (const process of processes) {
        await block(process, callsABlock * warmingBlocks);
      }
      for (let turn = 0; turn < blocks; turn++) {
        for (let at = 0; at < names.length; at++) {
          const which = (turn + at) % names.length;
          measured.get(names[which] ?? '')?.push(await block(processes[which] as Probed, callsABlock));
        }
      }
    } finally {
      await Promise.all(processes.map(async (process) => Promise.all([process.probed.stop(), process.plain.stop()])));
    }
    onProgress(`warm: round ${round + 1} of ${rounds}`);
  }
  const all = (name: string, what: keyof Block) => (measured.get(name) ?? []).flatMap((one) => one[what]);
  const perBlock = (name: string, what: keyof Block) => (measured.get(name) ?? []).map((one) => median(one[what]));
  const ratio = (name: string, what: keyof Block) => estimateRatio(perBlock('duet', what), perBlock(name, what));
  const figures = names.map((name) => ({
    contestant: name,
    handlerP50: median(all(name, 'handler')),
    handlerP99: quantile(all(name, 'handler'), 0.99),
    wholeWayP50: median(all(name, 'wholeWay')),
    wholeWayP99: quantile(all(name, 'wholeWay'), 0.99),
    duetBy: { handler: ratio(name, 'handler'), wholeWay: ratio(name, 'wholeWay') },
  }));
  return {
    name: 'warm',
    title: `Warm, GET / (no store), milliseconds; ${all('duet', 'handler').length} calls each`,
    columns: ['contestant', 'handler p50', 'p99', 'whole way p50', 'p99', 'Duet by this one, handler', 'whole way'],
    rows: figures.map(({ contestant, duetBy, ...times }) => [
      contestant,
      ...[times.handlerP50, times.handlerP99, times.wholeWayP50, times.wholeWayP99].map((ms) => ms.toFixed(3)),
      ...(contestant === 'duet' ? ['', ''] : [withInterval(duetBy.handler), withInterval(duetBy.wholeWay)]),
    ]),
    notes: ['The whole way is from the Runtime API and back; what the runtime client takes of it is the same for all, and would flatter a slow handler.'],
    // The handler alone is a tenth of a millisecond, which no client can notice.
    verdicts: [atMost('warm, route without a store, by Express, whole way', ratio('express', 'wholeWay'), 1.3)],
    figures,
  };
}

/** The same function twice: as it is, and with the probe as its handler. */
interface Probed {
  readonly plain: LambdaEnvironment;
  readonly probed: LambdaEnvironment;
}

const event = httpApiEvent({ method: 'GET', path: '/' });

async function startProbed({ variables, node, client }: Stage, folder: string): Promise<Probed> {
  await copyFile(fileURLToPath(new URL('peers/probe.mjs', import.meta.url)), join(folder, 'probe.mjs'));
  const [plain, probed] = await Promise.all(
    ['index.handler', 'probe.handler'].map(async (handler) => LambdaEnvironment.start({ folder, handler, variables, node, client })),
  );
  return { plain, probed } as Probed;
}

async function block({ plain, probed }: Probed, calls: number): Promise<Block> {
  const handler = await probed.invoke<number[]>({ calls, event });
  const wholeWay: number[] = [];
  for (let call = 0; call < calls; call++) {
    wholeWay.push((await plain.outcomeOf(event)).ms);
  }
  return { handler, wholeWay };
}
