import type { Page } from '../../../common/resources/paging.js';
import type { DueBounds, DueKeyRange } from './due.js';
import type { Todo, TodoCounts } from '../todos.js';

/** Which todos, in which order. `archived` lists the archive instead. */
export interface TodoSelection {
  readonly archived: boolean;
  readonly sort: '-createdAt' | 'createdAt' | 'due';
  readonly due: DueBounds;
  /** Which todos pass; undefined when all do. */
  readonly matches?: ((todo: Todo) => boolean) | undefined;
}

/** How a user's todos are listed and counted. */
export abstract class TodoListsRepository {
  /** At most `limit` todos from `position` on, or from the start; see `PageBuilder` for where a page ends. */
  abstract list(userId: string, selection: TodoSelection, limit: number, position?: string): Promise<Page<Todo>>;

  /** Null once the user has been deleted. */
  abstract counts(userId: string): Promise<TodoCounts | null>;

  /** How many active todos have a due key in the ranges; counting ends at `limit`. */
  abstract countDue(userId: string, ranges: readonly DueKeyRange[], limit: number): Promise<number>;

  /** The first `limit` active todos by due key in the ranges. */
  abstract firstDue(userId: string, ranges: readonly DueKeyRange[], limit: number): Promise<Todo[]>;
}
