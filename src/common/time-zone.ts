/** A calendar date, `YYYY-MM-DD`. */
export type CalendarDate = string;

const dayMs = 86_400_000;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** The calendar date at an instant (milliseconds) in an IANA time zone. */
export function dateAt(instant: number, timeZone: string): CalendarDate {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    // Making one is expensive (the first loads ICU's tables), so they are kept: there are a few hundred zones at most.
    // Swedish writes dates as ISO 8601 does.
    formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formatters.set(timeZone, formatter);
  }
  return formatter.format(instant);
}

/** The date so many days after another; negative for before. */
export function addDays(date: CalendarDate, days: number): CalendarDate {
  return new Date(Date.parse(`${date}T00:00:00.000Z`) + days * dayMs).toISOString().slice(0, 10);
}

/**
 * The first instant (milliseconds) of a date in a time zone. Found by bisection on the date itself, not by adding an offset: where
 * clocks change at midnight a day starts at 01:00, and offsets reach from -12 to +14 hours.
 */
export function startOfDay(date: CalendarDate, timeZone: string): number {
  const midnightUtc = Date.parse(`${date}T00:00:00.000Z`);
  let before = midnightUtc - 15 * 3_600_000;
  let after = midnightUtc + 15 * 3_600_000;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dateAt(middle, timeZone) < date) {
      before = middle;
    } else {
      after = middle;
    }
  }
  return after;
}
