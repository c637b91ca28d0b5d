import type { DomainEvent } from './domain-event.js';

/** The outcome of one event: published, or why not. An event that can never be published is `permanent`. */
export type PublishOutcome = { readonly published: true } | { readonly published: false; readonly permanent: boolean; readonly reason: string };

/** Where events go: EventBridge, or the log where no bus is named. */
export abstract class EventPublisher {
  /** Tries each event, and gives the outcome of each in the order given; a bus that fails is an outcome, never an exception. */
  abstract publish(events: readonly DomainEvent[]): Promise<PublishOutcome[]>;
}
