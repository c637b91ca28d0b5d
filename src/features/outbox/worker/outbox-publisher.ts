import { Injectable } from '@nestjs/common';
import { Log } from '../../../platform/observability/log.js';
import type { DomainEvent } from '../../events/domain-event.js';
import { EventPublisher } from '../../events/event-publisher.js';
import { outboxEvent } from './outbox-event.js';
import { type FailureMessages, recordDelivery } from '../outbox-lease.js';
import { type ClaimedRow, OutboxRepository } from '../outbox.repository.js';

/** As many as one request to the bus carries. */
const batchSize = 10;
const messages: FailureMessages = {
  postponed: 'an event could not be published yet',
  dead: 'an outbox row is dead: its event will not be published unless an operator retries it',
};

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
        await recordDelivery({ outbox: this.outbox, log: this.log }, row, { permanent: true, reason: event.unpublishable }, messages);
      } else {
        publishable.push({ row, event });
      }
    }
    const outcomes = publishable.length === 0 ? [] : await this.publisher.publish(publishable.map(({ event }) => event));
    for (const [index, { row }] of publishable.entries()) {
      const outcome = outcomes[index] ?? { published: false, permanent: false, reason: 'The publisher gave no outcome' };
      await recordDelivery({ outbox: this.outbox, log: this.log }, row, outcome.published ? null : outcome, messages);
    }
    return rows.length;
  }
}
