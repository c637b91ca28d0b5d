import { setTimeout as sleep } from 'node:timers/promises';

interface EventuallyOptions {
  /** Generous by default: how long a busy machine takes is no verdict on the code. */
  readonly timeoutMs?: number;
  /** What is waited for, for the failure's message. */
  readonly what: string;
}

/** Waits until a condition holds, and gives the value by which it does. Fails after `timeoutMs`; an error of the condition's own fails at once. */
export async function eventually<T>(condition: () => T | Promise<T>, { timeoutMs = 15_000, what }: EventuallyOptions): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (performance.now() >= end) {
      throw new Error(`Not within ${timeoutMs / 1000} s: ${what}`);
    }
    await sleep(25);
  }
}
