import { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import { httpApiEvent } from '../support/aws/lambda-events.js';
import type { BenchOptions, Contestants } from './bench-options.js';
import { atMost, type Section, withInterval } from './report.js';
import { type HttpResult, type Stage, withEnvironment } from './stage.js';
import { estimateRatio, median } from './statistics.js';

const requests = 3_000;
const growthMarks = [10_000, 25_000, 50_000];
/** What counts as growth from the 10,000th request to the 50,000th: more than what a heap at rest moves by. */
const noGrowth = 1.1;
const megabyte = 1_000_000;

/** Resident memory after requests that use both stores in turn, and how it goes on. */
export async function measureMemory(stage: Stage, contestants: Contestants, { quick, onProgress, hasTime }: BenchOptions): Promise<Section> {
  const names = ['duet', 'handwritten'] as const;
  const rounds = quick ? 1 : 3;
  const held = new Map<string, number[]>(names.map((name) => [name, []]));
  const growth: { readonly requests: number; readonly bytes: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const { variables, node, client } = stage;
      await withEnvironment(await LambdaEnvironment.start({ folder: contestants[name], variables, node, client }), async (environment) => {
        await send(stage, environment, 0, requests);
        held.get(name)?.push(await environment.residentBytes());
        onProgress(`memory: ${name}, round ${round + 1} of ${rounds}`);
        if (name === 'duet' && round === rounds - 1 && !quick) {
          growth.push({ requests, bytes: held.get(name)?.at(-1) ?? 0 });
          for (const mark of growthMarks) {
            if (!hasTime()) {
              break;
            }
            await send(stage, environment, growth.at(-1)?.requests ?? 0, mark);
            growth.push({ requests: mark, bytes: await environment.residentBytes() });
            onProgress(`memory: duet after ${mark} requests`);
          }
        }
      });
    }
  }
  const of = (name: string) => held.get(name) ?? [];
  const ratio = estimateRatio(of('duet'), of('handwritten'));
  const inMegabytes = (bytes: number) => (bytes / megabyte).toFixed(0);
  const before = growth.find((one) => one.requests === growthMarks[0])?.bytes ?? Number.NaN;
  const after = growth.at(-1)?.bytes ?? Number.NaN;
  return {
    name: 'memory',
    title: `Resident memory, MB, after ${requests} requests (GET /counter and GET /users/{id} in turn)`,
    columns: ['contestant', 'MB', 'Duet by this one'],
    rows: [
      ['duet', inMegabytes(median(of('duet'))), ''],
      ['handwritten', inMegabytes(median(of('handwritten'))), withInterval(ratio)],
      ...growth.slice(1).map((one) => [`duet after ${one.requests}`, inMegabytes(one.bytes), '']),
    ],
    verdicts: [
      atMost('memory after 3,000 requests, by hand-written', ratio, 1.3),
      ...(growth.length <= growthMarks.length
        ? []
        : [
            {
              measure: 'memory from the 10,000th to the 50,000th request',
              budget: `no growth (at most ${noGrowth})`,
              measured: (after / before).toFixed(2),
              met: after <= before * noGrowth,
            },
          ]),
    ],
    figures: { bytes: Object.fromEntries(held), growth },
  };
}

async function send(stage: Stage, environment: LambdaEnvironment, from: number, to: number): Promise<void> {
  for (let sent = from; sent < to; sent++) {
    const { statusCode, body } = await environment.invoke<HttpResult>(
      sent % 2 === 0 ? counterEvent : stage.eventOf(stage.userId, { method: 'GET', path: `/users/${stage.userId}` }),
    );
    if (statusCode !== 200) {
      throw new Error(`Request ${sent} answered ${statusCode}: ${body}\n${environment.log}`);
    }
  }
}

const counterEvent = httpApiEvent({ method: 'GET', path: '/counter' });
