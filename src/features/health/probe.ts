import { withTimeout } from '../../common/async.js';

/** What a probe found, and how long that took in milliseconds. */
export type ProbeResult<T> = { readonly responseTimeMs: number } & ({ readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Error });

/** The dependency did not answer within the limit. */
export class ProbeTimeoutError extends Error {
  override readonly name = 'ProbeTimeoutError';

  constructor(limitMs: number) {
    super(`No answer within ${limitMs} ms`);
  }
}

/** Tries a dependency and waits for it no longer than `limitMs`. Never throws: a failure is a finding. */
export async function probe<T>(limitMs: number, attempt: () => Promise<T>): Promise<ProbeResult<T>> {
  const startedAt = performance.now();
  const responseTimeMs = (): number => Math.round(performance.now() - startedAt);
  try {
    const value = await withTimeout(limitMs, attempt, () => {
      throw new ProbeTimeoutError(limitMs);
    });
    return { ok: true, value, responseTimeMs: responseTimeMs() };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error : new Error(String(error)), responseTimeMs: responseTimeMs() };
  }
}
