import * as z from 'zod';
import { recordCreated } from './catalogue/record-created.js';
import { recordDeleted } from './catalogue/record-deleted.js';
import { recordUpdated } from './catalogue/record-updated.js';
import { todoArchived } from './catalogue/todo-archived.js';
import { todoCompleted } from './catalogue/todo-completed.js';
import { todoCreated } from './catalogue/todo-created.js';
import { todoDeleted } from './catalogue/todo-deleted.js';
import { todoUpdated } from './catalogue/todo-updated.js';
import { userDeleted } from './catalogue/user-deleted.js';
import { userRegistered } from './catalogue/user-registered.js';
import { userUpdated } from './catalogue/user-updated.js';
import type { DomainEvent, EventDefinition } from './domain-event.js';

/** Every event there is. */
export const catalogue: readonly EventDefinition[] = [
  todoCreated,
  todoUpdated,
  todoCompleted,
  todoDeleted,
  todoArchived,
  recordCreated,
  recordUpdated,
  recordDeleted,
  userRegistered,
  userUpdated,
  userDeleted,
];

/** What makes one event of a definition. */
export interface EventFacts<Data> {
  /** The same at every redelivery of the same change. */
  readonly id: string;
  /** When the change was committed, RFC 3339 in UTC with milliseconds. */
  readonly occurredAt: string;
  readonly data: Data;
}

/** An event in its envelope. */
export function makeEvent<Data extends object>(
  { name, version, resource }: EventDefinition<Data>,
  { id, occurredAt, data }: EventFacts<NoInfer<Data>>,
): DomainEvent {
  return { name, resource: resource.parse(data), detail: { metadata: { id, occurredAt, version }, data } };
}

/** The schema of an event's detail as published: with its data, or without and saying so. */
export function detailSchema({ version, data, resource }: EventDefinition): z.ZodType {
  const metadata = z.strictObject({ id: z.uuid(), occurredAt: z.iso.datetime({ precision: 3 }), version: z.literal(version) });
  return z.union([z.strictObject({ metadata, data }), z.strictObject({ metadata: metadata.extend({ dataOmitted: z.literal(true), resource }) })]);
}
