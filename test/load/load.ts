/** `npm run test:load`: see `--help`. The table goes to standard output, progress to standard error. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { renderSection } from '../bench/report.js';
import { quantile } from '../bench/statistics.js';
import { randomFrom } from '../support/faults/fault-proxy.js';
import { callService, signUp } from '../support/service.js';
import { fire, type Sample } from './fire.js';
import { checkInvariants, type Finding, inTurns } from './invariants.js';
import { CounterLedger, UserJournal } from './journal.js';
import { help, type LoadOptions, LoadUsageError, parseLoadOptions } from './load-options.js';
import { assertFlatMemory, type MemorySample, watchMemory } from './memory.js';
import { checkMirrors, MirrorUser, sampleOf } from './mirror-user.js';
import { bySecond, plot } from './plot.js';
import { Seat } from './seat.js';
import { runningSubject, startSubject, type Subject } from './subject.js';

/** A run that could not be made, and is no defect of the service: the message says what to do. */
class LoadError extends Error {
  override readonly name = 'LoadError';
}

const startedAt = performance.now();
const print = (line: string): void => void process.stderr.write(`${((performance.now() - startedAt) / 1_000).toFixed(0).padStart(4)} s  ${line}\n`);
const progressEveryMs = 5_000;
/** One seat in so many is given up, so that deletions are under load, too. */
const seatsPerLeaver = 10;
/** For so many seats there is a user more, with two devices that have mirrors. */
const seatsPerMirrorUser = 20;

async function main(): Promise<number> {
  const options = parseLoadOptions(process.argv.slice(2), process.env);
  if (options === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());
  process.once('SIGTERM', () => interruption.abort());
  print(options.url === undefined ? 'building and starting a service' : `looking for Duet at ${options.url}`);
  const subject = options.url === undefined ? await startSubject() : runningSubject(options.url);
  try {
    return await load(subject, options, interruption.signal);
  } finally {
    await subject.stop();
  }
}

async function load(subject: Subject, options: LoadOptions, signal: AbortSignal): Promise<number> {
  const counter = new CounterLedger(await visitsSoFar(subject.url));
  const seats = await seatUsers(subject.url, counter, options, signal);
  const mirrorUsers = await seatMirrorUsers(subject.url, options);
  const { samples, memory } = await shoot(subject, seats, mirrorUsers, options, signal);
  if (signal.aborted) {
    await Promise.all(mirrorUsers.map(async (user) => user.close()));
    print('interrupted: nothing was checked');
    return 130;
  }
  print('checking what must hold');
  const leavers = seats.flatMap(({ left }) => left ?? []);
  const findings = await checkInvariants(subject.url, { users: seats.map(({ occupant }) => occupant), leavers, counter }, { alone: subject.pid !== undefined });
  findings.push(await checkMirrors(mirrorUsers));
  await Promise.all(mirrorUsers.map(async (user) => user.close()));
  const flat = assertFlatMemory(memory);
  return report(options, samples, flat === null ? findings : [...findings, flat], {
    memory,
    note:
      flat === null ? `Memory was not judged: ${subject.pid === undefined ? 'the service is not ours to look into' : 'the run was too short to tell'}.` : '',
  });
}

async function visitsSoFar(url: string): Promise<number> {
  const answer = await callService(url, 'GET', '/counter').catch((error: unknown) => {
    throw new LoadError(`Nothing answers at ${url}: start Duet there, or leave out --url and DUET_URL to have one started`, { cause: error });
  });
  if (typeof answer.body?.visitCount !== 'number') {
    throw new LoadError(`What answers at ${url} is not Duet: GET /counter gave ${answer.status}`);
  }
  return answer.body.visitCount;
}

/** Signs up everybody who will take a seat. Passwords are slow to hash on purpose, so that is no part of what is measured. */
async function seatUsers(url: string, counter: CounterLedger, { connections, durationS, seed }: LoadOptions, signal: AbortSignal): Promise<Seat[]> {
  const leaverCount = Math.ceil(connections / seatsPerLeaver);
  print(`signing up ${connections + leaverCount} users`);
  const users = await inTurns(Array.from({ length: connections + leaverCount }), async () => {
    signal.throwIfAborted();
    return new UserJournal(await signUp(async (method, path, options) => callService(url, method, path, options), {}).catch(explainSignUp));
  });
  const startsAt = performance.now();
  return users.slice(0, connections).map((user, index) => {
    const shared = { random: randomFrom(seed * 1_000_003 + index), counter };
    // From a third of the time on, one after the other; well before the end, so that the successor does something, too.
    const leavesAtMs = startsAt + durationS * 1_000 * (0.3 + (0.4 * index) / leaverCount);
    const successor = index < leaverCount ? users[connections + index] : undefined;
    return new Seat(user, shared, successor && { successor, isDue: () => performance.now() >= leavesAtMs });
  });
}

async function seatMirrorUsers(url: string, { connections, seed }: LoadOptions): Promise<MirrorUser[]> {
  return inTurns([...Array(Math.ceil(connections / seatsPerMirrorUser)).keys()], async (index) => {
    const credentials = await signUp(async (method, path, options) => callService(url, method, path, options), {}).catch(explainSignUp);
    return MirrorUser.signIn(url, credentials, randomFrom(seed * 7_000_003 + index));
  });
}

function explainSignUp(error: unknown): never {
  if ((error as Error).message.includes('answered 429')) {
    throw new LoadError(
      'The service limits how many may sign up from one address: start it with REGISTRATION_LIMIT_ADDRESS and LOGIN_LIMIT_ADDRESS at 1000000, or give fewer --connections',
      { cause: error },
    );
  }
  throw error;
}

async function shoot(
  subject: Subject,
  seats: readonly Seat[],
  mirrorUsers: readonly MirrorUser[],
  { durationS, rate }: LoadOptions,
  signal: AbortSignal,
): Promise<{ samples: Sample[]; memory: readonly MemorySample[] }> {
  const samples: Sample[] = [];
  const memory = subject.pid === undefined ? { samples: [], stop: () => {} } : watchMemory(subject.pid);
  let reported = 0;
  const progress = setInterval(() => {
    const latest = samples.slice(reported);
    reported = samples.length;
    const errors = samples.filter(({ error }) => error !== undefined).length;
    const resident = memory.samples.at(-1)?.mib;
    print(
      `${samples.length} requests, ${Math.round(latest.length / (progressEveryMs / 1_000))} a second; ${latencies(latest)}; ${errors} errors${resident === undefined ? '' : `; ${resident.toFixed(0)} MiB`}`,
    );
  }, progressEveryMs);
  print(`${seats.length} users for ${durationS} s, ${rate === 0 ? 'as fast as they are answered' : `${rate} requests a second`}`);
  const startsAt = performance.now();
  mirrorUsers.forEach((user) => user.begin((exchange) => void samples.push(sampleOf(exchange, performance.now() - startsAt))));
  try {
    await fire(subject.url, seats, { durationS, rate, signal, onSample: (sample) => void samples.push(sample) });
  } finally {
    clearInterval(progress);
    memory.stop();
    await Promise.all(mirrorUsers.map(async (user) => user.end()));
  }
  return { samples, memory: memory.samples };
}

function latencies(samples: readonly Sample[]): string {
  const times = samples.flatMap(({ ms }) => ms ?? []);
  return times.length === 0 ? 'no answers' : `p50 ${quantile(times, 0.5).toFixed(0)} ms, p99 ${quantile(times, 0.99).toFixed(0)} ms`;
}

async function report(
  options: LoadOptions,
  samples: readonly Sample[],
  findings: readonly Finding[],
  { memory, note }: { readonly memory: readonly { readonly atMs: number; readonly mib: number }[]; readonly note: string },
): Promise<number> {
  const seconds = bySecond(samples);
  const errors = samples.flatMap(({ route, error }) => (error === undefined ? [] : [`${route}: ${error}`]));
  const perSecond = (samples.length / options.durationS).toFixed(0);
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const title = `${options.connections} users for ${options.durationS} s: ${samples.length} requests, ${perSecond} a second, ${errors.length} errors`;
  const table = renderSection({
    name: 'load',
    title: `Duet under load, ${new Date().toISOString().slice(0, 16)}Z: ${title}\n${machine}; service, stores and load share them.\n`,
    columns: ['route', 'count', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms', 'errors'],
    rows: routeRows(samples),
    notes: note === '' ? [] : [note],
    verdicts: [],
    figures: undefined,
  });
  const verdicts = renderSection({
    name: 'invariants',
    title: 'Afterwards\n',
    columns: ['invariant', 'held against', ''],
    rows: findings.map(({ invariant, extent, violations }) => [invariant, extent, violations.length === 0 ? 'holds' : `BROKEN ${violations.length} times`]),
    verdicts: [],
    figures: undefined,
  });
  process.stdout.write(`${table}\n${verdicts}\n`);
  for (const { invariant, violations } of findings.filter(({ violations }) => violations.length > 0)) {
    process.stdout.write(`\n${invariant}? No:\n${firstOf(violations)}\n`);
  }
  if (errors.length > 0) {
    process.stdout.write(`\nErrors:\n${firstOf(tally(errors))}\n`);
  }
  await mkdir(options.out, { recursive: true });
  await Promise.all([
    writeFile(join(options.out, 'table.md'), `${table}\n${verdicts}\n`),
    writeFile(join(options.out, 'latency.svg'), plot(seconds, title)),
    writeFile(join(options.out, 'results.json'), `${JSON.stringify({ options, machine, seconds, memory, findings, errors: tally(errors) }, undefined, 2)}\n`),
  ]);
  print(`done; table, figures and plot are in ${options.out}`);
  return samples.length > 0 && errors.length === 0 && findings.every(({ violations }) => violations.length === 0) ? 0 : 1;
}

function routeRows(samples: readonly Sample[]): string[][] {
  const routes = groupedBy(samples, ({ route }) => route);
  const row = (name: string, of: readonly Sample[]): string[] => {
    const times = of.flatMap(({ ms }) => ms ?? []);
    const at = (q: number): string => (times.length === 0 ? '' : quantile(times, q).toFixed(1));
    return [name, String(of.length), at(0.5), at(0.9), at(0.99), at(1), String(of.filter(({ error }) => error !== undefined).length)];
  };
  return [...[...routes].toSorted(([, a], [, b]) => b.length - a.length).map(([route, of]) => row(route, of)), row('all', samples)];
}

/** Equal lines once, with how often they came. */
function tally(lines: readonly string[]): string[] {
  return [...groupedBy(lines, (line) => line)].toSorted(([, a], [, b]) => b.length - a.length).map(([line, of]) => `${of.length} x ${line}`);
}

function groupedBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key) ?? [];
    group.push(item);
    groups.set(key, group);
  }
  return groups;
}

function firstOf(lines: readonly string[]): string {
  const shown = lines.slice(0, 20).map((line) => `  ${line}`);
  return [...shown, ...(lines.length > shown.length ? [`  … and ${lines.length - shown.length} more, in results.json`] : [])].join('\n');
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof LoadUsageError) {
    process.stderr.write(`${error.message}. See npm run test:load -- --help\n`);
    process.exitCode = 2;
  } else if (error instanceof LoadError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
