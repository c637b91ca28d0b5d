import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addDays, dateAt, endOfDay, startOfDay } from '../../../common/time-zone.js';
import { coveringKeyRange, type DueKeyRange, dueKeyOf, dueKeyRanges, dueWithin, isDate, overdueSpan, todaySpan, upcomingSpan } from './due.js';

const zones = [
  'UTC',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
  'Etc/GMT+12',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'Africa/Cairo',
];
const hour = 3_600_000;
const id = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';

const zone = fc.constantFrom(...zones);
// Around a leap day, the changes of clocks and the turn of a year, and close together: what goes wrong goes wrong at edges.
const moment = fc.oneof(
  fc
    .constantFrom('2028-02-29T00:00:00.000Z', '2030-03-10T07:00:00.000Z', '2029-12-31T23:59:59.999Z', '2018-11-04T03:00:00.000Z', '2030-03-31T01:00:00.000Z')
    .map((at) => Date.parse(at)),
  fc.integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2035, 0, 1) }),
);

/** An instant or a date within two and a half days of a moment, often right at an edge of a day in the zone. */
function dueNear(now: number, timeZone: string): fc.Arbitrary<string> {
  const near = fc.integer({ min: -60 * hour, max: 60 * hour });
  const edge = fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -1, max: 1 }));
  return fc.oneof(
    near.map((offset) => new Date(now + offset).toISOString()),
    near.map((offset) => new Date(now + offset).toISOString().slice(0, 10)),
    edge.map(([days, ms]) => new Date(startOfDay(addDays(dateAt(now, timeZone), days), timeZone) + ms).toISOString()),
    edge.map(([days, ms]) => new Date(Date.parse(`${addDays(dateAt(now, timeZone), days)}T23:59:59.999Z`) + ms).toISOString()),
    fc.integer({ min: -1, max: 1 }).map((ms) => new Date(now + ms).toISOString()),
  );
}

const scene = fc
  .record({ now: moment, timeZone: zone })
  .chain(({ now, timeZone }) =>
    fc.record({ now: fc.constant(now), timeZone: fc.constant(timeZone), dues: fc.array(dueNear(now, timeZone), { minLength: 1, maxLength: 20 }) }),
  );

const idOf = (index: number): string => `${id.slice(0, -2)}${String(index).padStart(2, '0')}`;
const inRanges = (key: string, ranges: readonly DueKeyRange[]): number => ranges.filter(({ from, to }) => from <= key && key <= to).length;

/** When a due is over, by definition: an instant at itself, a date with its day in the zone. */
const deadline = (due: string, timeZone: string): number => (isDate(due) ? endOfDay(due, timeZone) : Date.parse(due));

describe('The key ranges hold exactly', () => {
  test.each<[string, typeof overdueSpan, (due: string, now: number, timeZone: string) => boolean]>([
    ['what is overdue', overdueSpan, (due, now, timeZone) => (isDate(due) ? deadline(due, timeZone) <= now : deadline(due, timeZone) < now)],
    ['what is due today', todaySpan, (due, now, timeZone) => (isDate(due) ? due : dateAt(Date.parse(due), timeZone)) === dateAt(now, timeZone)],
    ['what is not yet past', upcomingSpan, (due, now, timeZone) => (isDate(due) ? deadline(due, timeZone) > now : deadline(due, timeZone) >= now)],
  ])('%s, each once, in any zone at any time', (_, span, belongs) => {
    fc.assert(
      fc.property(scene, ({ now, timeZone, dues }) => {
        const ranges = dueKeyRanges(span(now, timeZone));

        const found = dues.map((due, index) => inRanges(dueKeyOf(due, idOf(index)), ranges));

        expect(dues.map((due, index) => [due, found[index]])).toEqual(dues.map((due) => [due, belongs(due, now, timeZone) ? 1 : 0]));
      }),
      { numRuns: 600 },
    );
  });

  test('in order, without overlap, and few of them', () => {
    fc.assert(
      fc.property(moment, zone, (now, timeZone) => {
        for (const span of [overdueSpan, todaySpan, upcomingSpan]) {
          const ranges = dueKeyRanges(span(now, timeZone));
          expect(ranges.length).toBeLessThanOrEqual(4);
          expect(ranges.every(({ from, to }) => from < to)).toBe(true);
          expect(ranges.slice(1).every(({ from }, index) => from >= (ranges[index]?.to ?? ''))).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('Bounds', () => {
  const bounded = scene.chain(({ now, timeZone, dues }) =>
    fc.record({
      timeZone: fc.constant(timeZone),
      dues: fc.constant(dues),
      after: fc.option(dueNear(now, timeZone), { nil: undefined }),
      before: fc.option(dueNear(now, timeZone), { nil: undefined }),
    }),
  );

  test('hold a due by its deadline, after inclusive and before exclusive, a date bound being its first instant', () => {
    const start = (bound: string, timeZone: string): number => (isDate(bound) ? startOfDay(bound, timeZone) : Date.parse(bound));
    const last = (due: string, timeZone: string): number => (isDate(due) ? endOfDay(due, timeZone) - 1 : Date.parse(due));
    fc.assert(
      fc.property(bounded, ({ timeZone, dues, after, before }) => {
        for (const due of dues) {
          const expected =
            (after === undefined || last(due, timeZone) >= start(after, timeZone)) && (before === undefined || last(due, timeZone) < start(before, timeZone));
          expect([due, dueWithin(due, { after, before }, timeZone)]).toEqual([due, expected]);
        }
      }),
      { numRuns: 600 },
    );
  });

  test('are covered: whatever is within them has its key in the range, also for the oldest and the last dues', () => {
    const anyDue = fc.oneof(
      fc.date({ min: new Date('0001-01-03'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }).map((date) => date.toISOString()),
      fc.date({ min: new Date('0001-01-03'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)),
      fc.constantFrom('9999-12-31', '9999-12-31T23:59:59.999Z', '9999-12-30', '0001-01-03'),
    );
    const wide = fc.record({
      timeZone: zone,
      dues: fc.array(anyDue, { minLength: 1 }),
      after: fc.option(anyDue, { nil: undefined }),
      before: fc.option(anyDue, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.oneof(bounded, wide), ({ timeZone, dues, after, before }) => {
        const range = coveringKeyRange({ after, before });
        for (const due of dues.filter((one) => dueWithin(one, { after, before }, timeZone))) {
          const key = dueKeyOf(due, id);
          expect([due, range !== null && range.from <= key && key <= range.to]).toEqual([due, true]);
        }
      }),
      { numRuns: 600 },
    );
  });

  test('that exclude each other cover nothing', () => {
    expect(coveringKeyRange({ after: '2030-03-20', before: '2030-03-01' })).toBeNull();
    expect(coveringKeyRange({ after: '9999-12-31T00:00:00.000Z', before: '0001-01-01' })).toBeNull();
    expect(coveringKeyRange({})).not.toBeNull();
  });
});

describe('Due keys', () => {
  test('sort as time does, a date at its end in UTC', () => {
    fc.assert(
      fc.property(scene, ({ dues }) => {
        const utcEnd = (due: string): number => (isDate(due) ? Date.parse(`${due}T23:59:59.999Z`) + 0.5 : Date.parse(due));
        const byKey = [...dues].sort((a, b) => (dueKeyOf(a, id) < dueKeyOf(b, id) ? -1 : 1)).map(utcEnd);
        expect(byKey).toEqual(dues.map(utcEnd).sort((a, b) => a - b));
      }),
    );
  });

  test('do not depend on any zone: changing it re-keys nothing', () => {
    expect(dueKeyOf('2030-01-01', id)).toBe(`2030-01-01T23:59:59.999Z~${id}`);
    expect(dueKeyOf('2030-01-01T10:00:00.000Z', id)).toBe(`2030-01-01T10:00:00.000Z#${id}`);
  });
});
