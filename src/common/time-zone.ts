/** A calendar date, `YYYY-MM-DD`. */
export type CalendarDate = string;

const dayMs = 86_400_000;
/** A formatter takes some 27 KB, and there are 600 names. */
const maxFormatters = 64;
/** By time zone, in the order of their last use. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** The calendar date at an instant (milliseconds) in an IANA time zone. */
export function dateAt(instant: number, timeZone: string): CalendarDate {
  return formatterOf(timeZone).format(instant).padStart(10, '0');
}

// Making one is expensive (the first loads ICU's tables), so the latest are kept.
function formatterOf(timeZone: string): Intl.DateTimeFormat {
  // Swedish writes dates as ISO 8601 does.
  const formatter = formatters.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  formatters.delete(timeZone);
  formatters.set(timeZone, formatter);
  if (formatters.size > maxFormatters) {
    const [oldest = timeZone] = formatters.keys();
    formatters.delete(oldest);
  }
  return formatter;
}

/** The date so many days after another; negative for before. */
export function addDays(date: CalendarDate, days: number): CalendarDate {
  return new Date(Date.parse(`${date}T00:00:00.000Z`) + days * dayMs).toISOString().slice(0, 10);
}

/** The first instant (milliseconds) of a date in a time zone. A date that the zone has skipped starts where the next one does. */
export function startOfDay(date: CalendarDate, timeZone: string): number {
  return firstInstant(Date.parse(`${date}T00:00:00.000Z`), (instant) => !isAfter(date, dateAt(instant, timeZone)));
}

/** The first instant (milliseconds) behind a date in a time zone. */
export function endOfDay(date: CalendarDate, timeZone: string): number {
  return firstInstant(Date.parse(`${date}T00:00:00.000Z`) + dayMs, (instant) => isAfter(dateAt(instant, timeZone), date));
}

/** More than any zone was ever off UTC: local mean time in Manila was 15:56 behind until 1844. */
const widestOffsetMs = 16 * 3_600_000;

// By bisection on the date itself, not by adding an offset: where clocks change at midnight, a day starts at 01:00.
function firstInstant(nearby: number, reached: (instant: number) => boolean): number {
  let before = nearby - widestOffsetMs;
  let after = nearby + widestOffsetMs;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (reached(middle)) {
      after = middle;
    } else {
      before = middle;
    }
  }
  return after;
}

// The day after 9999-12-31 has a digit more.
function isAfter(left: CalendarDate, right: CalendarDate): boolean {
  return left.length === right.length ? left > right : left.length > right.length;
}
