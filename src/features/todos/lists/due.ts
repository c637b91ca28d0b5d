import { addDays, type CalendarDate, dateAt, endOfDay, startOfDay } from '../../../common/time-zone.js';

/** Whether a due is a whole day rather than an instant. */
export function isDate(due: string): due is CalendarDate {
  return due.length === 10;
}

/** Half-open bounds for dues: `after` inclusive, `before` exclusive, each a date or an instant. */
export interface DueBounds {
  readonly after?: string;
  readonly before?: string;
}

/** Whether a due lies in the bounds, dates read in the time zone: a date is due at the end of its day. */
export function dueWithin(due: string, { after, before }: DueBounds, timeZone: string): boolean {
  return (after === undefined || !dueIsBefore(due, after, timeZone)) && (before === undefined || dueIsBefore(due, before, timeZone));
}

function dueIsBefore(due: string, bound: string, timeZone: string): boolean {
  if (isDate(due) === isDate(bound)) {
    return due < bound;
  }
  return isDate(due) ? endOfDay(due, timeZone) - 1 < Date.parse(bound) : Date.parse(due) < startOfDay(bound, timeZone);
}

/**
 * The sort key of a due in the `byDue` index: dues in order of time, a date at its end in UTC, whatever the user's zone is.
 * A date's key differs from an instant's in the mark behind the time, so that the dates of one day are a range of their own.
 */
export function dueKeyOf(due: string, id: string): string {
  return isDate(due) ? `${dateMark(due)}${id}` : `${instantMark(due)}${id}`;
}

/** A range of due keys, `from` to `to`; no key equals either. */
export interface DueKeyRange {
  readonly from: string;
  readonly to: string;
}

const lowestKey = '0';
const highestKey = ':';

/** Dues as instants and as dates, each half-open; an end left out is open. */
export interface DueSpan {
  readonly instants: { readonly from?: number; readonly to?: number };
  readonly dates: { readonly from?: CalendarDate; readonly to?: CalendarDate };
}

/** What is past due at an instant for someone in the zone: instants before it, dates before today. */
export function overdueSpan(now: number, timeZone: string): DueSpan {
  return { instants: { to: now }, dates: { to: dateAt(now, timeZone) } };
}

/** What is due on today of the zone. */
export function todaySpan(now: number, timeZone: string): DueSpan {
  const today = dateAt(now, timeZone);
  const tomorrow = addDays(today, 1);
  return { instants: { from: startOfDay(today, timeZone), to: startOfDay(tomorrow, timeZone) }, dates: { from: today, to: tomorrow } };
}

/** What is not yet past due. */
export function upcomingSpan(now: number, timeZone: string): DueSpan {
  return { instants: { from: now }, dates: { from: dateAt(now, timeZone) } };
}

/**
 * The exact key ranges of a span, in order. The keys of dates lie among those of instants at their end in UTC, up to 14 hours off the
 * zone's: so the range of the instants is taken, the days in it that are not wanted are cut out, and wanted days outside it are added.
 * Counting over them needs no filter, and so reads nothing that it does not count.
 */
export function dueKeyRanges({ instants, dates }: DueSpan): DueKeyRange[] {
  const main: DueKeyRange = {
    from: instants.from === undefined ? lowestKey : instantMark(new Date(instants.from).toISOString()),
    to: instants.to === undefined ? highestKey : instantMark(new Date(instants.to).toISOString()),
  };
  let ranges = [main];
  for (const day of daysNearEdges({ instants, dates })) {
    const block: DueKeyRange = { from: dateMark(day), to: `${dateMark(day)}~` };
    const wanted = (dates.from === undefined || day >= dates.from) && (dates.to === undefined || day < dates.to);
    const inside = block.from >= main.from && block.from < main.to;
    if (wanted && !inside) {
      ranges.push(block);
    } else if (!wanted && inside) {
      ranges = ranges.flatMap((range) =>
        block.from >= range.from && block.to <= range.to
          ? [
              { from: range.from, to: block.from },
              { from: block.to, to: range.to },
            ]
          : [range],
      );
    }
  }
  return ranges.sort((left, right) => (left.from < right.from ? -1 : 1));
}

/**
 * A key range that surely holds every due within the bounds, in any zone; its edges are still to be filtered by {@link dueWithin}.
 * Null when the bounds exclude each other.
 */
export function coveringKeyRange({ after, before }: DueBounds): DueKeyRange | null {
  const from = after === undefined ? lowestKey : dayMark(addDays(after.slice(0, 10), -1));
  const to = before === undefined ? highestKey : dayMark(addDays(before.slice(0, 10), 2));
  return from < to ? { from, to } : null;
}

// Days outside the years 0000 to 9999 are written with a sign, which sorts before every digit.
function dayMark(day: CalendarDate): string {
  return day.startsWith('+') ? highestKey : day.startsWith('-') ? lowestKey : day;
}

function daysNearEdges({ instants, dates }: DueSpan): Set<CalendarDate> {
  const edges = [instants.from, instants.to].filter((edge) => edge !== undefined).map((edge) => new Date(edge).toISOString().slice(0, 10));
  return new Set([...edges, ...[dates.from, dates.to].filter((edge) => edge !== undefined)].flatMap((day) => [-2, -1, 0, 1].map((days) => addDays(day, days))));
}

function instantMark(instant: string): string {
  return `${instant}#`;
}

function dateMark(date: CalendarDate): string {
  return `${date}T23:59:59.999Z~`;
}
