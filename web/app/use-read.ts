import { useCallback, useEffect, useState } from 'react';
import { explain } from './explain.js';

/** Something that the service is asked for: the last answer stays while another is awaited. */
export interface Read<T> {
  readonly value: T | undefined;
  readonly failure: string | undefined;
  readonly busy: boolean;
  reload(): void;
  /** Puts in what is known without asking. */
  set(value: T): void;
}

/** Asks when the component appears and whenever `read` changes; what is no longer waited for is cancelled. */
export function useRead<T>(read: (signal: AbortSignal) => Promise<T>): Read<T> {
  const [value, set] = useState<T>();
  const [failure, setFailure] = useState<string>();
  const [busy, setBusy] = useState(true);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    setBusy(true);
    read(controller.signal)
      .then((answer) => {
        set(answer);
        setFailure(undefined);
        setBusy(false);
      })
      .catch((error: unknown) => {
        if (!controller.signal.aborted) {
          setFailure(explain(error).message);
          setBusy(false);
        }
      });
    return () => controller.abort();
  }, [read, turn]);
  return { value, failure, busy, set, reload: useCallback(() => setTurn((last) => last + 1), []) };
}
