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
export interface EventFacts {
  /** The same at every redelivery of the same change. */
  readonly id: string;
  /** When the change was committed, RFC 3339 in UTC with milliseconds. */
  readonly occurredAt: string;
  /** The resource; that it fits the definition's schema is the caller's to make sure. */
  readonly data: object;
}

/** An event in its envelope. */
export function makeEvent({ name, version }: EventDefinition, { id, occurredAt, data }: EventFacts): DomainEvent {
  return { name, detail: { metadata: { id, occurredAt, version }, data } };
}
