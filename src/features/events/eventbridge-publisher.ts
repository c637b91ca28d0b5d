import { Injectable } from '@nestjs/common';
import { EventBridge } from '../../platform/eventbridge/eventbridge.js';
import type { DomainEvent } from './domain-event.js';
import { EventPublisher, type PublishOutcome } from './event-publisher.js';

/** The source of every event of this service. */
export const eventSource = 'duet';

/** {@link EventPublisher} over an EventBridge bus. */
@Injectable()
export class EventBridgePublisher extends EventPublisher {
  constructor(private readonly eventBridge: EventBridge) {
    super();
  }

  override async publish(events: readonly DomainEvent[]): Promise<PublishOutcome[]> {
    const entries = events.map(({ name, detail }) => ({
      source: eventSource,
      detailType: name,
      detail: JSON.stringify(detail),
      time: new Date(detail.metadata.occurredAt),
    }));
    const outcomes = await this.eventBridge.put(entries);
    return outcomes.map((outcome) => (outcome.accepted ? { published: true } : { published: false, permanent: outcome.permanent, reason: outcome.reason }));
  }
}
