import { Injectable } from '@nestjs/common';
import { Log } from '../../platform/observability/log.js';
import type { DomainEvent } from './domain-event.js';
import { EventPublisher, type PublishOutcome } from './event-publisher.js';

/** {@link EventPublisher} where no bus is named: a line an event, which says what happened to which resource, and nothing of its content. */
@Injectable()
export class LogPublisher extends EventPublisher {
  constructor(private readonly log: Log) {
    super();
  }

  override async publish(events: readonly DomainEvent[]): Promise<PublishOutcome[]> {
    for (const { name, resource, detail } of events) {
      this.log.info('event', { event: name, ...detail.metadata, resource });
    }
    return events.map(() => ({ published: true }));
  }
}
