import { describe, expect, test } from '@jest/globals';
import { etagOf, noneMatchHits, parseIfMatch } from './etag.js';

describe('If-Match', () => {
  test.each([undefined, '*', ' * '])('%s is no condition', (header) => {
    expect(parseIfMatch(header)).toBeUndefined();
  });

  test.each(['"7"', '"6", "7"', '"6","7","8"', 'W/"7", "7"'])('%s holds for version 7', (header) => {
    expect(() => parseIfMatch(header)?.assertHolds(7)).not.toThrow();
  });

  test.each(['"6"', 'W/"7"', '7', '', '""', '"77"', '"7', "'7'", '"*"', '"6", *'])('%s does not hold for version 7', (header) => {
    const condition = parseIfMatch(header);

    expect(condition).toBeDefined();
    expect(() => condition?.assertHolds(7)).toThrow(expect.objectContaining({ code: 'version.stale' }));
  });
});

describe('If-None-Match', () => {
  test.each(['"7"', 'W/"7"', '*', '"1", W/"7"', '"1","7"'])('%s hits version 7', (header) => {
    expect(noneMatchHits(header, etagOf(7))).toBe(true);
  });

  test.each([undefined, '', '7', '"6"', 'W/"77"', '"W/7"'])('%s does not hit version 7', (header) => {
    expect(noneMatchHits(header, etagOf(7))).toBe(false);
  });
});
