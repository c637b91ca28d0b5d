/** One page of a list. */
export interface Page<T> {
  readonly items: T[];
  /** Where the next page begins; null when nothing follows. */
  readonly nextCursor: string | null;
}

/**
 * A list, read page by page as it is iterated: what is not asked for is not fetched. Each iteration begins anew.
 *
 * @example
 * ```ts
 * for await (const { title } of duet.todos.list({ status: ['open'] })) {
 *   console.log(title); // Water the plants
 * }
 * ```
 */
export class PagedList<T> implements AsyncIterable<T> {
  constructor(private readonly fetchPage: (cursor: string | undefined) => Promise<Page<T>>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const { items } of this.pages()) {
      yield* items;
    }
  }

  /** The pages themselves, from the beginning or from a `nextCursor`. A filtered page may be short, or empty, and others follow. */
  async *pages(cursor?: string): AsyncGenerator<Page<T>, void, undefined> {
    let next = cursor;
    do {
      const page = await this.fetchPage(next);
      yield page;
      next = page.nextCursor ?? undefined;
    } while (next !== undefined);
  }

  /** The first `limit` items. */
  async take(limit: number): Promise<T[]> {
    const taken: T[] = [];
    if (limit > 0) {
      for await (const item of this) {
        taken.push(item);
        if (taken.length >= limit) {
          break;
        }
      }
    }
    return taken;
  }
}
