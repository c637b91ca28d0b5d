import type { Policy, Usage } from './policy.js';

/** How much of a policy's quota one subject has used. */
export interface Counter {
  readonly policy: Policy;
  /** Distinguishes the counters of one policy that are kept together, such as those of the addresses that try one account. */
  readonly member?: string;
}

/** `take` uses one place and is refused when none is left; `giveBack` returns one; `clear` returns all. */
export interface Change {
  readonly act: 'take' | 'giveBack' | 'clear';
  readonly counter: Counter;
}

/** An open window. */
export interface Window {
  readonly used: number;
  /** When it closes, in seconds since 1970. */
  readonly endsAt: number;
}

/** The windows of one item by counter name; one that has closed may still be among them. */
export type Windows = ReadonlyMap<string, Window>;

/** What became of changes: all were made, or none because a quota is spent. */
export interface Outcome {
  readonly windows: Windows;
  readonly refused: boolean;
}

/** The name of a counter within its item. */
export function counterName({ policy, member }: Counter): string {
  return member === undefined ? policy.name : `${policy.name}:${member}`;
}

/** The present time as windows count it, in whole seconds. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** A counter's window while it is open. */
export function openWindow(windows: Windows, counter: Counter, now = nowSeconds()): Window | undefined {
  const window = windows.get(counterName(counter));
  return window !== undefined && window.endsAt > now ? window : undefined;
}

/** Whether one of the changes takes a place that is not there. */
export function isRefused(windows: Windows, changes: readonly Change[], now = nowSeconds()): boolean {
  return changes.some(({ act, counter }) => act === 'take' && (openWindow(windows, counter, now)?.used ?? 0) >= counter.policy.quota);
}

/** What a counter's windows say of its quota. */
export function usageOf(windows: Windows, counter: Counter, now = nowSeconds()): Usage {
  const { policy } = counter;
  const window = openWindow(windows, counter, now);
  return window === undefined
    ? { policy, used: 0, resetSeconds: policy.windowSeconds }
    : { policy, used: Math.max(0, window.used), resetSeconds: Math.min(policy.windowSeconds, window.endsAt - now) };
}
