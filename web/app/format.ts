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
