/** How long a probe is waited for, in milliseconds. */
export const probeLimitMs = 1_000;

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
export async function probe<T>(attempt: () => Promise<T>, limitMs = probeLimitMs): Promise<ProbeResult<T>> {
  const startedAt = performance.now();
  const responseTimeMs = (): number => Math.round(performance.now() - startedAt);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ProbeTimeoutError(limitMs)), limitMs);
  });
  try {
    return { ok: true, value: await Promise.race([attempt(), late]), responseTimeMs: responseTimeMs() };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error : new Error(String(error)), responseTimeMs: responseTimeMs() };
  } finally {
    clearTimeout(timer);
  }
}
