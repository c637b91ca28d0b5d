import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known of the request in progress. */
export interface RequestContext {
  readonly requestId: string;
  /** The W3C or X-Ray trace, when the caller or Lambda gave one. */
  readonly traceId?: string;
  /** Lambda's own id of the invocation. */
  readonly awsRequestId?: string;
  /** When the stores' calls of this request must have ended, in `performance.now()` milliseconds. */
  deadline: number;
  /** The stage or mapping prefix that was stripped from the path; links in answers carry it. */
  readonly basePath: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` with `context` current in everything it calls and awaits. */
export function runInContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** The request in progress; undefined outside one, as in a worker. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

/** Runs `work` that waits for the client and for no store: the time it takes is not the stores'. */
export async function outsideStoreBudget<T>(work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    return await work();
  } finally {
    const context = storage.getStore();
    if (context !== undefined) {
      context.deadline += performance.now() - startedAt;
    }
  }
}

/** What is left of `limitMs` within the request's time for its stores, in milliseconds, at least 1; all of it outside a request. */
export function remainingStoreMs(limitMs: number): number {
  const context = storage.getStore();
  return context === undefined ? limitMs : Math.max(1, Math.min(limitMs, context.deadline - performance.now()));
}
