import { dayOf, dayOfInstant, isDay, plusDays } from './days.js';

/** How numbers and times read in the browser's language. */
const number = new Intl.NumberFormat();
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify(options);
  const known = formats.get(key) ?? new Intl.DateTimeFormat(undefined, options);
  formats.set(key, known);
  return known;
}

export function formatNumber(value: number): string {
  return number.format(value);
}

/** An instant in the user's time zone, such as “26 Nov 2026, 17:00”. */
export function formatInstant(instant: string | Date, timeZone: string): string {
  return formatOf({ dateStyle: 'medium', timeStyle: 'short', timeZone }).format(new Date(instant));
}

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

/** A day as people say it: “tomorrow”, “Friday”, “3 December”, with the year where it is another. */
export function formatDay(day: string, now: Date, timeZone: string): string {
  const today = dayOfInstant(now, timeZone);
  const distance = Math.round((Date.parse(day) - Date.parse(today)) / 86_400_000);
  if (Math.abs(distance) <= 1) {
    const text = relative.format(distance, 'day');
    return `${text.charAt(0).toLocaleUpperCase()}${text.slice(1)}`;
  }
  const near = day > today && day <= plusDays(today, 6);
  const sameYear = day.slice(0, 4) === today.slice(0, 4);
  const options: Intl.DateTimeFormatOptions = near ? { weekday: 'long' } : { day: 'numeric', month: 'short', ...(!sameYear && { year: 'numeric' }) };
  return formatOf({ ...options, timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`));
}

/** A due as people say it: its day, and its time where it has one. */
export function formatDue(due: string, now: Date, timeZone: string): string {
  const day = formatDay(dayOf(due, timeZone), now, timeZone);
  return isDay(due) ? day : `${day}, ${formatOf({ timeStyle: 'short', timeZone }).format(new Date(due))}`;
}

/** How long the service takes a text to be: in Unicode code points. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}
