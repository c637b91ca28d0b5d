import { Injectable } from '@nestjs/common';
import { type BusEntry, EventBridge } from '../../platform/eventbridge/eventbridge.js';
import { Log } from '../../platform/observability/log.js';
import { type DomainEvent, withoutData } from './domain-event.js';
import { EventPublisher, type PublishOutcome } from './event-publisher.js';

/** The source of every event of this service. */
const eventSource = 'duet';

/** {@link EventPublisher} over an EventBridge bus. An event whose data the bus can never take, such as 1 MB of it, is published without them. */
@Injectable()
export class EventBridgePublisher extends EventPublisher {
  constructor(
    private readonly eventBridge: EventBridge,
    private readonly log: Log,
  ) {
    super();
  }

  override async publish(events: readonly DomainEvent[]): Promise<PublishOutcome[]> {
    const outcomes = await this.put(events);
    for (const [index, event] of events.entries()) {
      const outcome = outcomes[index];
      if (outcome?.published === false && outcome.permanent) {
        const { name, detail } = event;
        this.log.warn('an event is published without its data', { event: name, eventId: detail.metadata.id, reason: outcome.reason });
        outcomes.splice(index, 1, ...(await this.put([withoutData(event)])));
      }
    }
    return outcomes;
  }

  private async put(events: readonly DomainEvent[]): Promise<PublishOutcome[]> {
    const outcomes = await this.eventBridge.put(events.map(toEntry));
    return outcomes.map((outcome) => (outcome.accepted ? { published: true } : { published: false, permanent: outcome.permanent, reason: outcome.reason }));
  }
}

function toEntry({ name, detail }: DomainEvent): BusEntry {
  return { source: eventSource, detailType: name, detail: JSON.stringify(detail), time: new Date(detail.metadata.occurredAt) };
}
