import { useCallback, useState } from 'react';
import type { Explanation } from '../design/entry-form.js';
import { explain } from './explain.js';

/** Something that takes time and can fail: whether it is under way, and what went wrong the last time. */
export interface Action<A extends unknown[]> {
  readonly busy: boolean;
  readonly failure: Explanation | undefined;
  run(...args: A): Promise<void>;
}

export function useAction<A extends unknown[]>(work: (...args: A) => Promise<unknown>): Action<A> {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Explanation>();
  const run = useCallback(
    async (...args: A) => {
      setBusy(true);
      setFailure(undefined);
      try {
        await work(...args);
      } catch (error) {
        setFailure(explain(error));
      } finally {
        setBusy(false);
      }
    },
    [work],
  );
  return { busy, failure, run };
}
