import type { Model } from '../linearizability.js';

/** The visit counter: each visit gets the number it is. `at` is where it stood when the history began. */
export type CounterInput = 'visit' | 'read';
export const counter = (at: number): Model<number, CounterInput, number> => ({
  initial: at,
  step: (count, input, output) => {
    const after = input === 'visit' ? count + 1 : count;
    return output === undefined || output === after ? after : undefined;
  },
  isPast: (count, input, output) => output !== undefined && (input === 'visit' ? output <= count : output < count),
  key: String,
});
