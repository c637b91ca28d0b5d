import { describe, expect, it } from '@jest/globals';
import { batchesOf, type BusEntry, entrySize, mostBytes, outcomesOf } from './eventbridge.js';

const entryOf = (bytes: number): BusEntry => ({ source: 'duet', detailType: 'x', detail: 'a'.repeat(bytes - 14 - 5), time: new Date(0) });

describe('the size of an entry', () => {
  it('counts 14 bytes for the time and each text in UTF-8', () => {
    expect(entrySize({ source: 'duet', detailType: 'todo.created', detail: '{"a":"é€😀"}', time: new Date(0) })).toBe(14 + 4 + 12 + 17);
  });
});

describe('batches', () => {
  it('hold at most 10 entries, in order', () => {
    const entries = Array.from({ length: 23 }, () => entryOf(100));

    const batches = batchesOf(entries);

    expect(batches.map((batch) => batch.length)).toEqual([10, 10, 3]);
    expect(batches.flat()).toEqual(entries);
  });

  it('hold at most 256 KB together, to the byte', () => {
    expect(batchesOf([entryOf(mostBytes / 2), entryOf(mostBytes / 2), entryOf(100)]).map((batch) => batch.length)).toEqual([2, 1]);
    expect(batchesOf([entryOf(mostBytes / 2), entryOf(mostBytes / 2 + 1)]).map((batch) => batch.length)).toEqual([1, 1]);
  });
});

describe('an answer', () => {
  it('is read entry by entry', () => {
    const answer = { FailedEntryCount: 1, Entries: [{ EventId: 'a' }, { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }] };

    expect(outcomesOf(answer, 2)).toEqual([
      { accepted: true },
      { accepted: false, permanent: false, reason: 'EventBridge refused the entry: ThrottlingException slow down' },
    ]);
  });

  it('that calls the entry itself wrong is final', () => {
    const answer = { FailedEntryCount: 1, Entries: [{ ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' }] };

    expect(outcomesOf(answer, 1)).toEqual([
      { accepted: false, permanent: true, reason: 'EventBridge refused the entry: MalformedDetail Detail is malformed.' },
    ]);
  });

  it.each<[string, unknown]>([
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
