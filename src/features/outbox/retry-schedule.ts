const firstPauseMs = 1_000;
const longestPauseMs = { publish: 5 * 60_000, erase: 60_000 };

/** What may fail, and is tried again. */
export type Attempt = keyof typeof longestPauseMs;

/**
 * After how many failed tries an event is given up, for an operator to look at. With the pauses of {@link pauseMs} that is after more
 * than a day, so that an outage of the bus of hours costs no event. An erasure is never given up.
 */
export const mostPublishAttempts = 400;

/**
 * How long to wait after the n-th failed try, in milliseconds: doubling up to a limit, less up to a quarter of it by chance
 * (`random` from 0 to 1), so that rows that failed together do not all come back together.
 */
export function pauseMs(attempt: Attempt, attempts: number, random = Math.random()): number {
  // 2 ** 20 seconds are past either limit; a larger exponent would only overflow.
  const pause = Math.min(longestPauseMs[attempt], firstPauseMs * 2 ** Math.min(attempts - 1, 20));
  return Math.round(pause * (1 - random / 4));
}
