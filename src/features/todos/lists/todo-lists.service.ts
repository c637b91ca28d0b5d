import { Injectable } from '@nestjs/common';
import { foldCase } from '../../../common/text/case-folding.js';
import { decodeCursor, encodeCursor } from '../../../common/resources/cursor.js';
import { type DueSpan, dueKeyRanges, dueWithin, overdueSpan, todaySpan, upcomingSpan } from './due.js';
import { TodoListsRepository, type TodoSelection } from './todo-lists.repository.js';
import type { TodoQuery } from '../todos.schemas.js';
import type { Todo, TodoCounts } from '../todos.js';

/** Todos that are overdue or due today are counted up to here, so that a count costs the same however many there are. */
const countLimit = 100;
const shownTodos = 5;

/** A number that is counted to a limit. */
export interface CappedCount {
  readonly count: number;
  /** Whether there are more than were counted. */
  readonly capped: boolean;
}

/** What of a user's todos depends on what day it is. */
export interface DueOverview {
  readonly overdue: CappedCount;
  readonly dueToday: CappedCount;
  readonly upcoming: readonly Todo[];
}

/** How a user's todos are listed and counted. */
@Injectable()
export class TodoListsService {
  constructor(private readonly lists: TodoListsRepository) {}

  /**
   * A page of a user's todos, dates read in the time zone; empty once the user has been deleted.
   *
   * @throws DuetError `cursor.invalid`
   */
  async list(userId: string, timeZone: string, query: TodoQuery): Promise<{ items: readonly Todo[]; nextCursor: string | null }> {
    const { limit, cursor, ...filters } = query;
    // The schema gives its fields in one order, so equal filters make equal bindings.
    const binding = ['todos', userId, filters];
    const position = cursor === undefined ? undefined : decodeCursor(cursor, binding);
    const [{ items, next }, counts] = await Promise.all([this.lists.list(userId, selectionOf(query, timeZone), limit, position), this.lists.counts(userId)]);
    return counts === null ? { items: [], nextCursor: null } : { items, nextCursor: next === null ? null : encodeCursor(next, binding) };
  }

  /** How many todos of the user stand where, at a cost that does not depend on how many there are; null once the user has been deleted. */
  async counts(userId: string): Promise<TodoCounts | null> {
    return this.lists.counts(userId);
  }

  /** The last todos created. */
  async recent(userId: string): Promise<readonly Todo[]> {
    return (await this.lists.list(userId, { archived: false, sort: '-createdAt', due: {} }, shownTodos)).items;
  }

  /** Overdue, due today and next due, as seen in a time zone at an instant (milliseconds). */
  async dueOverview(userId: string, timeZone: string, now: number): Promise<DueOverview> {
    const [upcoming, dueToday, overdue] = await Promise.all([
      this.lists.firstDue(userId, dueKeyRanges(upcomingSpan(now, timeZone)), shownTodos),
      this.countDue(userId, todaySpan(now, timeZone)),
      this.countDue(userId, overdueSpan(now, timeZone)),
    ]);
    return { overdue, dueToday, upcoming };
  }

  private async countDue(userId: string, span: DueSpan): Promise<CappedCount> {
    const count = await this.lists.countDue(userId, dueKeyRanges(span), countLimit + 1);
    return { count: Math.min(count, countLimit), capped: count > countLimit };
  }
}

function selectionOf(query: TodoQuery, timeZone: string): TodoSelection {
  const { dueAfter: after, dueBefore: before, sort = '-createdAt' } = query;
  const filters = filtersOf(query, timeZone);
  return {
    archived: query.archived === 'true',
    sort,
    due: { after, before },
    matches: filters.length === 0 ? undefined : (todo) => filters.every((passes) => passes(todo)),
  };
}

function filtersOf({ status, priority, tag, q, dueAfter: after, dueBefore: before }: TodoQuery, timeZone: string): ((todo: Todo) => boolean)[] {
  const filters: ((todo: Todo) => boolean)[] = [];
  if (status !== undefined) {
    filters.push((todo) => status.includes(todo.status));
  }
  if (priority !== undefined) {
    filters.push((todo) => todo.priority === priority);
  }
  if (tag !== undefined) {
    const wanted = tag.normalize('NFC');
    filters.push(({ tags }) => tags.some((one) => one.normalize('NFC') === wanted));
  }
  if (after !== undefined || before !== undefined) {
    filters.push(({ due, status: stands }) => due !== null && stands !== 'done' && dueWithin(due, { after, before }, timeZone));
  }
  if (q !== undefined) {
    const needle = foldCase(q);
    filters.push(({ title, description }) => foldCase(title).includes(needle) || (description !== null && foldCase(description).includes(needle)));
  }
  return filters;
}
