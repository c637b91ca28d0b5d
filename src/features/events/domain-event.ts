import type { z } from 'zod';

/** The name of every event, in the past tense; EventBridge's detail-type. */
export type EventName =
  | `todo.${'created' | 'updated' | 'completed' | 'deleted' | 'archived'}`
  | `record.${'created' | 'updated' | 'deleted'}`
  | `user.${'registered' | 'updated' | 'deleted'}`;

/** What an event says about itself. */
export interface EventMetadata {
  /** The same at every redelivery: receivers recognise a repetition by it. */
  readonly id: string;
  /** When the change was committed, RFC 3339 in UTC with milliseconds. */
  readonly occurredAt: string;
  /** The version of the event's schema. */
  readonly version: number;
  /** There is no `data`, because the bus does not take it: read the resource from the API. */
  readonly dataOmitted?: true;
  /** Which resource changed, where `data` does not say it. */
  readonly resource?: object;
}

/** What is published of a change: `data` is the resource after it (before it, for a deletion). */
export interface DomainEvent {
  readonly name: EventName;
  /** What names the resource and orders its changes: its ids, and its version where it has one. */
  readonly resource: object;
  readonly detail: { readonly metadata: EventMetadata; readonly data?: object };
}

/** An event's entry in the catalogue. */
export interface EventDefinition<Data extends object = object> {
  readonly name: EventName;
  readonly version: number;
  readonly description: string;
  readonly data: z.ZodType<Data>;
  /** The part of the data that {@link DomainEvent.resource} has. */
  readonly resource: z.ZodType<object>;
}

/** The same event for a bus that does not take its data: that it happened, and to which resource. */
export function withoutData({ name, resource, detail }: DomainEvent): DomainEvent {
  return { name, resource, detail: { metadata: { ...detail.metadata, dataOmitted: true, resource } } };
}
