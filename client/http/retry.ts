/** How failed attempts are repeated. */
export interface RetryPolicy {
  /** How many attempts may follow the first. */
  readonly retries: number;
  /** The longest first wait, in milliseconds; it doubles with each attempt. */
  readonly retryDelayMs: number;
  /** The longest wait at all, in milliseconds: a service that asks for more gets no further attempt, and the caller the error. */
  readonly longestWaitMs: number;
}

/** What is known of a failed attempt: `none`, it was not carried out; `unknown`, it may have been. */
export type Effect = 'none' | 'unknown';

/**
 * Whether a request may be sent again although it may have been carried out. A PATCH only under `If-Match`: without it, it would overwrite
 * what others wrote in between. A POST only with a key, under which the service replays the first result.
 */
export function isRepeatable(method: string, headers: Headers): boolean {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'PUT':
    case 'DELETE':
      return true;
    case 'PATCH':
      return headers.has('If-Match');
    case 'POST':
      return headers.has('Idempotency-Key');
    default:
      return false;
  }
}

/**
 * How long to wait before the next attempt. Random over the whole of an exponentially growing span ("full jitter"), so that clients
 * which failed together do not come back together; what the service asks for is waited in any case.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function waitBefore(attempt: number, { retryDelayMs, longestWaitMs }: RetryPolicy, askedMs = 0): number {
  const span = Math.min(longestWaitMs, retryDelayMs * 2 ** (attempt - 1));
  return askedMs + Math.random() * span;
}

/**
 * `Retry-After` (RFC 9110, section 10.2.3) in milliseconds. A date is measured against the answer's own `Date`: the clock here may be far off.
 */
export function retryAfterMs(headers: Headers): number | undefined {
  const asked = headers.get('Retry-After') ?? '';
  if (/^\d+$/.test(asked)) {
    return Number(asked) * 1000;
  }
  const span = Date.parse(asked) - Date.parse(headers.get('Date') ?? '');
  return Number.isNaN(span) ? undefined : Math.max(0, span);
}

/** Waits; rejects with the signal's reason once that is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await unlessAborted(signal, async (aborted) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await Promise.race([aborted, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))]);
    } finally {
      clearTimeout(timer);
    }
  });
}

/** Runs `work` with a promise that rejects once the signal is aborted, and leaves nothing behind on the signal. */
export async function unlessAborted<T>(signal: AbortSignal, work: (aborted: Promise<never>) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
  });
  aborted.catch(() => undefined);
  try {
    return await work(aborted);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
