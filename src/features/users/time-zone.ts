import { timeZoneNames } from './time-zone-names.js';

/** The shape of IANA names; offsets such as `+02:00` are not names, though some runtimes take them. */
export const timeZonePattern = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/;

let canonicalNames: ReadonlyMap<string, string> | undefined;

/** The IANA name of a time zone in its own case, for a name in whatever case; undefined for what is none, or none that this runtime knows. */
export function findTimeZone(name: string): string | undefined {
  canonicalNames ??= new Map(timeZoneNames.map((canonical) => [canonical.toLowerCase(), canonical]));
  const canonical = canonicalNames.get(name.toLowerCase());
  return canonical !== undefined && isKnownToRuntime(canonical) ? canonical : undefined;
}

// A release of Node knows the zones of its day. `Intl` is asked only here: loading its data takes 24 ms.
function isKnownToRuntime(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
