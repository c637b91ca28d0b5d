import { describe, expect, test } from '@jest/globals';
import { findAlteredNumber } from './numbers.js';

describe('Numbers that parsing alters', () => {
  test.each([
    '9007199254740993',
    '-9007199254740993',
    '12345678901234567890',
    '0.1234567890123456789012',
    '1e999',
    '-1e400',
    '1e-400',
    '1.7976931348623157e309',
    `1${'0'.repeat(250)}`,
  ])('refuses %s, and points at it', (number) => {
    const found = findAlteredNumber(`{"a":[1,{"b/c":${number}}]}`);

    expect(found).toEqual({ pointer: '/a/1/b~1c', detail: expect.stringContaining('exactly') });
  });

  test.each([
    '0',
    '-0',
    '0.0',
    '0e5',
    '0.1',
    '1.50',
    '100',
    '1e2',
    '1E+20',
    '9007199254740991',
    '9007199254740992',
    '100000000000000000000',
    '0.30000000000000004',
    '1e-130',
    '9.99e125',
    '5e-324',
  ])('lets %s pass: the same number comes out of it', (number) => {
    expect(findAlteredNumber(`{"a":${number}}`)).toBeUndefined();
  });

  test('does not mistake text for numbers', () => {
    const body = { id: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c', quoted: 'he said "9007199254740993" \\', path: 'C:\\9007199254740993', '1e999': '1e999' };

    expect(findAlteredNumber(JSON.stringify(body))).toBeUndefined();
  });

  test('finds one of 100,000 digits', () => {
    expect(findAlteredNumber(`[1${'0'.repeat(100_000)}1]`)).toEqual({ pointer: '/0', detail: expect.any(String) });
  });

  test('looks at a body that is one number', () => {
    expect(findAlteredNumber('1e999')).toEqual({ pointer: '', detail: expect.any(String) });
  });
});
