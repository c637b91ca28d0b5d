import { type Api, resultOf } from '../http/calls.js';
import type { CallOptions, ChangePage, TodoChange } from '../types.js';

/** Where a reading of the change feed begins. */
export interface ChangesOptions extends CallOptions {
  /** `next` of an earlier reading; left out, at the beginning: then every todo comes, and nothing that has gone before. */
  readonly since?: string;
  /** The size of a page, at most 100, which it is if left out. */
  readonly limit?: number;
}

/**
 * What has changed of a user's todos, in the order of the writes, page by page as it is iterated, until nothing follows at present.
 * A copy that applies the changes in order then holds what the list shows. Each iteration begins at `since`.
 *
 * @example
 * ```ts
 * const copy = new Map<string, Todo>();
 * for await (const { changes } of duet.changes().pages()) {
 *   for (const change of changes) {
 *     if (change.state === 'present') copy.set(change.id, change.todo);
 *     else copy.delete(change.id);
 *   }
 * }
 * console.log(copy.get(todo.id)?.title); // Water the plants
 * ```
 */
export class ChangeFeed implements AsyncIterable<TodoChange> {
  constructor(
    private readonly api: Api,
    private readonly userId: string,
    private readonly options: ChangesOptions = {},
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<TodoChange, void, undefined> {
    for await (const { changes } of this.pages()) {
      yield* changes;
    }
  }

  /**
   * The pages themselves, at least one. Keep the `next` of the last page that was applied whole, to go on from there later.
   *
   * @throws DuetProblemError `sync.expired` when `since` is older than the 30 days for which the service knows what has gone: begin without it.
   */
  async *pages(): AsyncGenerator<ChangePage, void, undefined> {
    const { limit, signal } = this.options;
    const path = { id: this.userId };
    let since = this.options.since;
    let more = true;
    while (more) {
      const page = await resultOf(this.api.GET('/users/{id}/changes', { params: { path, query: { since, limit } }, signal }));
      yield page;
      since = page.next;
      more = page.more;
    }
  }
}
