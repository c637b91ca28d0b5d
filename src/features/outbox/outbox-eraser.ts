import { Injectable } from '@nestjs/common';
import { Log } from '../../platform/observability/log.js';
import { Erasure } from './erasure.js';
import { logFields, pauseAfter, unlessLeaseLost } from './outbox-lease.js';
import { type ClaimedRow, LeaseLostError, OutboxRepository } from './outbox.repository.js';

const maxPauseMs = 60_000;

/** Whether there is time left; asked between the pieces of long work. */
export type MayContinue = () => boolean;

/** The time for an erasure is up; not a failure. */
class TimeUp extends Error {}

/**
 * Erases deleted users. An erasure goes on from where another one ended, since what is deleted stays deleted; however often it fails, it is
 * never given up.
 */
@Injectable()
export class OutboxEraser {
  constructor(
    private readonly outbox: OutboxRepository,
    private readonly erasure: Erasure,
    private readonly log: Log,
  ) {}

  /** Takes the next deletion that is due, of one user or of any, and erases until it is done or the time is up. */
  async eraseNext(mayContinue: MayContinue, userId?: string): Promise<'none' | 'erased' | 'unfinished'> {
    const row = await this.outbox.claimErasure(userId);
    if (row === null) {
      return 'none';
    }
    return (await unlessLeaseLost(this.log, row, async () => this.erase(row, mayContinue))) ? 'erased' : 'unfinished';
  }

  private async erase(row: ClaimedRow, mayContinue: MayContinue): Promise<boolean> {
    try {
      await this.erasure.erase(row.userId, async () => {
        if (!mayContinue()) {
          throw new TimeUp();
        }
        await this.outbox.renew(row);
      });
      await this.outbox.markErased(row);
      return true;
    } catch (error) {
      if (error instanceof LeaseLostError) {
        throw error;
      }
      if (error instanceof TimeUp) {
        await this.outbox.release(row);
      } else {
        this.log.warn('a deleted user could not be erased yet', { ...logFields(row), error: error as Error });
        await this.outbox.postpone(row, pauseAfter(row, maxPauseMs), reasonOf(error));
      }
      return false;
    }
  }
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Partial<Error>;
  return `${name}: ${message}${cause instanceof Error ? ` (${cause.name}: ${cause.message})` : ''}`;
}
