import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { withTimeout } from '../../common/async.js';
import { AppConfig } from '../../config/config.module.js';
import { Log } from '../../platform/observability/log.js';
import { Erasure } from './erasure.js';
import { EventPublisher, type PublishOutcome } from '../events/event-publisher.js';
import { type ClaimedRow, LeaseLostError, type OutboxBacklog, OutboxRepository } from './outbox.repository.js';
import { mostPublishAttempts, pauseMs } from './retry-schedule.js';

/** As many as one call to the bus carries. */
const rowsAtOnce = 10;
/** How long the answer to a deletion waits for the erasure. */
const erasurePatienceMs = 1_000;
/** How often an erasure that another worker is at is looked after. */
const lookAgainMs = 40;
/** How long after a change the worker starts: the answer goes out first, and a burst of changes is one run. */
const kickDelayMs = 25;
const idleDelayMs = 1_000;
const longestIdleDelayMs = 30_000;
const tidyEveryMs = 3_600_000;
/** For how long a done row is kept, and how many are deleted at a time. */
const keepDoneDays = 30;
const tidyLimit = 1_000;

/** Whether to go on: a worker asks between the pieces of its work, and gives back what it has not finished. */
type MayGoOn = () => boolean;

/** The time given to a worker is up; not a failure. */
class Interrupted extends Error {}

/**
 * Does what the outbox says: erases deleted users, and tells of every change on the event bus, in order for each user.
 *
 * It runs in three ways: polling under `npm start` ({@link start}), a drain a minute on Lambda ({@link drain}), and right after the
 * request that wrote a row ({@link kick}, {@link settleDeletion}). Any number may run at once, anywhere: a row is leased to one.
 */
@Injectable()
export class OutboxWorker implements OnModuleDestroy {
  private readonly lambda: boolean;
  // Work begun by a request outlives it, and must not share its deadline.
  private readonly detached = new AsyncResource('OutboxWorker');
  private readonly underWay = new Set<Promise<unknown>>();
  private polling = false;
  private stopped = false;
  private running = false;
  private wanted = false;
  private timer: NodeJS.Timeout | undefined;
  private nextRunAt = Number.POSITIVE_INFINITY;
  private failures = 0;
  private tidiedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly outbox: OutboxRepository,
    private readonly publisher: EventPublisher,
    private readonly erasure: Erasure,
    private readonly log: Log,
    config: AppConfig,
  ) {
    this.lambda = config.get('lambda', { infer: true });
  }

  /** From now on looks for due rows every second, until the application is closed. */
  start(): void {
    this.polling = true;
    this.kick();
  }

  /** Someone has written a row: does it shortly, one run at a time. Not on Lambda: a function may not work past its answer. */
  kick(): void {
    if (this.lambda || this.stopped) {
      return;
    }
    this.wanted = true;
    this.schedule(kickDelayMs);
  }

  /**
   * Erases a user who has just been deleted, as far as that is done within a second; never fails. What is left is for the other
   * runs, as is the event: nothing publishes from the request path.
   */
  async settleDeletion(userId: string): Promise<void> {
    if (this.stopped) {
      return;
    }
    const until = performance.now() + erasurePatienceMs;
    const settling = this.detached.runInAsyncScope(async () => this.track(this.settle(userId, () => performance.now() < until && !this.stopped)));
    await withTimeout<unknown>(
      erasurePatienceMs,
      async () => settling,
      () => undefined,
    );
    this.kick();
  }

  /**
   * Works until nothing is due, or `mayGoOn` says no; tells how many rows were taken. A row that fails is postponed, not thrown.
   *
   * @throws StoreUnavailableError when PostgreSQL cannot be reached.
   */
  async drain(mayGoOn: MayGoOn = () => true): Promise<number> {
    return this.track(this.work(() => mayGoOn() && !this.stopped));
  }

  /** Deletes rows that have long been done, a bounded number. */
  async tidy(): Promise<number> {
    return this.outbox.deleteDone(keepDoneDays, tidyLimit);
  }

  async backlog(): Promise<OutboxBacklog> {
    return this.outbox.backlog();
  }

  /** Takes nothing more, and waits for what is under way. */
  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await Promise.allSettled(this.underWay);
    this.detached.emitDestroy();
  }

  private schedule(delayMs: number): void {
    const at = performance.now() + delayMs;
    if (this.running || this.stopped || at >= this.nextRunAt) {
      return;
    }
    this.nextRunAt = at;
    clearTimeout(this.timer);
    this.timer = this.detached.runInAsyncScope(() => setTimeout(() => void this.track(this.run()), delayMs));
    this.timer.unref();
  }

  private async run(): Promise<void> {
    this.running = true;
    this.nextRunAt = Number.POSITIVE_INFINITY;
    this.wanted = false;
    try {
      await this.work(() => !this.stopped);
      if (this.polling && performance.now() - this.tidiedAt > tidyEveryMs) {
        this.tidiedAt = performance.now();
        await this.tidy();
      }
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      this.log.warn('the outbox could not be worked on', { error: error as Error });
    } finally {
      this.running = false;
    }
    if (this.wanted) {
      this.schedule(kickDelayMs);
    } else if (this.polling) {
      this.schedule(Math.min(longestIdleDelayMs, idleDelayMs * 2 ** Math.min(this.failures, 10)));
    }
  }

  private async work(goOn: MayGoOn): Promise<number> {
    let taken = 0;
    while (goOn()) {
      const erasing = (await this.eraseNext(goOn)) === 'none' ? 0 : 1;
      const told = goOn() ? await this.publishNext() : 0;
      if (erasing + told === 0) {
        break;
      }
      taken += erasing + told;
    }
    return taken;
  }

  private async settle(userId: string, goOn: MayGoOn): Promise<void> {
    try {
      while (goOn() && (await this.eraseNext(goOn, userId)) === 'none' && (await this.outbox.erasureIsPending(userId))) {
        // Another worker has it, or it failed just now.
        await sleep(lookAgainMs);
      }
    } catch (error) {
      this.log.warn('a deleted user could not be erased at once', { error: error as Error });
    }
  }

  private async eraseNext(goOn: MayGoOn, userId?: string): Promise<'none' | 'erased' | 'unfinished'> {
    const row = await this.outbox.claimErasure(userId);
    if (row === null) {
      return 'none';
    }
    return (await this.settled(row, async () => this.eraseUser(row, goOn))) ? 'erased' : 'unfinished';
  }

  private async eraseUser(row: ClaimedRow, goOn: MayGoOn): Promise<boolean> {
    try {
      await this.erasure.erase(row.userId, async () => {
        if (!goOn()) {
          throw new Interrupted();
        }
        await this.outbox.renew(row);
      });
      await this.outbox.markErased(row);
      return true;
    } catch (error) {
      if (error instanceof LeaseLostError) {
        throw error;
      }
      if (error instanceof Interrupted) {
        await this.outbox.release(row);
      } else {
        // However often: what someone has asked to be deleted is never given up.
        this.log.warn('a deleted user could not be erased yet', { ...named(row), error: error as Error });
        await this.outbox.postpone(row, pauseMs('erase', row.attempts), reasonOf(error));
      }
      return false;
    }
  }

  private async publishNext(): Promise<number> {
    const rows = await this.outbox.claimEvents(rowsAtOnce);
    // The events' schemas are for whoever publishes, which on Lambda is another function than the one that writes the rows.
    const { outboxEvent } = await import('./outbox-event.js');
    const fit = rows.map((row) => ({ row, event: outboxEvent(row) }));
    for (const { row, event } of fit) {
      if ('unfit' in event) {
        await this.settled(row, async () => this.giveUp(row, event.unfit));
      }
    }
    const telling = fit.flatMap(({ row, event }) => ('unfit' in event ? [] : [{ row, event }]));
    const outcomes = telling.length === 0 ? [] : await this.publisher.publish(telling.map(({ event }) => event));
    for (const [index, { row }] of telling.entries()) {
      const outcome = outcomes[index] ?? { published: false, permanent: false, reason: 'The publisher gave no outcome' };
      await this.settled(row, async () => this.conclude(row, outcome));
    }
    return rows.length;
  }

  private async conclude(row: ClaimedRow, outcome: PublishOutcome): Promise<void> {
    if (outcome.published) {
      await this.outbox.complete(row);
    } else if (outcome.permanent || row.attempts >= mostPublishAttempts) {
      await this.giveUp(row, outcome.reason);
    } else {
      this.log.warn('an event could not be published yet', { ...named(row), reason: outcome.reason });
      await this.outbox.postpone(row, pauseMs('publish', row.attempts), outcome.reason);
    }
  }

  private async giveUp(row: ClaimedRow, reason: string): Promise<void> {
    await this.outbox.bury(row, reason);
    this.log.error('an outbox row is dead: its event will not be published unless an operator sees to it', { ...named(row), reason });
  }

  /** Runs the end of a row's work. A lease that was lost meanwhile means that another worker does it: nothing of ours counts. */
  private async settled<T>(row: ClaimedRow, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LeaseLostError)) {
        throw error;
      }
      this.log.warn('the lease on an outbox row ended before its work did', named(row));
      return undefined;
    }
  }

  private async track<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    try {
      return await work;
    } finally {
      this.underWay.delete(work);
    }
  }
}

function named({ id, kind, userId, attempts }: ClaimedRow): { outboxId: string; kind: string; userId: string; attempts: number } {
  return { outboxId: id, kind: kind.slice(0, 100), userId, attempts };
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Partial<Error>;
  return `${name}: ${message}${cause instanceof Error ? ` (${cause.name}: ${cause.message})` : ''}`;
}
