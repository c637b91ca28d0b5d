import { Injectable } from '@nestjs/common';
import { DuetError } from '../../common/errors/errors.js';
import type { Replay } from '../../common/resources/idempotency-key.js';
import { ChangeFeed, type ListChange } from '../todos/lists/change-feed.js';
import type { OperationResult, TodoOperation } from '../todos/todo-batch.js';
import { TodosService } from '../todos/todos.service.js';
import { decodeSyncToken, encodeSyncToken } from './sync-token.js';
import type { ChangesQuery } from './sync.schemas.js';

/** Markers of what has gone are kept for 30 days; an hour less allows for clocks that differ. */
const tokenMs = (30 * 24 - 1) * 3_600_000;

/** A page of the change feed; `next` is where to read on, now or later. */
export interface Changes {
  readonly changes: readonly ListChange[];
  readonly next: string;
  readonly more: boolean;
}

/** What a client needs to hold a copy of a user's todos: what has changed, and many writes at once. */
@Injectable()
export class SyncService {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly todos: TodosService,
  ) {}

  /**
   * What has changed since a token, or the whole list without one. A page without `more` makes the client's copy equal to the list.
   *
   * @throws DuetError `cursor.invalid`, `sync.expired`, `user.not_found`
   */
  async changes(userId: string, { since, limit }: ChangesQuery): Promise<Changes> {
    const now = Date.now();
    const token = since === undefined ? undefined : decodeSyncToken(since, userId);
    const head = await this.feed.head(userId);
    if (head === null) {
      throw new DuetError('user.not_found');
    }
    // A token that is ahead of the list was made before the table was restored to an earlier state.
    if (token !== undefined && (now - token.completeAt > tokenMs || token.after > head)) {
      throw new DuetError('sync.expired');
    }
    const from = token ?? { after: 0, goneAfter: head, completeAt: now };
    if (from.after === head) {
      return { changes: [], next: encodeSyncToken({ after: head, goneAfter: 0, completeAt: now }, userId), more: false };
    }
    const { changes, readTo, more } = await this.feed.read(userId, from, head, limit);
    // Only with its last page does a client hold the list: until then it needs every marker since it began.
    const next = more ? { ...from, after: readTo } : { after: readTo, goneAfter: 0, completeAt: now };
    return { changes, next: encodeSyncToken(next, userId), more };
  }

  /** Many writes in one transaction; see {@link TodosService.batch}. */
  async batch(userId: string, operations: readonly TodoOperation[], key?: string): Promise<Replay<{ results: OperationResult[] }>> {
    const { result, replayed } = await this.todos.batch(userId, operations, key);
    return { result: { results: result }, replayed };
  }
}
