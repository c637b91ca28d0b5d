import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { addDays, dateAt, endOfDay, startOfDay } from './time-zone.js';

/** The same name in another case of its letters for each number: `Intl` takes any. */
const spellingOf = (timeZone: string, number: number): string =>
  Array.from(timeZone, (letter, position) => ((number >> position) & 1 ? letter.toUpperCase() : letter.toLowerCase())).join('');

const iso = (instant: number): string => new Date(instant).toISOString();

describe('A day in a time zone', () => {
  test.each([
    ['2030-06-15', 'UTC', '2030-06-15T00:00:00.000Z'],
    ['2030-06-15', 'Europe/Berlin', '2030-06-14T22:00:00.000Z'],
    ['2030-06-15', 'Pacific/Kiritimati', '2030-06-14T10:00:00.000Z'],
    ['2030-06-15', 'Pacific/Pago_Pago', '2030-06-15T11:00:00.000Z'],
    ['2030-06-15', 'Asia/Kathmandu', '2030-06-14T18:15:00.000Z'],
    ['2030-06-15', 'Etc/GMT+12', '2030-06-15T12:00:00.000Z'],
    // Clocks went from 00:00 to 01:00: the day has no midnight.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
    ['2018-11-05', 'America/Sao_Paulo', '2018-11-05T02:00:00.000Z'],
    // Clocks went back from 00:00 to 23:00: the day before has 25 hours.
    ['2018-02-18', 'America/Sao_Paulo', '2018-02-18T03:00:00.000Z'],
    ['2030-03-10', 'America/New_York', '2030-03-10T05:00:00.000Z'],
    ['2030-03-11', 'America/New_York', '2030-03-11T04:00:00.000Z'],
    // Samoa left out the 30th to change sides of the date line.
    ['2011-12-29', 'Pacific/Apia', '2011-12-29T10:00:00.000Z'],
    ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
    ['2011-12-31', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
    // Local mean time, the widest offset there was.
    ['1840-01-02', 'Asia/Manila', '1840-01-02T15:56:08.000Z'],
    ['0999-01-01', 'UTC', '0999-01-01T00:00:00.000Z'],
    ['9999-12-31', 'UTC', '9999-12-31T00:00:00.000Z'],
  ])('%s in %s starts at %s', (date, timeZone, start) => {
    expect(iso(startOfDay(date, timeZone))).toBe(start);
  });

  test('ends where the next one starts', () => {
    for (const timeZone of ['UTC', 'America/Sao_Paulo', 'Pacific/Apia', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/St_Johns']) {
      for (let date = '2011-01-01'; date < '2012-01-05'; date = addDays(date, 1)) {
        expect([timeZone, date, iso(endOfDay(date, timeZone))]).toEqual([timeZone, date, iso(startOfDay(addDays(date, 1), timeZone))]);
      }
    }
  });

  test('that is the last there is ends too', () => {
    expect(endOfDay('9999-12-31', 'UTC')).toBe(Date.UTC(10_000, 0, 1));
    expect(endOfDay('9999-12-31', 'America/New_York')).toBe(Date.UTC(10_000, 0, 1, 5));
  });

  test('holds its first instant and not the one before, in every zone', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.date({ min: new Date('2015-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }), (zone, day) => {
        const date = dateAt(day.getTime(), zone);
        const start = startOfDay(date, zone);
        expect(dateAt(start, zone)).toBe(date);
        expect(dateAt(start - 1, zone) < date).toBe(true);
        expect(start <= day.getTime() && day.getTime() < endOfDay(date, zone)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('is found with formatters that are made once a zone, and not kept without bound', () => {
    const made = jest.spyOn(Intl, 'DateTimeFormat');
    const spellings = Array.from({ length: 200 }, (_, turn) => spellingOf('America/Argentina/Buenos_Aires', turn));
    try {
      for (const timeZone of spellings) startOfDay('2030-01-01', timeZone);
      expect(made).toHaveBeenCalledTimes(200);

      made.mockClear();
      startOfDay('2031-01-01', spellings.at(-1) ?? '');
      expect(made).not.toHaveBeenCalled();
      startOfDay('2031-01-01', spellings[0] ?? '');
      expect(made).toHaveBeenCalledTimes(1);
    } finally {
      made.mockRestore();
    }
  });
});

test('Days are added over months, leap days and years', () => {
  expect([addDays('2028-02-28', 1), addDays('2028-03-01', -1), addDays('2029-12-31', 1), addDays('2030-01-01', -366)]).toEqual([
    '2028-02-29',
    '2028-02-29',
    '2030-01-01',
    '2028-12-31',
  ]);
});
