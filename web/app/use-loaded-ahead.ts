import { useEffect } from 'react';

/** Loads what will be needed without a connection too, once the page has time for it. A failure is met again where it is needed. */
export function useLoadedAhead(load: () => Promise<unknown>): void {
  useEffect(() => {
    const quiet = (): void => void load().catch(() => undefined);
    if ('requestIdleCallback' in globalThis) {
      const request = requestIdleCallback(quiet);
      return () => cancelIdleCallback(request);
    }
    const timer = setTimeout(quiet, 1_000);
    return () => clearTimeout(timer);
  }, [load]);
}
