import { httpApiEvent } from '../support/aws/lambda-events.js';
import { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import type { BenchOptions, Contestants } from './bench-options.js';
import { type Section, within, withInterval } from './report.js';
import { type HttpResult, password, type Stage, withEnvironment } from './stage.js';
import { estimateRatio, median, quantile } from './statistics.js';

/** Quotas that are never met: it is the work behind them that is timed. */
const unlimited = Object.fromEntries(
  ['REGISTRATION_LIMIT_ADDRESS', 'MAIL_LIMIT_ADDRESS', 'LOGIN_LIMIT_ADDRESS', 'LOGIN_LIMIT_ACCOUNT', 'LOGIN_LIMIT_ACCOUNT_ADDRESS'].map((name) => [
    name,
    '1000000',
  ]),
);
/** The function asks for mails and sends none; on a machine that is busy it takes its time, and refuses nothing. */
const patient = { STORE_TIMEOUT_MS: '60000', MAIL_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'duet@example.com', APP_URL: 'https://app.example.com' };

const routes = [
  { route: 'POST /auth/login', path: '/auth/login', status: 401, body: (email: string) => ({ email, password: `not the ${password}` }) },
  { route: 'POST /auth/forgot', path: '/auth/forgot', status: 202, body: (email: string) => ({ email }) },
];

/** Whether the time of an answer shows which e-mails have an account: the routes that must not say it, with an address of each kind in turn. */
export async function measureAccounts({ variables, node, client }: Stage, contestants: Contestants, { quick, onProgress }: BenchOptions): Promise<Section> {
  const addresses = quick ? 100 : 500;
  const known = Array.from({ length: addresses }, (_, at) => `known-${at}@example.com`);
  const unknown = known.map((email) => email.replace('known', 'other'));
  const start = LambdaEnvironment.start({ folder: contestants.duet, variables: { ...variables, ...unlimited, ...patient }, node, client });
  const figures = await withEnvironment(await start, async (environment) => {
    const post = async (path: string, body: object, status: number): Promise<number> => {
      const headers = { 'content-type': 'application/json' };
      const { result, ms } = await environment.outcomeOf(httpApiEvent({ method: 'POST', path, headers, body: JSON.stringify(body) }));
      if ((result as HttpResult).statusCode !== status) {
        throw new Error(`POST ${path} answered ${JSON.stringify(result)}\n${environment.log}`);
      }
      return ms;
    };
    for (const [at, email] of known.entries()) {
      await post('/users', { email, name: 'Bench', password }, 201);
      if ((at + 1) % 100 === 0) {
        onProgress(`accounts: ${at + 1} registered`);
      }
    }
    const measured: { readonly route: string; readonly known: readonly number[]; readonly unknown: readonly number[] }[] = [];
    for (const { route, path, status, body } of routes) {
      const times: [number[], number[]] = [[], []];
      for (let at = 0; at < addresses; at++) {
        // Each kind comes first every other time.
        for (const kind of at % 2 === 0 ? [0, 1] : [1, 0]) {
          times[kind as 0 | 1].push(await post(path, body([known, unknown][kind]?.[at] ?? ''), status));
        }
      }
      measured.push({ route, known: times[0], unknown: times[1] });
    }
    return measured;
  });
  const ratios = figures.map(({ route, ...times }) => ({ route, ratio: estimateRatio(times.unknown, times.known) }));
  return {
    name: 'accounts',
    title: `What does not say whether an account exists, milliseconds; ${addresses} addresses of each kind`,
    columns: ['route', 'with an account, p50', 'p99', 'without, p50', 'p99', 'without by with'],
    rows: figures.map(({ route, ...times }, at) => [
      route,
      ...[times.known, times.unknown].flatMap((of) => [median(of).toFixed(2), quantile(of, 0.99).toFixed(2)]),
      withInterval(ratios[at]!.ratio),
    ]),
    verdicts: ratios.map(({ route, ratio }) => within(`${route}, without an account by with one`, ratio, 0.05)),
    figures: figures.map(({ route, known: of, unknown: ofUnknown }, at) => ({
      route,
      known: median(of),
      unknown: median(ofUnknown),
      ratio: ratios[at]?.ratio,
    })),
  };
}
