import type { MirroredTodo } from '../../client/mirror/index.js';
import { calendarAt, type Day, dayOfInstant, plusDays } from '../time/days.js';

/** A bar of a chart. */
export interface Figure {
  readonly name: string;
  readonly value: number;
}

/** What the dashboard counts, from the copy alone. */
export interface Counts {
  readonly open: number;
  readonly inProgress: number;
  readonly done: number;
  readonly overdue: readonly MirroredTodo[];
  readonly today: readonly MirroredTodo[];
  readonly next: readonly MirroredTodo[];
}

/** How many of the next are shown. */
const nextShown = 5;

type Due = MirroredTodo & { readonly due: string };
const byDue = (one: Due, other: Due): number => (one.due < other.due ? -1 : one.due > other.due ? 1 : 0);

export function countTodos(todos: readonly MirroredTodo[], now: Date, timeZone: string): Counts {
  const { today, isPast, isBefore } = calendarAt(now, timeZone);
  const tomorrow = plusDays(today, 1);
  const isToday = ({ due }: Due): boolean => !isBefore(due, today) && isBefore(due, tomorrow);
  const withStatus = (status: MirroredTodo['status']): number => todos.filter((todo) => todo.status === status).length;
  const due = todos.filter((todo): todo is Due => todo.status !== 'done' && todo.due !== null).sort(byDue);
  return {
    open: withStatus('open'),
    inProgress: withStatus('in_progress'),
    done: withStatus('done'),
    overdue: due.filter((todo) => isPast(todo.due)),
    today: due.filter(isToday),
    next: due.filter((todo) => !isPast(todo.due) && !isToday(todo)).slice(0, nextShown),
  };
}

/** How many were done on each of the last days, today last. */
export function doneByDay(todos: readonly MirroredTodo[], days: number, now: Date, timeZone: string): { readonly day: Day; readonly value: number }[] {
  const today = dayOfInstant(now, timeZone);
  const counts = new Map(Array.from({ length: days }, (_, at) => [plusDays(today, at - days + 1), 0]));
  for (const { completedAt } of todos) {
    const day = completedAt === null ? '' : dayOfInstant(new Date(completedAt), timeZone);
    const count = counts.get(day);
    if (count !== undefined) {
      counts.set(day, count + 1);
    }
  }
  return [...counts].map(([day, value]) => ({ day, value }));
}

export function activeByPriority(todos: readonly MirroredTodo[]): Figure[] {
  const active = todos.filter(({ status }) => status !== 'done');
  return (['high', 'normal', 'low'] as const).map((priority) => ({
    name: `${priority.charAt(0).toUpperCase()}${priority.slice(1)}`,
    value: active.filter((todo) => todo.priority === priority).length,
  }));
}

/** The tags with the most active todos, most first. */
export function activeByTag(todos: readonly MirroredTodo[], most: number): Figure[] {
  const counts = new Map<string, number>();
  for (const tag of todos.filter(({ status }) => status !== 'done').flatMap(({ tags }) => tags)) {
    counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  const figures = [...counts].map(([name, value]) => ({ name, value }));
  return figures.sort((one, other) => other.value - one.value || one.name.localeCompare(other.name)).slice(0, most);
}
