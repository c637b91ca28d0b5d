import type { TodoContent } from '../../client/index.js';
import { type Day, dayOfInstant, instantOf, isRealDay, plusDays, weekdayOf } from '../time/days.js';

/** What a line was understood as. */
export type Understood = Pick<TodoContent, 'title' | 'due' | 'priority' | 'tags'>;

interface Moment {
  readonly now: Date;
  readonly timeZone: string;
}

/** What stands at one place of the line: how many words it takes, and what it means. */
interface Reading<T> {
  readonly words: number;
  readonly value: T;
}

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const monthNames =
  /^(january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)[.,]?$/;
const priorities: Readonly<Record<string, Understood['priority']>> = {
  '!high': 'high',
  '!h': 'high',
  '!!': 'high',
  '!low': 'low',
  '!l': 'low',
  '!normal': 'normal',
};

/**
 * Reads a todo from one line, such as `Water the plants tomorrow 17:00 #garden !high`: a day (`today`, `tomorrow`, `friday`, `next week`, `in 3 days`, `1 dec`,
 * `2026-12-01`), a time (`17:00`, `5pm`), tags and a priority, each wherever it stands. The first of a kind counts; the rest is the title. A word after a
 * backslash is taken as it is.
 */
export function understandLine(line: string, moment: Moment): Understood {
  const words = line.trim().split(/\s+/);
  const title: string[] = [];
  const tags = new Set<string>();
  let day: Day | undefined;
  let time: string | undefined;
  let priority: Understood['priority'];
  for (let at = 0; at < words.length;) {
    const rest = words.slice(at).map((word) => word.toLowerCase());
    const [word = ''] = words.slice(at);
    const [lower = ''] = rest;
    const foundDay = day === undefined ? readDay(rest, moment) : undefined;
    const foundTime = time === undefined ? readTime(rest) : undefined;
    const tag = /^#([\p{L}\p{N}][\p{L}\p{N}_/-]{0,49})$/u.exec(word)?.[1];
    if (foundDay !== undefined) {
      day = foundDay.value;
      at += foundDay.words;
    } else if (foundTime !== undefined) {
      time = foundTime.value;
      at += foundTime.words;
    } else if (tag !== undefined && tags.size < 20) {
      tags.add(tag);
      at += 1;
    } else if (priority === undefined && Object.hasOwn(priorities, lower)) {
      priority = priorities[lower];
      at += 1;
    } else {
      title.push(word.replace(/^\\(?=.)/, ''));
      at += 1;
    }
  }
  return {
    title: title.join(' '),
    ...((day !== undefined || time !== undefined) && { due: dueOf(day, time, moment) }),
    ...(priority !== undefined && { priority }),
    ...(tags.size > 0 && { tags: [...tags] }),
  };
}

/** A time alone is the next time that clocks show it. */
function dueOf(day: Day | undefined, time: string | undefined, { now, timeZone }: Moment): string {
  const today = dayOfInstant(now, timeZone);
  if (time === undefined) {
    return day ?? today;
  }
  const due = instantOf(day ?? today, time, timeZone);
  return day === undefined && Date.parse(due) <= now.getTime() ? instantOf(plusDays(today, 1), time, timeZone) : due;
}

function readDay(words: readonly string[], { now, timeZone }: Moment): Reading<Day> | undefined {
  const [first = '', second = '', third = ''] = words;
  const today = dayOfInstant(now, timeZone);
  if (first === 'on' && second !== '' && (weekdays.includes(second) || isDayAndMonth(second, third) || isDayAndMonth(third, second))) {
    const found = readDay(words.slice(1), { now, timeZone });
    return found && { ...found, words: found.words + 1 };
  }
  if (first === 'today' || first === 'tomorrow') {
    return { words: 1, value: plusDays(today, first === 'today' ? 0 : 1) };
  }
  if (weekdays.includes(first)) {
    return { words: 1, value: nextWeekday(today, weekdays.indexOf(first) + 1) };
  }
  if (first === 'next' && (second === 'week' || weekdays.includes(second))) {
    const monday = nextWeekday(today, 1);
    return { words: 2, value: second === 'week' ? monday : plusDays(monday, weekdays.indexOf(second)) };
  }
  if (first === 'in' && /^\d{1,3}$/.test(second) && /^(day|week)s?$/.test(third)) {
    return { words: 3, value: plusDays(today, Number(second) * (third.startsWith('week') ? 7 : 1)) };
  }
  if (/^\d{4}-\d{2}-\d{2}$/.test(first) && isRealDay(first)) {
    return { words: 1, value: first };
  }
  if (isDayAndMonth(first, second)) {
    return withMonth(today, first, second);
  }
  return isDayAndMonth(second, first) ? withMonth(today, second, first) : undefined;
}

function isDayAndMonth(day: string, month: string): boolean {
  return /^\d{1,2}(st|nd|rd|th|\.|,)?$/.test(day) && monthNames.test(month);
}

/** The next such day: this year's, or next year's when that is over. */
function withMonth(today: Day, day: string, month: string): Reading<Day> | undefined {
  const rest = `-${String(months.indexOf(month.slice(0, 3)) + 1).padStart(2, '0')}-${String(Number.parseInt(day, 10)).padStart(2, '0')}`;
  const year = Number(today.slice(0, 4));
  const value = [`${year}${rest}`, `${year + 1}${rest}`].find((candidate) => isRealDay(candidate) && candidate >= today);
  return value === undefined ? undefined : { words: 2, value };
}

/** Never today: for that there is the word. */
function nextWeekday(today: Day, weekday: number): Day {
  return plusDays(today, ((weekday - weekdayOf(today) + 6) % 7) + 1);
}

function readTime(words: readonly string[]): Reading<string> | undefined {
  const [first = '', second = ''] = words;
  if (first === 'at') {
    const found = readTime([second]);
    return found && { ...found, words: 2 };
  }
  const [, hour = '', minute = '00', half] = /^(\d{1,2})(?::(\d{2}))?(am|pm)?$/.exec(first) ?? [];
  if (hour === '' || (half === undefined && !first.includes(':')) || Number(minute) > 59) {
    return undefined;
  }
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half === 'pm' ? 12 : 0);
  const isHour = half === undefined ? Number(hour) <= 23 : Number(hour) >= 1 && Number(hour) <= 12;
  return isHour ? { words: 1, value: `${String(hours).padStart(2, '0')}:${minute}` } : undefined;
}
