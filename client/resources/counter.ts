import { type Api, keyed, resultOf } from '../http/calls.js';
import type { CallOptions, CreateOptions, VisitCounter } from '../types.js';

/** The public visit counter; no sign-in is needed. */
export class Counter {
  constructor(private readonly api: Api) {}

  /** Reads, and counts nothing. */
  async read({ signal }: CallOptions = {}): Promise<VisitCounter> {
    return resultOf(this.api.GET('/counter', { signal }));
  }

  /** Counts one visit, exactly once: the request carries a key. */
  async count(options: CreateOptions = {}): Promise<VisitCounter> {
    return resultOf(this.api.POST('/counter', { headers: keyed(options), signal: options.signal }));
  }
}
