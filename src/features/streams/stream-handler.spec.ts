import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { AttributeValue, DynamoDBRecord } from 'aws-lambda';
import type { AppConfig } from '../../config/config.module.js';
import { StoreUnavailableError } from '../../common/errors/errors.js';
import type { Log } from '../../platform/observability/log.js';
import type { ArchiveService } from '../todos/archive.service.js';
import { archivedTodo, newTodo, nextTodo, type Todo, type TodoContent } from '../todos/todos.js';
import { catalogue } from '../events/catalogue.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { EventPublisher, PublishOutcome } from '../events/event-publisher.js';
import { StreamHandler } from './stream-handler.js';

// Real: images, mapping, ordering. Not real: the bus and the archive, which fail here when the test says so, and the todos feature's reading of an
// item, which has a test of its own.

const userId = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';
const ttl = { type: 'Service', principalId: 'dynamodb.amazonaws.com' };
const content: TodoContent = {
  title: 'Water the plants',
  description: null,
  status: 'open',
  priority: 'normal',
  due: '2026-12-31',
  tags: ['home'],
  checklist: [{ title: 'Ferns', done: false }],
};

let sequence = 0;
let handedOver: DomainEvent[][];
let outcomeOf: (event: DomainEvent) => PublishOutcome;
let archive: jest.Mock<ArchiveService['archive']>;
let logged: { message: string; fields: Record<string, unknown> }[];
let handler: StreamHandler;

beforeEach(() => {
  sequence = 0;
  handedOver = [];
  logged = [];
  outcomeOf = () => ({ published: true });
  archive = jest.fn<ArchiveService['archive']>(async () => 'archived');
  const config = { dynamodb: { tables: { todos: 'duet-todos', records: 'duet-records' } }, lambda: false };
  const log = (message: string, fields: Record<string, unknown>): void => void logged.push({ message, fields });
  handler = new StreamHandler(
    {
      publish: async (events: readonly DomainEvent[]) => {
        handedOver.push([...events]);
        return events.map((event) => outcomeOf(event));
      },
    } as EventPublisher,
    { read, archive } as unknown as ArchiveService,
    { warn: log, error: log } as unknown as Log,
    config as unknown as AppConfig,
  );
});

const id = (number: number): string => `019e3a5c-7b1e-7c3a-9d52-${String(number).padStart(12, '0')}`;
const todo = (number = 1, overrides: Partial<TodoContent> = {}): Todo =>
  newTodo({ id: id(number), createdAt: '2026-11-21T06:00:00.000Z', userId }, { ...content, ...overrides });
const image = (item: object): Record<string, AttributeValue> =>
  Object.fromEntries(
    Object.entries(item)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, attribute(value)]),
  );
const stored = ({ id, ...attributes }: Todo): object => ({ ...attributes, itemKey: `TODO#${id}`, expiresAt: 1, dueKey: 'a key' });

function attribute(value: unknown): AttributeValue {
  if (value === null) return { NULL: true };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'boolean') return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(attribute) };
  if (value instanceof Set) return { SS: [...(value as Set<string>)] };
  if (value instanceof Uint8Array) return { B: Buffer.from(value).toString('base64') };
  return typeof value === 'object' ? { M: image(value) } : { N: JSON.stringify(value) };
}

function read(item: Readonly<Record<string, unknown>>): { kind: 'todo' | 'deletion'; todo: Todo } | null {
  const itemKey = String(item['itemKey']);
  if (itemKey === 'LIST' || itemKey.startsWith('IDEM#')) {
    return null;
  }
  const [prefix, id] = itemKey.split('#');
  if ((prefix !== 'TODO' && prefix !== 'DELETED') || typeof item['title'] !== 'string') {
    throw new TypeError('it is no todo');
  }
  const attributes = Object.entries(item).filter(([name]) => !['itemKey', 'expiresAt', 'dueKey'].includes(name));
  return { kind: prefix === 'TODO' ? 'todo' : 'deletion', todo: Object.fromEntries([['id', id], ...attributes]) as unknown as Todo };
}

function record(table: string, before: object | null, after: object | null, extra: Partial<DynamoDBRecord> = {}): DynamoDBRecord {
  sequence += 1;
  return {
    eventID: `event-${sequence}`,
    eventName: before === null ? 'INSERT' : after === null ? 'REMOVE' : 'MODIFY',
    eventSourceARN: `arn:aws:dynamodb:eu-central-1:123456789012:table/${table}/stream/2026-11-21T00:00:00.000`,
    dynamodb: {
      SequenceNumber: String(sequence),
      ApproximateCreationDateTime: 1_795_242_305,
      ...(before && { OldImage: image(before) }),
      ...(after && { NewImage: image(after) }),
    },
    ...extra,
  };
}

const todoRecord = (before: Todo | null, after: Todo | null, extra?: Partial<DynamoDBRecord>): DynamoDBRecord =>
  record('duet-todos', before && stored(before), after && stored(after), extra);
const handle = async (...records: DynamoDBRecord[]): Promise<string[]> =>
  (await handler.handle({ Records: records })).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
const published = (): DomainEvent[] => handedOver.flat();
const names = (): string[] => published().map(({ name }) => name);
const unpublished = (permanent: boolean): PublishOutcome => ({ published: false, permanent, reason: 'made to fail' });

describe('A change in a stream becomes one event', () => {
  const open = todo();
  const later = '2026-11-21T07:00:00.000Z';
  const renamed = nextTodo(open, { title: 'Water the ferns' }, later);
  const done = nextTodo(open, { status: 'done' }, later);
  const note = { user_id: userId, plan: 'free', nested: { seats: [1, null, true] } };

  test.each([
    ['todo.created', todoRecord(null, open), open, open.createdAt],
    ['todo.created', todoRecord(null, todo(2, { status: 'done' })), todo(2, { status: 'done' }), open.createdAt],
    ['todo.updated', todoRecord(open, renamed), renamed, later],
    ['todo.updated', todoRecord(done, nextTodo(done, { title: 'Still done' }, later)), nextTodo(done, { title: 'Still done' }, later), later],
    ['todo.updated', todoRecord(done, nextTodo(done, { status: 'open' }, later)), nextTodo(done, { status: 'open' }, later), later],
    ['todo.completed', todoRecord(open, done), done, later],
    ['todo.deleted', todoRecord(done, null), done, '2026-11-21T06:25:05.000Z'],
    ['todo.archived', todoRecord(done, null, { userIdentity: ttl }), archivedTodo(done, '2026-11-21T06:25:05.000Z'), '2026-11-21T06:25:05.000Z'],
    ['record.created', record('duet-records', null, note), note, '2026-11-21T06:25:05.000Z'],
    ['record.updated', record('duet-records', note, { ...note, plan: 'team' }), { ...note, plan: 'team' }, '2026-11-21T06:25:05.000Z'],
    ['record.deleted', record('duet-records', note, null), note, '2026-11-21T06:25:05.000Z'],
  ] as const)('%s', async (name, given, data, occurredAt) => {
    expect(await handle(given)).toEqual([]);

    const resource = 'user_id' in data ? { user_id: userId } : { id: data.id, userId, version: data.version };
    const metadata = { id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-5/), occurredAt, version: 1 };
    expect(published()).toEqual([{ name, resource, detail: { metadata, data } }]);
    expect(Object.keys(published()[0]?.detail.data ?? {})).toEqual(Object.keys(data));
    expect(catalogue.find((definition) => definition.name === name)?.data.safeParse(data).success).toBe(true);
  });

  test('counts, idempotency items and the tombstone are no changes of a todo', async () => {
    const keys = ['LIST', 'IDEM#abc'].map((itemKey) => ({ userId, itemKey, expiresAt: 1 }));

    expect(
      await handle(
        ...keys.flatMap((item) => [
          record('duet-todos', null, item),
          record('duet-todos', item, item),
          record('duet-todos', item, null, { userIdentity: ttl }),
        ]),
      ),
    ).toEqual([]);

    expect(published()).toEqual([]);
    expect(logged).toEqual([]);
    expect(archive).not.toHaveBeenCalled();
  });
});

describe('An event keeps its id however often its record is delivered', () => {
  const open = todo();
  const done = nextTodo(open, { status: 'done' }, '2026-11-21T07:00:00.000Z');
  const idsOf = async (...records: DynamoDBRecord[]): Promise<string[]> => {
    handedOver = [];
    await handle(...records);
    return published().map(({ detail }) => detail.metadata.id);
  };

  test('a todo’s also when the stream names the record anew', async () => {
    const deliver = async (): Promise<string[]> => idsOf(todoRecord(null, open), todoRecord(open, done), todoRecord(done, null));

    const first = await deliver();

    expect(new Set(first).size).toBe(3);
    expect(await deliver()).toEqual(first);
  });

  test('deleting and archiving are two changes', async () => {
    expect(await idsOf(todoRecord(done, null))).not.toEqual(await idsOf(todoRecord(done, null, { userIdentity: ttl })));
  });

  test('a write past Duet that leaves the version as it is has an id of its own', async () => {
    const ids = await idsOf(
      todoRecord(open, done),
      todoRecord(done, { ...done, title: 'edited by an operator' }),
      todoRecord(done, { ...done, title: 'and again' }),
    );
    expect(new Set(ids).size).toBe(3);
  });

  test('a record’s follows the stream’s eventID', async () => {
    const note = { user_id: userId };
    const once = await idsOf(record('duet-records', null, note, { eventID: 'a' }));
    expect(await idsOf(record('duet-records', null, note, { eventID: 'a' }))).toEqual(once);
    expect(await idsOf(record('duet-records', null, note, { eventID: 'b' }))).not.toEqual(once);
  });
});

describe('What cannot be understood is set aside, and holds nothing up', () => {
  const unreadable: [string, unknown][] = [
    ['another table', record('someone-elses', null, { userId, itemKey: 'TODO#1' })],
    ['no table', { ...todoRecord(null, todo()), eventSourceARN: undefined }],
    ['an item of an unknown kind', record('duet-todos', null, { userId, itemKey: 'SECRET#1' })],
    ['an item without its key', record('duet-todos', null, { userId })],
    ['a todo that is none', record('duet-todos', null, { ...stored(todo()), title: 42, tags: 'private words' })],
    ['sets', record('duet-todos', null, { ...stored(todo()), tags: new Set(['a']) })],
    ['binary deep inside', record('duet-records', null, { user_id: userId, a: [{ b: new Uint8Array([1]) }] })],
    ['a document that is no record', record('duet-records', null, { user_id: 'no-uuid' })],
    ['a missing image', record('duet-todos', null, null, { eventName: 'INSERT' })],
    ['an unknown change', { ...todoRecord(null, todo()), eventName: 'REPLACE' }],
    ['a removal without time', { ...todoRecord(todo(), null), dynamodb: { SequenceNumber: '1', OldImage: image(stored(todo())) } }],
    ['a type DynamoDB has not', { ...todoRecord(null, todo()), dynamodb: { SequenceNumber: '1', NewImage: { userId: { X: 'y' } } } }],
    ['no sequence number', { ...todoRecord(null, todo()), dynamodb: { NewImage: image(stored(todo())) } }],
    ['nothing at all', null],
  ];

  test.each(unreadable)('%s', async (_, given) => {
    expect(await handle(todoRecord(null, todo(1)), given as DynamoDBRecord, todoRecord(null, todo(2)))).toEqual([]);

    expect(published().map(({ detail }) => (detail.data as Todo).id)).toEqual([id(1), id(2)]);
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged)).not.toMatch(/Water|private words|Ferns|019e3a5c/);
  });

  test('an event that can never be published is logged with its id, and those behind it are published', async () => {
    outcomeOf = ({ detail }) => ((detail.data as Todo).id === id(1) ? unpublished(true) : { published: true });

    expect(await handle(todoRecord(null, todo(1)), todoRecord(null, todo(2)))).toEqual([]);

    expect(logged).toEqual([
      {
        message: 'an event can never be published',
        fields: expect.objectContaining({ event: 'todo.created', eventId: published()[0]?.detail.metadata.id, sequenceNumber: expect.any(String) }),
      },
    ]);
  });
});

describe('A failure is reported from the first record on, so that order is kept and nothing is skipped', () => {
  test('of several failures the first counts', async () => {
    outcomeOf = ({ detail }) => ([id(2), id(4)].includes((detail.data as Todo).id) ? unpublished(false) : { published: true });

    const failed = await handle(...[1, 2, 3, 4].map((number) => todoRecord(null, todo(number))));

    expect(failed).toEqual(['2']);
    expect(logged).toHaveLength(1);
  });

  test('an event of a todo is not handed over before the one before it was published', async () => {
    const open = todo();
    const done = nextTodo(open, { status: 'done' }, '2026-11-21T07:00:00.000Z');
    outcomeOf = ({ name }) => (name === 'todo.completed' ? unpublished(false) : { published: true });

    const failed = await handle(todoRecord(null, open), todoRecord(open, done), todoRecord(done, null), todoRecord(null, todo(2)));

    expect(failed).toEqual(['2']);
    expect(names()).toEqual(['todo.created', 'todo.completed']);
  });

  test('at most ten events are handed over at a time, and none after a failure', async () => {
    outcomeOf = ({ detail }) => ((detail.data as Todo).id === id(15) ? unpublished(false) : { published: true });

    const failed = await handle(...Array.from({ length: 30 }, (_, index) => todoRecord(null, todo(index + 1))));

    expect(failed).toEqual(['15']);
    expect(handedOver.map(({ length }) => length)).toEqual([10, 10]);
  });

  test('a permanent failure behind a passing one does not hide it', async () => {
    outcomeOf = ({ detail }) => unpublished((detail.data as Todo).id === id(2));

    expect(await handle(todoRecord(null, todo(1)), todoRecord(null, todo(2)))).toEqual(['1']);
  });
});

describe('An archived todo', () => {
  const archived = archivedTodo(nextTodo(todo(), { status: 'done' }, '2026-11-21T07:00:00.000Z'), '2026-11-22T07:00:00.000Z');
  const notice = { ...stored(archived), itemKey: `DELETED#${archived.id}` };

  test('that comes back is updated, not created', async () => {
    await handle(todoRecord(null, nextTodo(archived, { status: 'open' }, '2026-11-23T07:00:00.000Z')));

    expect(names()).toEqual(['todo.updated']);
  });

  test('that is deleted has its event from its notice, whose own end has none', async () => {
    await handle(record('duet-todos', null, notice), record('duet-todos', notice, null, { userIdentity: ttl }), record('duet-todos', notice, null));

    expect(names()).toEqual(['todo.deleted']);
    expect(published()[0]?.detail.data).toEqual(archived);
  });
});

describe('An expired todo', () => {
  const done = nextTodo(todo(), { status: 'done' }, '2026-11-21T07:00:00.000Z');
  const expired = (): DynamoDBRecord => todoRecord(done, null, { userIdentity: ttl });

  test('is archived before its event is published', async () => {
    archive.mockImplementation(async () => {
      expect(published()).toEqual([]);
      return 'archived';
    });

    const removedAt = new Date(1_795_242_305_000).toISOString();

    await handle(expired());

    expect(archive).toHaveBeenCalledWith(done, removedAt);
    expect(published()[0]?.detail.data).toEqual(archivedTodo(done, removedAt));
    expect(names()).toEqual(['todo.archived']);
  });

  test('that is in the archive already is published again, under the same id', async () => {
    await handle(expired());
    archive.mockResolvedValue('archived_before');
    await handle(expired());

    const [first, second] = published();
    expect(second).toEqual(first);
  });

  test('of a deleted user is deleted, not archived', async () => {
    archive.mockResolvedValue('owner_gone');

    expect(await handle(expired())).toEqual([]);

    expect(names()).toEqual(['todo.deleted']);
  });

  test('is delivered again while the store is away; what came before it is published', async () => {
    archive.mockRejectedValue(new StoreUnavailableError('dynamodb'));

    expect(await handle(todoRecord(null, todo(2)), expired(), todoRecord(null, todo(3)))).toEqual(['2']);

    expect(published().map(({ detail }) => (detail.data as Todo).id)).toEqual([id(2)]);
  });

  test('does not hide an earlier failure', async () => {
    archive.mockRejectedValue(new StoreUnavailableError('dynamodb'));
    outcomeOf = () => unpublished(false);

    expect(await handle(todoRecord(null, todo(2)), expired())).toEqual(['1']);
  });
});
