import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { detailSchema, makeEvent } from '../../../src/features/events/catalogue.js';
import { recordDeleted } from '../../../src/features/events/catalogue/record-deleted.js';
import { recordUpdated } from '../../../src/features/events/catalogue/record-updated.js';
import type { DomainEvent } from '../../../src/features/events/domain-event.js';
import { EventPublisher } from '../../../src/features/events/event-publisher.js';
import { type RunningPump, startStreamPump } from '../../../src/local/streams/stream-pump.js';
import type { ReceivedEvent } from '../../support/aws/eventbridge.js';
import { eventually } from '../../support/eventually.js';
import type { SignedUp } from '../../support/service.js';
import { bus, call, service, start, stop, user, worker } from '../../support/stream-stage.js';

// Real: the service, DynamoDB, its stream, the handler, the SDK. EventBridge is a stand-in that holds entries and requests to AWS's limits.
// Seen failing on the code before: record.updated and record.deleted over 256 KB were dropped. The number was not tried there.

let pump: RunningPump;

beforeAll(async () => {
  await start();
  pump = startStreamPump(worker, service.config);
});
afterAll(async () => {
  await pump?.stop();
  await stop();
});

/** The events of the user's record, each once: a delivery whose answer was late is made again. */
const eventsOf = async ({ id }: SignedUp, count: number): Promise<ReceivedEvent[]> =>
  eventually(
    () => {
      const found = bus.events.filter(({ detail }) => (detail.data ?? detail.metadata.resource).user_id === id);
      const distinct = found.filter(({ detail }, index) => found.findIndex((other) => other.detail.metadata.id === detail.metadata.id) === index);
      return distinct.length >= count ? distinct : undefined;
    },
    { what: `the bus has ${count} events of the record` },
  );

describe('Promise 7: each change of a record is published, however large the record has grown', () => {
  test('with its data, while the event is smaller than 1 MB', async () => {
    await call('POST', '/dynamo', { user_id: user.id, a: 'ä'.repeat(47_000) });
    for (const name of ['b', 'c', 'd']) {
      await call('PATCH', '/dynamo', { user_id: user.id, updatedKey: name, updatedValue: '"'.repeat(47_000) });
    }
    const record = await call('GET', `/dynamo?user_id=${user.id}`);
    await call('DELETE', `/dynamo?user_id=${user.id}`);

    const events = await eventsOf(user, 5);

    expect(events.map(({ detailType }) => detailType)).toEqual(['record.created', ...Array<string>(3).fill('record.updated'), 'record.deleted']);
    expect(events.at(-1)?.detail.data).toEqual(record);
  });

  test('without its data, and saying so, when EventBridge does not take an event of this size', async () => {
    await call('POST', '/dynamo', { user_id: user.id });
    // Each of these characters is stored as one byte, and is six in JSON.
    const updates = 11;
    for (let index = 0; index < updates; index += 1) {
      await call('PATCH', '/dynamo', { user_id: user.id, updatedKey: `k${index}`, updatedValue: '\u0001'.repeat(16_500) });
    }
    await call('DELETE', `/dynamo?user_id=${user.id}`);

    const events = await eventsOf(user, updates + 2);

    expect(events.slice(0, -2).map(({ detail }) => 'data' in detail)).toEqual(Array(updates).fill(true));
    const omitted = { dataOmitted: true, resource: { user_id: user.id }, version: 1, id: expect.any(String), occurredAt: expect.any(String) };
    expect(events.slice(-2).map(({ detailType, detail }) => [detailType, detail])).toEqual([
      ['record.updated', { metadata: omitted }],
      ['record.deleted', { metadata: omitted }],
    ]);
    expect([recordUpdated, recordDeleted].map((definition, index) => detailSchema(definition).safeParse(events.at(index - 2)?.detail).success)).toEqual([
      true,
      true,
    ]);
  });

  test('without its data, and saying so, when it holds a number that EventBridge does not take', async () => {
    await call('POST', '/dynamo', { user_id: user.id, visits: 1e20 });

    const [event] = await eventsOf(user, 1);

    expect(event).toMatchObject({ detailType: 'record.created', detail: { metadata: { dataOmitted: true, resource: { user_id: user.id } } } });
  });
});

describe('Promise 7: a request carries as many events as EventBridge takes', () => {
  const eventOf = (bytes: number): DomainEvent => {
    const data = { user_id: randomUUID(), text: 'x'.repeat(bytes) };
    return makeEvent(recordUpdated, { id: randomUUID(), occurredAt: '2026-11-20T09:30:00.000Z', data });
  };

  test('by their bytes', async () => {
    const before = bus.calls.length;

    const outcomes = await worker.get(EventPublisher, { strict: false }).publish(Array.from({ length: 10 }, () => eventOf(250_000)));

    expect(outcomes).toEqual(Array(10).fill({ published: true }));
    expect(bus.calls.slice(before)).toEqual([4, 4, 2]);
  });

  test('and when it refuses a request as invalid, the others in it are published all the same', async () => {
    const events = Array.from({ length: 3 }, () => eventOf(10));
    bus.failNext({ kind: 'refuse', status: 400, code: 'ValidationException' });

    const outcomes = await worker.get(EventPublisher, { strict: false }).publish(events);

    expect(outcomes).toEqual(Array(3).fill({ published: true }));
  });
});
