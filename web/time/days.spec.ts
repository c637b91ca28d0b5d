import { describe, expect, test } from '@jest/globals';
import { calendarAt, dayOf, instantOf, isRealDay, plusDays, timeOf, weekdayOf } from './days.js';

describe('Days', () => {
  test.each([
    ['Europe/Berlin', '2026-11-26', '17:00', '2026-11-26T16:00:00.000Z'],
    ['Europe/Berlin', '2026-07-26', '17:00', '2026-07-26T15:00:00.000Z'],
    ['America/New_York', '2026-11-26', '23:30', '2026-11-27T04:30:00.000Z'],
    ['Pacific/Kiritimati', '2026-11-26', '00:00', '2026-11-25T10:00:00.000Z'],
    ['Asia/Kathmandu', '2026-11-26', '12:00', '2026-11-26T06:15:00.000Z'],
  ])('in %s, %s at %s is an instant, and back again', (timeZone, day, time, instant) => {
    expect(instantOf(day, time, timeZone)).toBe(instant);
    expect([dayOf(instant, timeZone), timeOf(instant, timeZone)]).toEqual([day, time]);
  });

  test('a time that clocks skip is as much later, and the first of two alike is taken or the second, never another', () => {
    expect(instantOf('2026-03-29', '02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
    expect(['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']).toContain(instantOf('2026-10-25', '02:30', 'Europe/Berlin'));
  });

  test('a day is late once it is over where the user is, an instant at once', () => {
    const now = new Date('2026-11-26T23:30:00Z');

    expect(calendarAt(now, 'Europe/Berlin').isPast('2026-11-26')).toBe(true);
    expect(calendarAt(now, 'UTC').isPast('2026-11-26')).toBe(false);
    expect(calendarAt(now, 'UTC').isPast('2026-11-26T23:29:59.999Z')).toBe(true);
  });

  test('an instant is before a day that has not begun where the user is', () => {
    const { today, isBefore } = calendarAt(new Date('2026-11-26T23:30:00Z'), 'Europe/Berlin');

    expect(today).toBe('2026-11-27');
    expect([isBefore('2026-11-26T22:59:59.999Z', today), isBefore('2026-11-26T23:00:00.000Z', today)]).toEqual([true, false]);
    expect([isBefore('2026-11-26', today), isBefore(today, today)]).toEqual([true, false]);
  });

  test('days count on over months, know their weekday, and are none on 30 February', () => {
    expect([plusDays('2026-12-31', 1), plusDays('2024-03-01', -1)]).toEqual(['2027-01-01', '2024-02-29']);
    expect([weekdayOf('2026-11-26'), weekdayOf('2026-11-29')]).toEqual([4, 7]);
    expect([isRealDay('2026-02-30'), isRealDay('2026-13-01'), isRealDay('2024-02-29')]).toEqual([false, false, true]);
  });
});
