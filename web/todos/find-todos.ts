import type { MirroredTodo } from '../../client/mirror/index.js';
import { calendarAt, type Day, isDay, plusDays } from '../time/days.js';

/** What of the todos is shown, and in which order. */
export interface View {
  readonly show: 'active' | 'open' | 'in_progress' | 'done' | 'all';
  readonly priority: 'any' | 'low' | 'normal' | 'high';
  /** Empty: any. */
  readonly tag: string;
  readonly text: string;
  readonly sort: 'due' | 'newest' | 'oldest' | 'priority';
  readonly grouped: boolean;
}

/** A line of the list. */
export type Line = { readonly heading: string; readonly count: number; readonly late?: boolean } | { readonly todo: MirroredTodo };

export const firstView: View = { show: 'active', priority: 'any', tag: '', text: '', sort: 'due', grouped: true };

const folded = new WeakMap<MirroredTodo, string>();

/** Upper case is close to the case folding of the service's search: `strasse` finds `Straße`, `ΟΔΟΣ` finds `οδος`. */
function fold(text: string): string {
  return text.normalize('NFC').toUpperCase();
}

function textOf(todo: MirroredTodo): string {
  const known = folded.get(todo) ?? fold(`${todo.title}\n${todo.description ?? ''}`);
  folded.set(todo, known);
  return known;
}

const ranks = { high: 0, normal: 1, low: 2 };
/** A day comes after the instants in it, and no due after all. */
function dueKey({ due }: MirroredTodo): string {
  return due === null ? '~' : isDay(due) ? `${due}T~` : due;
}

/** A todo with what its place depends on by all orders but those of time. */
interface Placed {
  readonly todo: MirroredTodo;
  readonly due: string;
  readonly rank: number;
}

const orders: Readonly<Record<View['sort'], (one: Placed, other: Placed) => number>> = {
  newest: (one, other) => compare(other.todo.createdAt, one.todo.createdAt),
  oldest: (one, other) => compare(one.todo.createdAt, other.todo.createdAt),
  due: (one, other) => compare(one.due, other.due) || one.rank - other.rank || compare(other.todo.createdAt, one.todo.createdAt),
  priority: (one, other) => one.rank - other.rank || compare(one.due, other.due),
};

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

export function sortTodos(todos: readonly MirroredTodo[], sort: View['sort']): MirroredTodo[] {
  const placed = todos.map((todo): Placed => ({ todo, due: dueKey(todo), rank: ranks[todo.priority] }));
  return placed.sort(orders[sort]).map(({ todo }) => todo);
}

/** The todos of the view, in the order they have. */
export function filterTodos(todos: readonly MirroredTodo[], { show, priority, tag, text }: View): MirroredTodo[] {
  const wanted = fold(text.trim());
  return todos.filter(
    (todo) =>
      (show === 'all' || (show === 'active' ? todo.status !== 'done' : todo.status === show)) &&
      (priority === 'any' || todo.priority === priority) &&
      (tag === '' || todo.tags.includes(tag)) &&
      (wanted === '' || textOf(todo).includes(wanted)),
  );
}

/** The lines of a list, under headings by due where the view is grouped. */
export function linesOf(todos: readonly MirroredTodo[], { grouped }: View, now: Date, timeZone: string): Line[] {
  if (!grouped) {
    return todos.map((todo) => ({ todo }));
  }
  const { today, isPast, isBefore } = calendarAt(now, timeZone);
  const [tomorrow, dayAfter, inEightDays] = [1, 2, 8].map((days) => plusDays(today, days)) as [Day, Day, Day];
  const groups = new Map<string, MirroredTodo[]>(['Overdue', 'Today', 'Tomorrow', 'Next 7 days', 'Later', 'No date', 'Done'].map((name) => [name, []]));
  for (const todo of todos) {
    groups.get(groupOf(todo))?.push(todo);
  }
  return [...groups].flatMap(([heading, members]): Line[] =>
    members.length === 0 ? [] : [{ heading, count: members.length, late: heading === 'Overdue' }, ...members.map((todo) => ({ todo }))],
  );

  function groupOf({ status, due }: MirroredTodo): string {
    if (status === 'done') {
      return 'Done';
    }
    if (due === null) {
      return 'No date';
    }
    if (isPast(due)) {
      return 'Overdue';
    }
    return isBefore(due, tomorrow) ? 'Today' : isBefore(due, dayAfter) ? 'Tomorrow' : isBefore(due, inEightDays) ? 'Next 7 days' : 'Later';
  }
}

/** Every tag in use, in the alphabet's order. */
export function tagsOf(todos: readonly MirroredTodo[]): string[] {
  return [...new Set(todos.flatMap(({ tags }) => tags))].sort((one, other) => one.localeCompare(other));
}
