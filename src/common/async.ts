/**
 * Waits for `work` at most `ms` milliseconds, then gives what `onTimeout` returns or throws. Work that is late goes on, and its result or error is ignored.
 */
export async function withTimeout<T, Late = T>(ms: number, work: () => Promise<T>, onTimeout: () => Late): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  }).then(onTimeout);
  try {
    return await Promise.race([work(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * How long to wait after failed attempt number `attempt` (from 0), in milliseconds: a random part of a span that doubles from `baseMs` up to `maxMs`
 * ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function backoffMs(attempt: number, { baseMs, maxMs }: { readonly baseMs: number; readonly maxMs: number }): number {
  return Math.random() * Math.min(maxMs, baseMs * 2 ** attempt);
}

/**
 * Calls `make` on first use, with that use's arguments, and shares its result with all later calls. A failure is not kept: the next call starts afresh, and an
 * older call that fails late does not discard the newer one.
 */
export function memoize<T, Args extends readonly unknown[] = []>(make: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  let current: Promise<T> | undefined;
  return async (...args) => {
    const mine = (current ??= make(...args));
    try {
      return await mine;
    } catch (error) {
      if (current === mine) {
        current = undefined;
      }
      throw error;
    }
  };
}

/** Runs work on the same key one after the other, in the order of the calls; work on different keys overlaps. It holds within this process only. */
export class KeyedMutex {
  private readonly tails = new Map<string, Promise<unknown>>();

  /** Runs `work` once the key's earlier work has settled; passes on its result or error. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.tails.get(key) ?? Promise.resolve()).then(work);
    const tail = result.catch(() => undefined);
    this.tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.tails.get(key) === tail) {
        this.tails.delete(key);
      }
    }
  }
}

/** Runs at most `permits` pieces of work at once; the others wait in the order of their calls. */
export class Semaphore {
  private readonly waiting: (() => void)[] = [];

  constructor(private permits: number) {}

  /** Runs `work` once there is a permit; passes on its result or error. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.permits > 0) {
      this.permits -= 1;
    } else {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      // A permit goes straight to the next in line, so that a newcomer cannot overtake.
      const next = this.waiting.shift();
      if (next === undefined) {
        this.permits += 1;
      } else {
        next();
      }
    }
  }
}
