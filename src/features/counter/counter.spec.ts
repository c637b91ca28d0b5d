import { describe, expect, test } from '@jest/globals';
import { totalOf } from './counter.js';

describe('The total of a counter', () => {
  test('is nothing, and has no time, before the first visit', () => {
    expect(totalOf([])).toEqual({ counterId: 'main_counter', visitCount: 0, lastUpdated: null });
  });

  test('adds up the shards and gives the latest of their times', () => {
    const total = totalOf([
      { visitCount: 3, lastUpdated: '2026-11-02T10:00:00.000Z' },
      { visitCount: 4, lastUpdated: '2026-11-03T09:00:00.000Z' },
      { visitCount: 1, lastUpdated: '2026-11-01T23:59:59.999Z' },
    ]);

    expect(total).toEqual({ counterId: 'main_counter', visitCount: 8, lastUpdated: '2026-11-03T09:00:00.000Z' });
  });

  test('takes a main item that only carries the number of shards for no visits', () => {
    expect(totalOf([{}, { visitCount: 2, lastUpdated: '2026-11-02T10:00:00.000Z' }])).toMatchObject({ visitCount: 2, lastUpdated: '2026-11-02T10:00:00.000Z' });
  });
});
