import { parseArgs } from 'node:util';

/** A command line that cannot be carried out; the message says why. */
export class LoadUsageError extends Error {
  override readonly name = 'LoadUsageError';
}

/** What `npm run test:load` is asked for. */
export interface LoadOptions {
  /** Where a service runs; undefined: start one. */
  readonly url: string | undefined;
  readonly connections: number;
  /** Seconds. */
  readonly durationS: number;
  /** Requests a second of all users together; 0: as many as are answered. */
  readonly rate: number;
  readonly seed: number;
  /** The folder for table, figures and plot. */
  readonly out: string;
}

/** What `--help` prints. */
export const help = `npm run test:load: mixed traffic of many users at once, and what must hold afterwards.

Options:
  --duration S       seconds of traffic (60)
  --connections N    users at the same time, each over a connection of their own (100)
  --rate N           requests a second, of all users together (200); 0: each sends as soon as they are answered
  --url URL          a service that runs, instead of one started for the run; so does DUET_URL. Its limits must let
                     a user sign up for each connection and a few more: REGISTRATION_LIMIT_ADDRESS, LOGIN_LIMIT_ADDRESS
  --seed N           of the traffic (1)
  --out FOLDER       where table.md, results.json and latency.svg go (.load)

Exit code 1 when a request went wrong or an invariant does not hold, 2 for a command line that makes no sense.
`;

/** @throws LoadUsageError */
export function parseLoadOptions(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): LoadOptions | 'help' {
  const { values } = parse(args);
  if (values.help === true) {
    return 'help';
  }
  const url = values.url ?? (environment['DUET_URL'] || undefined);
  if (url !== undefined && !/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    throw new LoadUsageError(`${JSON.stringify(url)} is not the address of a service: use one such as http://localhost:3000`);
  }
  const options = {
    url: url?.replace(/\/+$/, ''),
    connections: whole('--connections', values.connections, 1, 5_000),
    durationS: whole('--duration', values.duration, 1, 86_400),
    rate: whole('--rate', values.rate, 0, 100_000),
    seed: whole('--seed', values.seed, 0, 2 ** 32 - 1),
    out: values.out,
  };
  if (options.rate > 0 && options.rate < options.connections) {
    throw new LoadUsageError(`--rate ${options.rate} is less than a request a second for each of ${options.connections} users: give fewer --connections`);
  }
  return options;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        url: { type: 'string' },
        connections: { type: 'string', default: '100' },
        duration: { type: 'string', default: '60' },
        rate: { type: 'string', default: '200' },
        seed: { type: 'string', default: '1' },
        out: { type: 'string', default: '.load' },
      },
    });
  } catch (error) {
    throw new LoadUsageError((error as Error).message, { cause: error });
  }
}

function whole(name: string, value: string, least: number, most: number): number {
  if (!/^\d+$/.test(value) || Number(value) < least || Number(value) > most) {
    throw new LoadUsageError(`${name} is a whole number from ${least} to ${most}`);
  }
  return Number(value);
}
