import { isDeepStrictEqual } from 'node:util';
import { LambdaEnvironment, oneProcessorMb } from '../support/lambda-runtime/lambda-environment.js';
import { httpApiEvent } from '../support/aws/lambda-events.js';
import type { BenchOptions, Contestants } from './bench-options.js';
import { atMost, type Section, withInterval } from './report.js';
import { type HttpResult, type Stage, withEnvironment } from './stage.js';
import { type Estimate, estimateMedian, estimateRatio } from './statistics.js';

/** One cold start, in milliseconds: from the process's birth to its first question for an event, and on to the first answer. */
interface ColdStart {
  readonly start: number;
  readonly invocation: number;
  readonly total: number;
}

/** The fewest that say something. */
const leastRounds = 3;

/** The cold starts of one contestant on one route, in milliseconds. */
interface ColdResult {
  readonly route: string;
  readonly contestant: string;
  readonly start: Estimate;
  readonly invocation: Estimate;
  readonly total: Estimate;
  /** Duet's time by this contestant's, pair by pair. */
  readonly duetBy: Estimate;
}

/**
 * Cold starts to the first answer, in fresh processes: every contestant in each round, in an order that turns, so that each meets the machine
 * in the same moods.
 *
 * @throws Error when a contestant's answer is not the JSON that Duet gives.
 */
export async function measureColdStarts(
  stage: Stage,
  contestants: Contestants,
  { quick, onProgress, hasTime, rounds = quick ? 5 : 20 }: BenchOptions & { readonly rounds?: number },
): Promise<Section> {
  const names = ['duet', 'handwritten', 'stock-nest'] as const;
  const routes = {
    'GET /counter': httpApiEvent({ method: 'GET', path: '/counter' }),
    'GET /users/{id}': stage.eventOf(stage.userId, { method: 'GET', path: `/users/${stage.userId}` }),
  };
  const measured = Object.keys(routes).flatMap((route) => names.map((contestant) => ({ route, contestant, starts: [] as ColdStart[] })));
  const expected = new Map<string, unknown>();
  let done = 0;
  // The first round warms the disk's cache and is not counted.
  for (let round = -1; round < rounds && (round < leastRounds || hasTime()); round++) {
    for (const [route, event] of Object.entries(routes)) {
      for (let turn = 0; turn < names.length; turn++) {
        const contestant = names[(round + 1 + turn) % names.length] ?? 'duet';
        const { answer, ...times } = await coldStart(stage, contestants[contestant], event);
        if (!isDeepStrictEqual(answer, expected.get(route) ?? answer)) {
          throw new Error(`${contestant} answers ${route} with ${JSON.stringify(answer)}, another with ${JSON.stringify(expected.get(route))}`);
        }
        expected.set(route, answer);
        if (round >= 0) {
          measured.find((one) => one.route === route && one.contestant === contestant)?.starts.push(times);
        }
      }
    }
    done = round + 1;
    onProgress(`cold: round ${done} of ${rounds}`);
  }
  const totals = (of: string, by: string) =>
    measured.find(({ route, contestant }) => route === of && contestant === by)?.starts.map(({ total }) => total) ?? [];
  const figures: ColdResult[] = measured.map(({ route, contestant, starts }) => ({
    route,
    contestant,
    start: estimateMedian(starts.map(({ start }) => start)),
    invocation: estimateMedian(starts.map(({ invocation }) => invocation)),
    total: estimateMedian(starts.map(({ total }) => total)),
    duetBy: estimateRatio(totals(route, 'duet'), totals(route, contestant)),
  }));
  const verdict = (route: string, peer: string, most: number) => {
    const { duetBy } = figures.find((one) => one.route === route && one.contestant === peer) ?? {};
    return duetBy === undefined ? [] : [atMost(`cold ${route}, by ${peer}`, duetBy, most)];
  };
  return {
    name: 'cold',
    title: `Cold start at ${oneProcessorMb} MB, milliseconds; medians of ${done} rounds`,
    columns: ['route', 'contestant', 'start', 'first request', 'to first answer', 'Duet by this one'],
    rows: figures.map(({ route, contestant, start, invocation, total, duetBy }) => [
      route,
      contestant,
      ...[start, invocation, total].map(({ value }) => value.toFixed(1)),
      contestant === 'duet' ? '' : withInterval(duetBy),
    ]),
    verdicts: Object.keys(routes).flatMap((route) => [...verdict(route, 'handwritten', 1), ...verdict(route, 'stock-nest', 0.2)]),
    figures,
  };
}

async function coldStart(stage: Stage, folder: string, event: object): Promise<ColdStart & { readonly answer: unknown }> {
  const { variables, node, client } = stage;
  return withEnvironment(await LambdaEnvironment.start({ folder, variables, node, client }), async (environment) => {
    const { statusCode, body } = await environment.invoke<HttpResult>(event);
    const total = environment.ageMs();
    const start = await environment.startMs();
    if (statusCode !== 200) {
      throw new Error(`${folder} answered ${statusCode}: ${body}\n${environment.log}`);
    }
    return { start, invocation: total - start, total, answer: JSON.parse(body) };
  });
}
