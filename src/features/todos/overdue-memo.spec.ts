import { describe, expect, test } from '@jest/globals';
import { type DueSpan, overdueSpan } from './due.js';
import { isKnownCapped, OverdueMemo, settlingMs } from './overdue-memo.js';

const noon = Date.parse('2030-03-10T12:00:00.000Z');
const at = (ms: number): DueSpan => overdueSpan(noon + ms, 'UTC');

/** Looks at a memo whose steps a test orders as it likes; times are in milliseconds after noon. */
function looksAt(memo: OverdueMemo, userId = 'ada') {
  const begin = (ms: number) => {
    const known = memo.recall(userId);
    return (revision: number | null, capped = true, endsAt = ms + 5): void =>
      memo.learn(userId, known, { span: at(ms), beganAt: noon + ms, endedAt: noon + endsAt, revision, capped });
  };
  /** What a look at that time would take for capped without counting, if it read the same revision. */
  const knownAt = (ms: number): number | undefined => {
    const known = memo.recall(userId);
    return isKnownCapped(known, at(ms)) ? known.revision : undefined;
  };
  return { begin, knownAt };
}

const long = settlingMs + 10;

describe('The memo of capped counts', () => {
  test('knows at the third look: the first leaves its revision, the second its count', () => {
    const { begin, knownAt } = looksAt(new OverdueMemo());
    expect(knownAt(0)).toBeUndefined();

    begin(0)(7);
    expect(knownAt(long)).toBeUndefined();
    begin(long)(7);

    expect(knownAt(2 * long)).toBe(7);
  });

  test.each([
    ['just read', 1, undefined],
    ['not old enough', settlingMs - 1, undefined],
    ['old enough', settlingMs, 7],
  ])('does not take a revision that is %s for older than a count', (_, age, known) => {
    const { begin, knownAt } = looksAt(new OverdueMemo());
    begin(0)(7, true, 5);

    begin(5 + age)(7);

    expect(knownAt(long)).toBe(known);
  });

  test('lets a revision grow old however often it is read meanwhile', () => {
    const { begin, knownAt } = looksAt(new OverdueMemo());

    for (let ms = 0; ms <= settlingMs + 100; ms += 100) {
      begin(ms)(7);
    }

    expect(knownAt(2 * long)).toBe(7);
  });

  test('begins anew with every other revision, also a lower one', () => {
    const { begin, knownAt } = looksAt(new OverdueMemo());
    begin(0)(7);
    begin(long)(7);

    begin(2 * long)(8);
    expect(knownAt(3 * long)).toBeUndefined();
    begin(3 * long)(8);
    expect(knownAt(4 * long)).toBe(8);
    begin(4 * long)(0);
    expect(knownAt(5 * long)).toBeUndefined();
    begin(5 * long)(0);
    expect(knownAt(6 * long)).toBe(0);
  });

  test('forgets who has fewer', () => {
    const memo = new OverdueMemo();
    const { begin } = looksAt(memo);
    begin(0)(7);
    begin(long)(7);

    begin(2 * long)(7, false);

    expect(memo.recall('ada')).toBeUndefined();
  });

  test('forgets who is buried', () => {
    const memo = new OverdueMemo();
    const { begin } = looksAt(memo);
    begin(0)(7);
    begin(long)(7);

    begin(2 * long)(null);
    expect(memo.recall('ada')).toBeUndefined();
    begin(3 * long)(null);
    expect(memo.recall('ada')).toBeUndefined();
  });

  test('knows of later times, not of earlier ones', () => {
    const { begin, knownAt } = looksAt(new OverdueMemo());
    begin(0)(7);
    begin(long)(7);

    expect([knownAt(long - 1), knownAt(long), knownAt(100 * 86_400_000)]).toEqual([undefined, 7, 7]);
  });

  test('knows of a zone only where its day is as far', () => {
    const memo = new OverdueMemo();
    const { begin } = looksAt(memo);
    begin(0)(7);
    begin(long)(7);

    // At noon in UTC it is tomorrow in Kiritimati, and today in Pago Pago.
    const morning = noon - 6 * 3_600_000;
    const known = memo.recall('ada');
    expect(isKnownCapped(known, overdueSpan(noon + 2 * long, 'Pacific/Kiritimati'))).toBe(true);
    expect(isKnownCapped(known, overdueSpan(noon + 2 * long, 'Pacific/Pago_Pago'))).toBe(true);
    expect(isKnownCapped(known, overdueSpan(morning, 'Pacific/Kiritimati'))).toBe(false);
    expect(isKnownCapped(known, { ...at(2 * long), dates: overdueSpan(morning, 'Pacific/Pago_Pago').dates })).toBe(false);
  });

  test('keeps users apart', () => {
    const memo = new OverdueMemo();
    const [ada, bob] = [looksAt(memo, 'ada'), looksAt(memo, 'bob')];
    ada.begin(0)(7);
    bob.begin(0)(7);
    ada.begin(long)(7);

    expect([ada.knownAt(2 * long), bob.knownAt(2 * long)]).toEqual([7, undefined]);
  });

  test('keeps no more users than it may, those who learnt last', () => {
    const memo = new OverdueMemo(2);
    for (const user of ['ada', 'bob', 'ada', 'eve']) {
      looksAt(memo, user).begin(0)(7);
    }

    expect(['ada', 'bob', 'eve'].filter((user) => memo.recall(user) !== undefined)).toEqual(['ada', 'eve']);
  });
});

describe('Looks that overlap', () => {
  test('a count is not paired with the revision that was read beside it, though it had been read before: a deletion may lie between', () => {
    const { begin, knownAt } = looksAt(new OverdueMemo());
    begin(0)(7);

    // It counts at revision 7, and reads its own revision only when there is another.
    const slow = begin(long);
    slow(8);

    expect(knownAt(2 * long)).toBeUndefined();
  });

  test('nor with one that another look has left while it counted', () => {
    const { begin, knownAt } = looksAt(new OverdueMemo());
    const slow = begin(0);
    begin(0)(7);

    // However long it took: what it counted may be from before that revision.
    slow(7, true, 2 * long);
    expect(knownAt(3 * long)).toBeUndefined();
  });

  test('nor with one that has come, and grown old, while it counted', () => {
    const { begin, knownAt } = looksAt(new OverdueMemo());
    begin(0)(7);
    const slow = begin(long);
    begin(long + 1)(8);
    begin(3 * long)(8, false);

    slow(8, true, 4 * long);

    expect(knownAt(5 * long)).toBeUndefined();
  });

  test('a late answer about an old revision is never taken for one about the present', () => {
    const { begin, knownAt } = looksAt(new OverdueMemo());
    begin(0)(7);
    const slow = begin(long);
    begin(2 * long)(8);
    begin(3 * long)(8);
    expect(knownAt(4 * long)).toBe(8);

    slow(7);

    // Whoever reads revision 8 counts.
    expect(knownAt(4 * long)).toBe(7);
  });

  test('and one about fewer only makes the next look count', () => {
    const { begin, knownAt } = looksAt(new OverdueMemo());
    const slow = begin(0);
    begin(0)(8);
    begin(long)(8);

    slow(7, false);

    expect(knownAt(2 * long)).toBeUndefined();
  });
});
