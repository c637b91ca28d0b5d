import { describe, expect, test } from '@jest/globals';
import { type WaitingWrite, writableTogether } from './write-line.js';

const write = (ids: string[], key?: string): WaitingWrite => ({
  targets: { userId: 'u', ids, keyed: key === undefined ? undefined : { key, fingerprint: 'f' } },
  decide: () => ({ changes: [], result: null }),
});
const made = (waiting: WaitingWrite): WaitingWrite => ({ ...waiting, outcome: () => ({ result: null, replayed: false }) });

describe('Of the writes that wait, those go together', () => {
  test('that touch different todos or none, and have different idempotency keys or none', () => {
    const line = [write(['a']), write([]), write(['b', 'c'], 'k'), write([], 'l'), write([])];

    expect(writableTogether(line)).toEqual(line);
  });

  test('but no second write of a todo or of a key, and none that would overtake it', () => {
    const [first, second, third, fourth, fifth, free] = [write(['a'], 'k'), write(['a', 'b']), write(['b', 'c']), write(['c']), write([], 'k'), write(['k'])];

    expect(writableTogether([first, second, third, fourth, fifth, free])).toEqual([first, free]);
  });

  test('but none that was made already, and it stands in no other’s way', () => {
    const waiting = write(['a']);

    expect(writableTogether([made(write(['a'])), waiting])).toEqual([waiting]);
  });

  test('up to ten of them', () => {
    expect(writableTogether(Array.from({ length: 30 }, () => write([])))).toHaveLength(10);
  });
});
