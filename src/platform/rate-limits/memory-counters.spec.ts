import { describe, expect, test } from '@jest/globals';
import { type Change, type Counter, nowSeconds, type Outcome, usageOf } from './counters.js';
import { MemoryCounters } from './memory-counters.js';

describe('Counters of this process', () => {
  const counter: Counter = { policy: { name: 'account', quota: 3, windowSeconds: 900 } };
  const take: Change[] = [{ act: 'take', counter }];
  const endsAt = nowSeconds() + 600;
  const stored = (used: number, refused = false): Outcome => ({ windows: new Map([['account', { used, endsAt }]]), refused });

  test('hold the limit without the store', () => {
    const counters = new MemoryCounters();

    expect([1, 2, 3, 4, 5].map(() => counters.apply('a', take).refused)).toEqual([false, false, false, true, true]);
    expect(counters.apply('b', take).refused).toBe(false);
  });

  test('go on from what the store last held', () => {
    const counters = new MemoryCounters();
    counters.learn('a', stored(2).windows);

    expect([1, 2].map(() => counters.apply('a', take).refused)).toEqual([false, true]);
  });

  test('hold the limit with a store that answers every second time', () => {
    const counters = new MemoryCounters();

    const refusals = [
      counters.confirm('a', take, stored(1)),
      counters.apply('a', take),
      counters.confirm('a', take, stored(2)),
      counters.apply('a', take),
      counters.confirm('a', take, stored(3)),
    ].map(({ refused }) => refused);

    expect(refusals).toEqual([false, false, false, true, true]);
  });

  test('follow the store where nothing was counted without it', () => {
    const counters = new MemoryCounters();
    counters.confirm('a', take, stored(3));

    const windows = counters.learn('a', new Map());

    expect(usageOf(windows, counter).used).toBe(0);
    expect(counters.apply('a', take).refused).toBe(false);
  });

  test('are given back and cleared', () => {
    const counters = new MemoryCounters();
    for (let turn = 0; turn < 3; turn += 1) counters.apply('a', take);

    counters.apply('a', [{ act: 'giveBack', counter }]);
    expect(counters.apply('a', take).refused).toBe(false);
    counters.apply('a', [{ act: 'clear', counter }]);
    expect([1, 2, 3, 4].map(() => counters.apply('a', take).refused)).toEqual([false, false, false, true]);
  });

  test('are bounded in number, and drop those that were used longest ago', () => {
    const counters = new MemoryCounters();
    for (let turn = 0; turn < 3; turn += 1) counters.apply('first', take);
    counters.apply('second', take);
    for (let turn = 0; turn < 9_999; turn += 1) counters.apply(`other ${turn}`, take);

    expect(counters.read('first').size).toBe(0);
    expect(counters.read('second').size).toBe(1);
  });
});
