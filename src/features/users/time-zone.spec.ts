import { describe, expect, test } from '@jest/globals';
import { findTimeZone, timeZonePattern } from './time-zone.js';
import { timeZoneNames } from './time-zone-names.js';

describe('a time zone', () => {
  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Calcutta', 'Asia/Kolkata', 'Etc/GMT+5', 'EST5EDT', 'GB-Eire'])(
    'may be %s',
    (name) => {
      expect(findTimeZone(name)).toBe(name);
    },
  );

  test.each([
    ['europe/berlin', 'Europe/Berlin'],
    ['AMERICA/PORT-AU-PRINCE', 'America/Port-au-Prince'],
    ['antarctica/mcmurdo', 'Antarctica/McMurdo'],
    ['utc', 'UTC'],
    ['Us/pacific', 'US/Pacific'],
  ])('%s is kept as %s', (name, canonical) => {
    expect(findTimeZone(name)).toBe(canonical);
  });

  test.each(['', 'Mars/Olympus', '+02:00', '-0500', 'Europe/Berlin ', 'local', 'IST', 'PST', 'BST', 'ACT', 'SystemV/PST8PDT', 'Factory', `A${'a'.repeat(64)}`])(
    'may not be "%s"',
    (name) => {
      expect(findTimeZone(name)).toBeUndefined();
    },
  );

  test('may be each of the runtime’s own, in any case', () => {
    for (const name of Intl.supportedValuesOf('timeZone')) {
      expect(findTimeZone(name.toUpperCase())).toBe(name);
    }
  });

  test('has a name that the published pattern matches', () => {
    expect(timeZoneNames.filter((name) => !timeZonePattern.test(name))).toEqual([]);
  });
});
