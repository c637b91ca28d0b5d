import type { z } from 'zod';

/** The name of every event, in the past tense; EventBridge's detail-type. */
export type EventName =
  | `todo.${'created' | 'updated' | 'completed' | 'deleted' | 'archived'}`
  | `record.${'created' | 'updated' | 'deleted'}`
  | `user.${'registered' | 'updated' | 'deleted'}`;

/** What is published of a change: an id that is the same at every redelivery, and the resource after it (before it, for a deletion). */
export interface DomainEvent {
  readonly name: EventName;
  readonly detail: {
    readonly metadata: {
      /** Stable: receivers tell a repetition by it. */
      readonly id: string;
      /** When the change was committed, RFC 3339 in UTC with milliseconds. */
      readonly occurredAt: string;
      /** The version of the event's schema. */
      readonly version: number;
    };
    readonly data: object;
  };
}

/** An event's entry in the catalogue: its name, what it means, and the schema of its data. */
export interface EventDefinition {
  readonly name: EventName;
  readonly version: number;
  readonly description: string;
  readonly data: z.ZodType;
}
