import { DuetConnectionError, DuetProblemError } from '../../http/errors.js';
import { pause, waitBefore } from '../../http/retry.js';
import { Puller } from './puller.js';
import type { Replica } from '../replica.js';
import { assertSignedIn, Sender } from './sender.js';
import type { MirrorClient } from '../storage.js';
import type { Report } from '../tabs.js';
import type { MirrorStatus } from '../types.js';

/** The longest first wait after a failure is that of a poll; it doubles up to this. */
const longestWaitMs = 60_000;

export interface SynchroniserOptions {
  readonly duet: MirrorClient;
  readonly userId: string;
  readonly replica: Replica;
  readonly pollMs: number;
  readonly signal: AbortSignal;
  /** Whether the storage is to be read before each synchronisation, because others may have changed it unheard. */
  readonly rereads: boolean;
  readonly onReport: (report: Report) => void;
}

/** The one that synchronises: sends what waits, reads what has changed, rests, and begins again. */
export class Synchroniser {
  readonly #sender: Sender;
  readonly #puller: Puller;
  #wanted = new Set<string>();
  #isWanted = false;
  #rest = new AbortController();

  constructor(private readonly options: SynchroniserOptions) {
    const { duet, userId, replica, signal } = options;
    this.#sender = new Sender(duet, userId, replica, signal);
    this.#puller = new Puller(duet, userId, replica, signal);
  }

  /** Has it synchronise at once, or once more when it is at it; `request` is reported as served then. */
  wake(request?: string): void {
    this.#isWanted = true;
    if (request !== undefined) {
      this.#wanted.add(request);
    }
    this.#rest.abort();
  }

  /** Runs until the signal is aborted. */
  async run(): Promise<void> {
    const { signal, pollMs, onReport } = this.options;
    let failures = 0;
    while (!signal.aborted) {
      const served = [...this.#wanted];
      this.#wanted.clear();
      this.#isWanted = false;
      const error = await this.round().then(
        () => undefined,
        (error: unknown) => error,
      );
      if (signal.aborted) {
        return;
      }
      failures = error === undefined ? 0 : failures + 1;
      onReport({ ...outcome(error), lastSyncedAt: error === undefined ? new Date().toISOString() : null, served });
      const askedMs = error instanceof DuetProblemError ? error.retryAfterMs : undefined;
      if (askedMs !== undefined) {
        await pause(askedMs, signal).catch(() => undefined);
      }
      await this.rest(failures === 0 ? pollMs * (0.5 + Math.random() / 2) : waitBefore(failures, { retries: 0, retryDelayMs: pollMs, longestWaitMs }));
    }
  }

  private async round(): Promise<void> {
    const { duet, userId, replica, rereads } = this.options;
    await (rereads ? replica.reload() : replica.save());
    let more = true;
    while (more) {
      assertSignedIn(duet, userId);
      await this.#sender.sendAll();
      more = await this.#puller.pullPage();
    }
    await replica.save();
  }

  private async rest(ms: number): Promise<void> {
    this.#rest = new AbortController();
    if (!this.#isWanted) {
      await pause(ms, AbortSignal.any([this.#rest.signal, this.options.signal])).catch(() => undefined);
    }
  }
}

function outcome(error: unknown): { status: MirrorStatus; failure: string | null } {
  if (error === undefined) {
    return { status: 'current', failure: null };
  }
  const passes = error instanceof DuetConnectionError || (error instanceof DuetProblemError && [408, 429, 502, 503, 504].includes(error.status));
  return { status: passes ? 'offline' : 'failed', failure: messageOf(error) };
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `Not an error was thrown, but a ${typeof error}.`;
}
