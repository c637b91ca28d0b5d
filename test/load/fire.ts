import { setTimeout as sleep } from 'node:timers/promises';
import autocannon, { type Request } from 'autocannon';
import type { Seat } from './seat.js';
import { type LoadAnswer, type Operation, settle } from './traffic.js';

/** One request that was answered or given up. */
export interface Sample {
  /** When that was, in milliseconds since the first could be sent. */
  readonly atMs: number;
  readonly route: string;
  /** From the sending to the last byte; undefined when no answer came. */
  readonly ms: number | undefined;
  /** What is wrong with it. */
  readonly error: string | undefined;
}

/** How hard, and for how long. */
export interface FireOptions {
  readonly durationS: number;
  /** Requests a second of all seats together; 0: each sends the next as soon as it has its answer. */
  readonly rate: number;
  readonly signal: AbortSignal;
  readonly onSample: (sample: Sample) => void;
}

/** Seconds after which a request is given up: longer than the service takes to say that a store is gone. */
const patienceS = 10;

/**
 * Lets all seats send at once, each over its own connection, and resolves when time is up. What is then on its way is noted as of unknown outcome,
 * and is no error.
 *
 * Each seat is an autocannon of one connection, begun a little after the one before: autocannon sends a connection's share of a second at the
 * second's start, and a hundred users do not all press at once.
 */
export async function fire(url: string, seats: readonly Seat[], options: FireOptions): Promise<void> {
  const startedAt = performance.now();
  const sinceStart = (): number => performance.now() - startedAt;
  await Promise.all(
    seats.map(async (seat, index) => {
      await sleep((index * 1000) / seats.length);
      // Whole numbers, as autocannon takes them; together they are the rate.
      const share = Math.floor(((index + 1) * options.rate) / seats.length) - Math.floor((index * options.rate) / seats.length);
      await fireFrom(url, seat, share, sinceStart, options);
    }),
  );
}

async function fireFrom(url: string, seat: Seat, share: number, sinceStart: () => number, { durationS, rate, signal, onSample }: FireOptions): Promise<void> {
  if (signal.aborted) {
    return;
  }
  let pending: Operation | undefined;
  let answered: { route: string; error: string | undefined } | undefined;
  let lastFailure = 'no answer came';
  const setupRequest = (defaults: Request): Request => {
    if (pending !== undefined) {
      // Autocannon goes on to the next only when it has given this one up.
      pending.lose();
      onSample({ atMs: sinceStart(), route: pending.route, ms: undefined, error: lastFailure });
    }
    lastFailure = `no answer came (or not within ${patienceS} s)`;
    pending = seat.next();
    const { method, path, headers, body } = pending;
    return { ...defaults, method, path, headers, body };
  };
  const onResponse: Request['onResponse'] = (status, text, _context, headers) => {
    if (pending !== undefined) {
      answered = { route: pending.route, error: settle(pending, answerOf(status, text, headers)) };
      pending = undefined;
    }
  };
  await new Promise<void>((resolve, reject) => {
    const gun = autocannon(
      {
        url,
        connections: 1,
        duration: durationS,
        timeout: patienceS,
        ...(rate > 0 && { connectionRate: share }),
        requests: [{ setupRequest, onResponse }],
      },
      (error) => (error === null ? resolve() : reject(error)),
    );
    gun.on('reqError', (error: Error) => (lastFailure = error.message));
    // Comes right after onResponse, and knows how long it took.
    gun.on('response', (_client: unknown, _status: number, _bytes: number, ms: number) => {
      if (answered !== undefined) {
        onSample({ atMs: sinceStart(), ms, ...answered });
      }
    });
    signal.addEventListener('abort', () => gun.stop(), { once: true });
  });
  pending?.lose();
}

function answerOf(status: number, text: string, headers: Readonly<Record<string, string | string[]>>): LoadAnswer {
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
  return { status, headers: named, body: named['content-type']?.includes('json') === true && text !== '' ? JSON.parse(text) : undefined };
}
