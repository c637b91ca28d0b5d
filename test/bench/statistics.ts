import { randomFrom } from '../support/faults/fault-proxy.js';

/** A value with the interval that holds its true one with 95 % confidence. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The value below which the share `q` (0 to 1) of the values lies; between two of them, their weighted mean. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

const resamplings = 2_000;

/**
 * The median of `values` with its 95 % interval, by the percentile bootstrap: the median of as many values drawn with replacement, again and
 * again. The draws are the same each time, so the same values give the same interval.
 */
export function estimateMedian(values: readonly number[]): Estimate {
  const random = randomFrom(values.length);
  const medians = Array.from({ length: resamplings }, () => median(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN)));
  return { value: median(values), low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/** The ratio of what was measured side by side, pair by pair: what slows the machine for a while slows both. */
export function estimateRatio(ours: readonly number[], theirs: readonly number[]): Estimate {
  return estimateMedian(ours.map((value, at) => value / (theirs[at] ?? Number.NaN)));
}
