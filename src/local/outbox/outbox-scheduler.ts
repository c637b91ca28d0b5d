import { strict as assert } from 'node:assert';
import { AsyncResource } from 'node:async_hooks';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { backoffMs } from '../../common/async.js';
import { OutboxJanitor } from '../../features/outbox/worker/outbox-janitor.js';
import { OutboxService } from '../../features/outbox/outbox.service.js';
import { OutboxWorker } from '../../features/outbox/worker/outbox-worker.js';
import { Log } from '../../platform/observability/log.js';

/** How long after a change a run begins: the answer goes out first, and a burst of changes is one run. */
const wakeDelayMs = 25;
const pollEveryMs = 1_000;
/** Between runs that fail because PostgreSQL is away. */
const backoff = { baseMs: 1_000, maxMs: 30_000 };
const deleteOldEveryMs = 3_600_000;

type State =
  | { readonly name: 'idle' }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout; readonly runAt: number }
  | { readonly name: 'running' }
  | { readonly name: 'running-woken' }
  | { readonly name: 'stopped' };

const transitions: Readonly<Record<State['name'], readonly State['name'][]>> = {
  idle: ['waiting', 'stopped'],
  waiting: ['waiting', 'running', 'stopped'],
  running: ['running-woken', 'waiting', 'idle', 'stopped'],
  'running-woken': ['waiting', 'stopped'],
  stopped: [],
};

/**
 * Runs the outbox worker in the local server, as the schedule of the outbox function does on AWS: soon after each change, and after
 * {@link start} also every second, for what other processes wrote and what was postponed.
 *
 * It is always in one state:
 *
 * ```
 *          wake, start             timer               wake
 *   idle ──────────────▶ waiting ────────▶ running ────────────▶ running-woken
 *    ▲                   ▲  │  ▲            │   │                      │
 *    │                   └──┘  │            │   │                      │
 *    │              wake: sooner            │   │                      │
 *    │                         └────────────│───┴──────────────────────┘
 *    │                             run ended, polling or woken
 *    └──────────────────────────────────────┘
 *                  run ended
 *
 *   any state ── stop ──▶ stopped
 * ```
 *
 * - idle: nothing is planned, and {@link start} was not called.
 * - waiting: the next run is planned, by a timer.
 * - running: a run is in progress.
 * - running-woken: a run is in progress, and rows were written that it may have missed; another follows it soon.
 * - stopped: no run begins any more.
 */
@Injectable()
export class OutboxScheduler implements OnModuleDestroy {
  private state: State = { name: 'idle' };
  private polling = false;
  private failures = 0;
  private currentRun: Promise<void> = Promise.resolve();
  private cleaning: NodeJS.Timeout | undefined;
  // A run that a request wakes outlives it, and must not share its deadline: it runs in the context of the start.
  private readonly onTimer = AsyncResource.bind(() => void (this.currentRun = this.run()));

  constructor(
    private readonly worker: OutboxWorker,
    private readonly janitor: OutboxJanitor,
    private readonly log: Log,
    outbox: OutboxService,
  ) {
    outbox.onNotify(() => this.wake());
  }

  /** From now on runs every second, until the application is closed. */
  start(): void {
    this.polling = true;
    this.cleaning = setInterval(() => void this.deleteOld(), deleteOldEveryMs);
    this.cleaning.unref();
    this.wake();
  }

  /** Rows were written: a run begins soon. */
  wake(): void {
    switch (this.state.name) {
      case 'idle':
      case 'waiting':
        return this.wait(wakeDelayMs);
      case 'running':
        return this.enter({ name: 'running-woken' });
      case 'running-woken':
      case 'stopped':
        return;
      default:
        return this.state satisfies never;
    }
  }

  /** Begins no more runs, and waits for the one in progress. */
  async onModuleDestroy(): Promise<void> {
    this.enter({ name: 'stopped' });
    clearInterval(this.cleaning);
    await this.currentRun;
  }

  private wait(delayMs: number): void {
    const runAt = performance.now() + delayMs;
    if (this.state.name === 'waiting' && this.state.runAt <= runAt) {
      return;
    }
    const timer = setTimeout(this.onTimer, delayMs);
    timer.unref();
    this.enter({ name: 'waiting', timer, runAt });
  }

  private async run(): Promise<void> {
    this.enter({ name: 'running' });
    // The only await: what is below sees the state that wake or stop made of it.
    await this.drain();
    if (this.state.name === 'running-woken') {
      this.wait(wakeDelayMs);
    } else if (this.state.name === 'running' && this.polling) {
      this.wait(this.failures === 0 ? pollEveryMs : backoffMs(this.failures - 1, backoff));
    } else if (this.state.name === 'running') {
      this.enter({ name: 'idle' });
    }
  }

  private async drain(): Promise<void> {
    try {
      await this.worker.drain(() => this.state.name !== 'stopped');
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      this.log.warn('the outbox could not be worked on', { error: error as Error });
    }
  }

  private async deleteOld(): Promise<void> {
    await this.janitor.deleteOld().catch((error: unknown) => this.log.warn('old outbox rows could not be deleted', { error: error as Error }));
  }

  private enter(state: State): void {
    assert.ok(transitions[this.state.name].includes(state.name), `The outbox scheduler cannot go from ${this.state.name} to ${state.name}`);
    if (this.state.name === 'waiting') {
      clearTimeout(this.state.timer);
    }
    this.state = state;
  }
}
