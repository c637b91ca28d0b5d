/** A day of the calendar as `2026-11-26`: in the user's time zone, wherever it came from. */
export type Day = string;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Sweden writes dates as ISO 8601 does. */
function isoFormat(timeZone: string): Intl.DateTimeFormat {
  const known =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' });
  formats.set(timeZone, known);
  return known;
}

/** Date and time of an instant where the user is, as `2026-11-26 17:00:00`. */
function wallClock(instant: Date, timeZone: string): string {
  return isoFormat(timeZone).format(instant);
}

export function dayOfInstant(instant: Date, timeZone: string): Day {
  return wallClock(instant, timeZone).slice(0, 10);
}

/** Whether a due is a day without a time. */
export function isDay(due: string): boolean {
  return due.length === 10;
}

/** The day of a due, which is a day itself or an instant. */
export function dayOf(due: string, timeZone: string): Day {
  return isDay(due) ? due : dayOfInstant(new Date(due), timeZone);
}

/** The time of a due as `17:00`; empty for a day. */
export function timeOf(due: string, timeZone: string): string {
  return isDay(due) ? '' : wallClock(new Date(due), timeZone).slice(11, 16);
}

export function plusDays(day: Day, days: number): Day {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** Monday is 1, Sunday 7 (ISO 8601). */
export function weekdayOf(day: Day): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay() || 7;
}

/** Whether it is a day of the calendar: not 30 February. */
export function isRealDay(day: Day): boolean {
  return !Number.isNaN(Date.parse(day)) && plusDays(day, 0) === day;
}

/** The instant at which clocks in the time zone show this day and time; where they skip it, as much later as they skip. */
export function instantOf(day: Day, time: string, timeZone: string): string {
  const wanted = Date.parse(`${day}T${time}:00Z`);
  let instant = wanted;
  // The offset is that of the instant looked for, which the offset leads to: two rounds settle it, but for an hour that clocks skip.
  for (let round = 0; round < 2; round += 1) {
    instant += wanted - Date.parse(`${wallClock(new Date(instant), timeZone).replace(' ', 'T')}Z`);
  }
  return new Date(instant).toISOString();
}

/** How dues lie to now, for many of them: what needs the time zone's rules is worked out once. */
export interface Calendar {
  readonly today: Day;
  /** Whether something due then is late: a day once it is over, an instant once it has passed. */
  isPast(due: string): boolean;
  /** Whether it is due before that day begins. */
  isBefore(due: string, day: Day): boolean;
}

export function calendarAt(now: Date, timeZone: string): Calendar {
  const today = dayOfInstant(now, timeZone);
  const beginnings = new Map<Day, number>();
  const beginningOf = (day: Day): number => {
    const beginning = beginnings.get(day) ?? Date.parse(instantOf(day, '00:00', timeZone));
    beginnings.set(day, beginning);
    return beginning;
  };
  return {
    today,
    isPast: (due) => (isDay(due) ? due < today : Date.parse(due) < now.getTime()),
    isBefore: (due, day) => (isDay(due) ? due < day : Date.parse(due) < beginningOf(day)),
  };
}
