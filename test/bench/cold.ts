import { isDeepStrictEqual } from 'node:util';
import { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import { httpApiEvent } from '../support/lambda-events.js';
import { type HttpResult, type Stage, withEnvironment } from './stage.js';
import { type Estimate, estimateMedian, estimateRatio } from './statistics.js';

/** One cold start, in milliseconds: from the process's birth to its first question for an event, and on to the first answer. */
interface ColdStart {
  readonly start: number;
  readonly invocation: number;
  readonly total: number;
}

/** The cold starts of one contestant on one route. */
export interface ColdResult {
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
  contestants: Readonly<Record<string, string>>,
  { rounds, onProgress }: { readonly rounds: number; readonly onProgress: (line: string) => void },
): Promise<ColdResult[]> {
  const names = Object.keys(contestants);
  const routes = {
    'GET /counter': httpApiEvent({ method: 'GET', path: '/counter' }),
    'GET /users/{id}': httpApiEvent({ method: 'GET', path: `/users/${stage.user.id}`, headers: { authorization: `Bearer ${stage.user.token}` } }),
  };
  const results: ColdResult[] = [];
  for (const [route, event] of Object.entries(routes)) {
    const starts = new Map<string, ColdStart[]>(names.map((name) => [name, []]));
    let expected: unknown;
    // The first round warms the disk's cache and is not counted.
    for (let round = -1; round < rounds; round++) {
      for (let turn = 0; turn < names.length; turn++) {
        const name = names[(round + 1 + turn) % names.length] ?? '';
        const { answer, ...times } = await coldStart(stage, contestants[name] ?? '', event);
        expected ??= answer;
        if (!isDeepStrictEqual(answer, expected)) {
          throw new Error(`${name} answers ${route} with ${JSON.stringify(answer)}, another with ${JSON.stringify(expected)}`);
        }
        if (round >= 0) {
          starts.get(name)?.push(times);
        }
      }
      onProgress(`cold ${route}: round ${round + 1} of ${rounds}`);
    }
    const totals = (name: string) => (starts.get(name) ?? []).map(({ total }) => total);
    results.push(
      ...[...starts].map(([contestant, times]) => ({
        route,
        contestant,
        start: estimateMedian(times.map(({ start }) => start)),
        invocation: estimateMedian(times.map(({ invocation }) => invocation)),
        total: estimateMedian(totals(contestant)),
        duetBy: estimateRatio(totals('duet'), totals(contestant)),
      })),
    );
  }
  return results;
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
