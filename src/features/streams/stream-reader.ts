import type { DynamoDBRecord } from 'aws-lambda';
import { v5 } from 'uuid';
import type { ArchiveService } from '../todos/archive.service.js';
import { archivedTodo, type Todo } from '../todos/todos.js';
import { makeEvent } from '../events/catalogue.js';
import { recordCreated } from '../events/catalogue/record-created.js';
import { recordData } from '../events/catalogue/record-data.js';
import { recordDeleted } from '../events/catalogue/record-deleted.js';
import { recordUpdated } from '../events/catalogue/record-updated.js';
import type { TodoData } from '../events/catalogue/todo-data.js';
import { todoArchived } from '../events/catalogue/todo-archived.js';
import { todoCompleted } from '../events/catalogue/todo-completed.js';
import { todoCreated } from '../events/catalogue/todo-created.js';
import { todoDeleted } from '../events/catalogue/todo-deleted.js';
import { todoUpdated } from '../events/catalogue/todo-updated.js';
import type { DomainEvent, EventDefinition } from '../events/domain-event.js';
import { attributesIn, type StreamImage } from './persistence/stream-images.js';

/** A stream record of nothing that Duet wrote. The message says why, and never quotes a value: it goes into the log. */
class ForeignRecordError extends Error {
  override readonly name = 'ForeignRecordError';
}

/** What a stream record stands for: nothing that is published, one event, or a todo that TTL has removed. `item` names the item it happened to. */
export type Change =
  | { readonly kind: 'none' }
  | { readonly kind: 'event'; readonly item: string; readonly event: DomainEvent }
  /** Which event it is turns out when the todo is archived: its owner may have been deleted. */
  | {
      readonly kind: 'expiry';
      readonly item: string;
      readonly todo: Todo;
      readonly removedAt: string;
      readonly archived: DomainEvent;
      readonly deleted: DomainEvent;
    };

/** Ids are UUIDv5 (RFC 9562, section 5.5) in this namespace: what is hashed is the same at every redelivery of a change, and so is the id. */
const idNamespace = '0b6f6a1e-6a3c-5d0e-9a43-6f1f3a5f7c11';

/** Reads the records of the todos and the records tables' streams. */
export class StreamReader {
  constructor(
    private readonly tables: { readonly todos: string; readonly records: string },
    private readonly todos: Pick<ArchiveService, 'read'>,
  ) {}

  /** @throws ForeignRecordError, and other errors of reading: the record can never be understood, trying again is no use. */
  read(record: DynamoDBRecord): Change {
    // Without one its failure could not be reported.
    if (!record.dynamodb?.SequenceNumber) {
      throw new ForeignRecordError('it has no sequence number');
    }
    // arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<label>
    const table = record.eventSourceARN?.split('/')[1];
    if (table === this.tables.todos) {
      return this.todoChange(record, table);
    }
    if (table === this.tables.records) {
      return recordChange(record, table);
    }
    throw new ForeignRecordError('it is of no table that is known here');
  }

  private todoChange(record: DynamoDBRecord, table: string): Change {
    const images = imagesOf(record, (image) => this.todos.read(attributesIn(image)));
    const stored = images.after ?? images.before;
    if (stored === null || (stored.kind === 'deletion' && images.before !== null)) {
      return { kind: 'none' };
    }
    const { todo } = stored;
    const [before, after] = [images.before?.todo ?? null, images.after?.todo ?? null];
    const item = `${table}/${todo.userId}/${todo.id}`;
    // Versions count the writes of a todo, so they name a change better than the stream does. Only a write that went past Duet keeps the version.
    const change = before !== null && after !== null && after.version <= before.version ? `event/${eventIdOf(record)}` : `version/${todo.version}`;
    const event = (definition: EventDefinition<TodoData>, occurredAt: string, data: Todo = todo): DomainEvent =>
      makeEvent(definition, { id: v5(`${item}/${change}/${definition.name}`, idNamespace), occurredAt, data });
    if (stored.kind === 'deletion') {
      return { kind: 'event', item, event: event(todoDeleted, approximateTimeOf(record)) };
    }
    if (after === null) {
      const removedAt = approximateTimeOf(record);
      const deleted = event(todoDeleted, removedAt);
      return isByTimeToLive(record)
        ? { kind: 'expiry', item, todo, removedAt, deleted, archived: event(todoArchived, removedAt, archivedTodo(todo, removedAt)) }
        : { kind: 'event', item, event: deleted };
    }
    if (before === null) {
      // A todo that comes back from the archive has been written before.
      return { kind: 'event', item, event: event(after.version === 1 ? todoCreated : todoUpdated, after.updatedAt) };
    }
    const becameDone = after.status === 'done' && before.status !== 'done';
    return { kind: 'event', item, event: event(becameDone ? todoCompleted : todoUpdated, after.updatedAt) };
  }
}

function recordChange(record: DynamoDBRecord, table: string): Change {
  const { before, after } = imagesOf(record, (image) => {
    const { success, data } = recordData.safeParse(attributesIn(image));
    if (!success) {
      throw new ForeignRecordError('its image is not a record');
    }
    return data;
  });
  const data = after ?? before;
  if (data === null) {
    throw new ForeignRecordError('it has no image');
  }
  const definition = after === null ? recordDeleted : before === null ? recordCreated : recordUpdated;
  const item = `${table}/${data.user_id}`;
  // Records have no version. An eventID is "globally unique": https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
  const id = v5(`${item}/event/${eventIdOf(record)}/${definition.name}`, idNamespace);
  return { kind: 'event', item, event: makeEvent(definition, { id, occurredAt: approximateTimeOf(record), data }) };
}

/** The images that the kind of change calls for; the others are null. */
function imagesOf<T>({ eventName, dynamodb }: DynamoDBRecord, read: (image: StreamImage) => T): { before: T | null; after: T | null } {
  const needed = (image: StreamImage | undefined): T => {
    if (image === undefined) {
      throw new ForeignRecordError('an image is missing');
    }
    return read(image);
  };
  switch (eventName) {
    case 'INSERT':
      return { before: null, after: needed(dynamodb?.NewImage) };
    case 'MODIFY':
      return { before: needed(dynamodb?.OldImage), after: needed(dynamodb?.NewImage) };
    case 'REMOVE':
      return { before: needed(dynamodb?.OldImage), after: null };
    case undefined:
    default:
      throw new ForeignRecordError('its event name is unknown');
  }
}

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
function isByTimeToLive({ userIdentity }: DynamoDBRecord): boolean {
  const { type, principalId } = (userIdentity ?? {}) as { type?: unknown; principalId?: unknown };
  return type === 'Service' && principalId === 'dynamodb.amazonaws.com';
}

// In seconds since 1970, with or without a fraction.
function approximateTimeOf({ dynamodb }: DynamoDBRecord): string {
  const time = new Date((dynamodb?.ApproximateCreationDateTime ?? Number.NaN) * 1000);
  if (Number.isNaN(time.getTime())) {
    throw new ForeignRecordError('it has no time');
  }
  return time.toISOString();
}

function eventIdOf({ eventID }: DynamoDBRecord): string {
  if (!eventID) {
    throw new ForeignRecordError('it has no event id');
  }
  return eventID;
}
