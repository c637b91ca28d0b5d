import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known of the request in progress. */
export interface RequestContext {
  readonly requestId: string;
  /** The W3C or X-Ray trace, when the caller or Lambda gave one. */
  readonly traceId?: string;
  /** Lambda's own id of the invocation. */
  readonly awsRequestId?: string;
  /** When the stores' calls of this request must have ended, in `performance.now()` milliseconds. */
  readonly deadline: number;
  /** The stage or mapping prefix that was stripped from the path; links in answers carry it. */
  readonly basePath: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** How long the stores may take for one request, in milliseconds: a 503 is promised within 3 s, and a busy or cold process takes its share of them. */
export const storeBudgetMs = 2_300;

/** Runs `work` with `context` current in everything it calls and awaits. */
export function runInContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** The request in progress; undefined outside one, as in a worker. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

/** What is left of the request's store budget, in milliseconds; the whole budget outside a request. */
export function remainingStoreMs(): number {
  const context = storage.getStore();
  return context === undefined ? storeBudgetMs : Math.max(1, context.deadline - performance.now());
}
