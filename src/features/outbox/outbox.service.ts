import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { withTimeout } from '../../common/async.js';
import { Log } from '../../platform/observability/log.js';
import { OutboxEraser } from './outbox-eraser.js';
import { OutboxRepository } from './outbox.repository.js';

/** How long the answer to a deletion waits for the erasure. */
const eraseNowMs = 1_000;
/** How often to look whether another worker has finished an erasure. */
const lookAgainMs = 40;

/** What a feature that has written to the outbox may ask of it. */
@Injectable()
export class OutboxService implements OnModuleDestroy {
  private readonly listeners: (() => void)[] = [];
  private readonly closing = new AbortController();
  private readonly underWay = new Set<Promise<void>>();
  // An erasure that a request begins may outlive it, and must not share its deadline: it runs in the context of the start.
  private readonly eraseDetached = AsyncResource.bind(async (userId: string, until: number) => this.erase(userId, until));

  constructor(
    private readonly outbox: OutboxRepository,
    private readonly eraser: OutboxEraser,
    private readonly log: Log,
  ) {}

  /** Rows were committed: a worker in this process, if there is one, takes them soon. On Lambda there is none, since a function may not work past its answer. */
  notify(): void {
    for (const listener of this.listeners) {
      listener();
    }
  }

  /** Calls `listener` at each {@link notify}. */
  onNotify(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Erases a user who has just been deleted, as far as that is done within a second; never fails. The rest, and the event, are left to the
   * workers: nothing publishes from the request path.
   */
  async eraseNow(userId: string): Promise<void> {
    if (this.closing.signal.aborted) {
      return;
    }
    const erasing = this.eraseDetached(userId, performance.now() + eraseNowMs);
    this.underWay.add(erasing);
    void erasing.finally(() => this.underWay.delete(erasing));
    await withTimeout(
      eraseNowMs,
      async () => erasing,
      () => undefined,
    );
    this.notify();
  }

  /** Begins no more, and waits for the erasures under way. */
  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await Promise.all(this.underWay);
  }

  private async erase(userId: string, until: number): Promise<void> {
    const mayContinue = (): boolean => performance.now() < until && !this.closing.signal.aborted;
    try {
      while (mayContinue() && (await this.eraser.eraseNext(mayContinue, userId)) === 'none' && (await this.outbox.erasureIsPending(userId))) {
        // Another worker has it, or it has just failed.
        await sleep(lookAgainMs);
      }
    } catch (error) {
      this.log.warn('a deleted user could not be erased at once', { error: error as Error });
    }
  }
}
