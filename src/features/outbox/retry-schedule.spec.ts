import { describe, expect, it } from '@jest/globals';
import { mostPublishAttempts, pauseMs } from './retry-schedule.js';

const least = 1;

describe('the retry schedule', () => {
  it('doubles up to its limit, less up to a quarter by chance', () => {
    expect([1, 2, 3, 9, 10, 400].map((attempts) => pauseMs('publish', attempts, 0))).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
    expect([1, 10].map((attempts) => pauseMs('publish', attempts, least))).toEqual([750, 225_000]);
    expect(pauseMs('erase', 2_000, 0)).toBe(60_000);
  });

  it('outlasts a day of the bus being away before it gives an event up', () => {
    const shortest = Array.from({ length: mostPublishAttempts - 1 }, (_, index) => pauseMs('publish', index + 1, least)).reduce(
      (total, pause) => total + pause,
    );

    expect(shortest).toBeGreaterThan(86_400_000);
  });
});
