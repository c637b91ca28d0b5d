import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { decodeCursor, encodeCursor } from '../../common/cursor.js';
import { DuetError } from '../../common/errors.js';
import type { VersionCondition } from '../../common/etag.js';
import { fingerprintOf } from '../../common/idempotency-key.js';
import { newId } from '../../common/ids.js';
import { type DueSpan, dueKeyRanges, dueWithin, overdueSpan, todaySpan, upcomingSpan } from './due.js';
import { TodosRepository, type TodoSelection } from './todos.repository.js';
import type { TodoPatch, TodoQuery } from './todos.schemas.js';
import { newTodo, nextTodo, type Todo, type TodoContent, type TodoCounts } from './todos.js';

/** Todos that are overdue or due today are counted up to here, so that a count costs the same however many there are. */
const countLimit = 100;
const shownTodos = 5;
/** For how long a tombstone stands: long after the last access token, which lives for 15 minutes. */
const tombstoneMs = 86_400_000;

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

/** The rules of todos. The owner is always the caller: it comes from the token, so that no request can name someone else's todo. */
@Injectable()
export class TodosService {
  constructor(private readonly todos: TodosRepository) {}

  /**
   * Creates a todo; with an idempotency key once, and then the first result again.
   *
   * @throws DuetError `user.not_found`, `idempotency.key_reused`
   */
  async create(caller: Caller, content: TodoContent, key?: string): Promise<{ todo: Todo; replayed: boolean }> {
    const todo = newTodo({ ...newId(), userId: caller.userId }, content);
    return this.todos.create(todo, key === undefined ? undefined : { key, fingerprint: fingerprintOf('POST /users/{id}/todos', content) });
  }

  /** @throws DuetError `todo.not_found` */
  async get(caller: Caller, id: string): Promise<Todo> {
    return found(await this.todos.find(caller.userId, id));
  }

  /**
   * Replaces the content whole.
   *
   * @throws DuetError `todo.not_found`, `version.stale`
   */
  async replace(caller: Caller, id: string, content: TodoContent, condition?: VersionCondition): Promise<Todo> {
    return this.change(caller, id, content, condition);
  }

  /**
   * Applies a merge patch: what it leaves out stays; null empties tags and checklist.
   *
   * @throws DuetError `todo.not_found`, `version.stale`
   */
  async patch(caller: Caller, id: string, { tags, checklist, ...rest }: TodoPatch, condition?: VersionCondition): Promise<Todo> {
    if (tags === undefined && checklist === undefined && Object.values(rest).every((value) => value === undefined)) {
      // An empty patch asks for nothing: no new version, no event.
      const todo = await this.get(caller, id);
      condition?.assertHolds(todo.version);
      return todo;
    }
    const content = { ...rest, ...(tags !== undefined && { tags: tags ?? [] }), ...(checklist !== undefined && { checklist: checklist ?? [] }) };
    return this.change(caller, id, content as Partial<TodoContent>, condition);
  }

  /** @throws DuetError `todo.not_found`, `version.stale` */
  async delete(caller: Caller, id: string, condition?: VersionCondition): Promise<void> {
    if (!(await this.todos.delete(caller.userId, id, (todo) => condition?.assertHolds(todo.version)))) {
      throw new DuetError('todo.not_found');
    }
  }

  /** @throws InvalidCursorError */
  async list(caller: Caller, query: TodoQuery): Promise<{ items: readonly Todo[]; nextCursor: string | null }> {
    const { limit, cursor, ...filters } = query;
    // The schema gives its fields in one order, so equal filters make equal bindings.
    const binding = ['todos', caller.userId, filters];
    const position = cursor === undefined ? undefined : decodeCursor(cursor, binding);
    const { items, next } = await this.todos.list(caller.userId, selectionOf(query, caller.timeZone), limit, position);
    return { items, nextCursor: next === null ? null : encodeCursor(next, binding) };
  }

  /** How many todos of the user stand where; the cost does not depend on how many there are. */
  async counts(userId: string): Promise<TodoCounts> {
    return this.todos.counts(userId);
  }

  /** The last todos created. */
  async recent(userId: string): Promise<readonly Todo[]> {
    const { items } = await this.todos.list(userId, { archived: false, sort: '-createdAt', due: {}, filtered: false, matches: () => true }, shownTodos);
    return items;
  }

  /** Overdue, due today and next due, as seen in a time zone at an instant (milliseconds). */
  async dueOverview(userId: string, timeZone: string, now: number): Promise<DueOverview> {
    const [upcoming, dueToday, overdue] = await Promise.all([
      this.todos.firstDue(userId, dueKeyRanges(upcomingSpan(now, timeZone)), shownTodos),
      this.countDue(userId, todaySpan(now, timeZone)),
      this.countDue(userId, overdueSpan(now, timeZone)),
    ]);
    return { overdue, dueToday, upcoming };
  }

  /** Sees to it that a deleted user's tokens can write nothing any more; as often as it takes. */
  async bury(userId: string): Promise<void> {
    const now = Date.now();
    await this.todos.bury(userId, new Date(now), new Date(now + tombstoneMs));
  }

  /**
   * Deletes all todos of a user who is buried, those in the archive and the stored results of keyed requests included; as often as it
   * takes. `checkpoint` is called between batches; what it throws ends the purge there.
   */
  async purge(userId: string, checkpoint: () => Promise<void>): Promise<void> {
    await this.todos.purge(userId, checkpoint);
  }

  private async countDue(userId: string, span: DueSpan): Promise<CappedCount> {
    const count = await this.todos.countDue(userId, dueKeyRanges(span), countLimit + 1);
    return { count: Math.min(count, countLimit), capped: count > countLimit };
  }

  private async change(caller: Caller, id: string, content: Partial<TodoContent>, condition?: VersionCondition): Promise<Todo> {
    const changed = await this.todos.update(caller.userId, id, (todo) => {
      condition?.assertHolds(todo.version);
      return nextTodo(todo, content, new Date().toISOString());
    });
    return found(changed);
  }
}

function found(todo: Todo | null): Todo {
  if (todo === null) {
    throw new DuetError('todo.not_found');
  }
  return todo;
}

function selectionOf(query: TodoQuery, timeZone: string): TodoSelection {
  const { status: statuses, priority, tag, q, dueAfter: after, dueBefore: before, sort = '-createdAt' } = query;
  const bounded = after !== undefined || before !== undefined;
  const needle = q?.toLowerCase();
  return {
    archived: query.archived === 'true',
    sort,
    statuses,
    priority,
    tag,
    due: { after, before },
    filtered: statuses !== undefined || priority !== undefined || tag !== undefined || needle !== undefined || bounded,
    matches: (todo) =>
      (needle === undefined || todo.title.toLowerCase().includes(needle) || (todo.description?.toLowerCase().includes(needle) ?? false)) &&
      (!bounded || (todo.due !== null && todo.status !== 'done' && dueWithin(todo.due, { after, before }, timeZone))),
  };
}
