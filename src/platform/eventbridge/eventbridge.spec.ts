import { describe, expect, test } from '@jest/globals';
import { type BusEntry, entrySize, outcomesOf, sizeLimit, toBatches } from './eventbridge.js';

/** An entry of so many bytes, as they are counted. */
const entryOf = (size: number): BusEntry => {
  const entry = { source: 'duet', detailType: 'x', detail: '', time: new Date(0) };
  return { ...entry, detail: 'a'.repeat(size - entrySize(entry)) };
};

describe('The size of an entry', () => {
  test('is the time, each text in UTF-8 as it is sent, and the envelope that EventBridge adds', () => {
    const sizeOf = (detail: string): number => entrySize({ source: 'duet', detailType: 'todo.created', detail, time: new Date(0) });

    expect(sizeOf('{}')).toBe(14 + 4 + 12 + 2 + 1024);
    expect(sizeOf('{"a":"é€😀"}') - sizeOf('{"a":""}')).toBe(2 + 3 + 4);
    expect(sizeOf(JSON.stringify({ a: '\u0001' })) - sizeOf('{"a":""}')).toBe(6);
  });
});

describe('Batches', () => {
  test('hold at most 10 entries, in order', () => {
    const entries = Array.from({ length: 23 }, () => entryOf(2_000));

    const batches = toBatches(entries);

    expect(batches.map((batch) => batch.length)).toEqual([10, 10, 3]);
    expect(batches.flat()).toEqual(entries);
  });

  test('hold fewer than 1 MB together, to the byte', () => {
    expect(toBatches([entryOf(sizeLimit / 2), entryOf(sizeLimit / 2 - 1), entryOf(2_000)]).map((batch) => batch.length)).toEqual([2, 1]);
    expect(toBatches([entryOf(sizeLimit / 2), entryOf(sizeLimit / 2)]).map((batch) => batch.length)).toEqual([1, 1]);
  });
});

describe('An answer', () => {
  test('is read entry by entry', () => {
    const answer = { FailedEntryCount: 1, Entries: [{ EventId: 'a' }, { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }] };

    expect(outcomesOf(answer, 2)).toEqual([
      { accepted: true },
      { accepted: false, permanent: false, reason: 'EventBridge refused the entry: ThrottlingException slow down' },
    ]);
  });

  test('that calls the entry itself wrong is final', () => {
    const answer = { FailedEntryCount: 1, Entries: [{ ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' }] };

    expect(outcomesOf(answer, 1)).toEqual([
      { accepted: false, permanent: true, reason: 'EventBridge refused the entry: MalformedDetail Detail is malformed.' },
    ]);
  });

  test.each<[string, unknown]>([
    ['is nothing', undefined],
    ['has no entries', { FailedEntryCount: 0 }],
    ['has entries that are no list', { FailedEntryCount: 0, Entries: 'two' }],
    ['is too short', { FailedEntryCount: 0, Entries: [{ EventId: 'a' }] }],
    ['is too long', { FailedEntryCount: 0, Entries: [{ EventId: 'a' }, { EventId: 'b' }, { EventId: 'c' }] }],
    ['counts failures it does not show', { FailedEntryCount: 1, Entries: [{ EventId: 'a' }, { EventId: 'b' }] }],
    ['gives no event ids', { FailedEntryCount: 0, Entries: [{}, null] }],
  ])('that %s counts as a passing failure of every entry', (_, answer) => {
    expect(outcomesOf(answer, 2)).toEqual([
      expect.objectContaining({ accepted: false, permanent: false }),
      expect.objectContaining({ accepted: false, permanent: false }),
    ]);
  });
});
