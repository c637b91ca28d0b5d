import { Injectable } from '@nestjs/common';
import { backoffMs } from '../../common/async.js';
import { Log } from '../../platform/observability/log.js';
import type { DomainEvent } from '../events/domain-event.js';
import { EventPublisher, type PublishOutcome } from '../events/event-publisher.js';
import { outboxEvent } from './outbox-event.js';
import { logFields, unlessLeaseLost } from './outbox-lease.js';
import { type ClaimedRow, OutboxRepository } from './outbox.repository.js';

/** As many as one request to the bus carries. */
const batchSize = 10;
/** So that a run does not take again what it has just postponed. */
const minPauseMs = 1_000;
const backoff = { baseMs: 1_000, maxMs: 10 * 60_000 };
/** After how many failed attempts an event is given up. With the pauses of {@link backoff} that takes more than a day: an outage of the bus of hours costs no event. */
const maxAttempts = 400;

/**
 * Publishes the events of rows, in order for each user: it takes at most one row of a user, the oldest, and the next one only after that was
 * published or is dead.
 */
@Injectable()
export class OutboxPublisher {
  constructor(
    private readonly outbox: OutboxRepository,
    private readonly publisher: EventPublisher,
    private readonly log: Log,
  ) {}

  /** Publishes the next rows that are due, at most ten, and gives how many it took. A row that fails is postponed or dead, not thrown. */
  async publishNext(): Promise<number> {
    const rows = await this.outbox.claimOldestOfEachUser(batchSize);
    const publishable: { row: ClaimedRow; event: DomainEvent }[] = [];
    for (const row of rows) {
      const event = outboxEvent(row);
      if ('unpublishable' in event) {
        await unlessLeaseLost(this.log, row, async () => this.markDead(row, event.unpublishable));
      } else {
        publishable.push({ row, event });
      }
    }
    const outcomes = publishable.length === 0 ? [] : await this.publisher.publish(publishable.map(({ event }) => event));
    for (const [index, { row }] of publishable.entries()) {
      const outcome = outcomes[index] ?? { published: false, permanent: false, reason: 'The publisher gave no outcome' };
      await unlessLeaseLost(this.log, row, async () => this.record(row, outcome));
    }
    return rows.length;
  }

  private async record(row: ClaimedRow, outcome: PublishOutcome): Promise<void> {
    if (outcome.published) {
      await this.outbox.markDone(row);
    } else if (outcome.permanent || row.attempts >= maxAttempts) {
      await this.markDead(row, outcome.reason);
    } else {
      this.log.warn('an event could not be published yet', { ...logFields(row), reason: outcome.reason });
      await this.outbox.postpone(row, minPauseMs + backoffMs(row.attempts - 1, backoff), outcome.reason);
    }
  }

  private async markDead(row: ClaimedRow, reason: string): Promise<void> {
    await this.outbox.markDead(row, reason);
    this.log.error('an outbox row is dead: its event will not be published unless an operator retries it', { ...logFields(row), reason });
  }
}
