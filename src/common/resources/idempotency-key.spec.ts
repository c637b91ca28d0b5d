import { describe, expect, test } from '@jest/globals';
import { ValidationError } from '../errors/errors.js';
import { fingerprintOf, parseIdempotencyKey } from './idempotency-key.js';

describe('An idempotency key', () => {
  test.each([undefined, '!', '~', 'x'.repeat(255), '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c'])('may be %s', (key) => {
    expect(parseIdempotencyKey(key)).toBe(key);
  });

  test.each(['', ' ', 'a b', 'x'.repeat(256), 'é', 'a\u007f', 'a\n', '😀'])('may not be %j', (key) => {
    expect(() => parseIdempotencyKey(key)).toThrow(ValidationError);
  });
});

describe('A fingerprint', () => {
  test('is the same for the same payload, whatever the order of its fields', () => {
    expect(fingerprintOf('POST', { a: 1, b: { c: [1, 2], d: null } })).toBe(fingerprintOf('POST', { b: { d: null, c: [1, 2] }, a: 1 }));
  });

  test.each<[string, unknown, unknown]>([
    ['another value', { a: 1 }, { a: 2 }],
    ['another type', { a: 1 }, { a: '1' }],
    ['another order of a list', [1, 2], [2, 1]],
    ['null instead of nothing', { a: null }, {}],
    ['a list of pairs instead of an object', { a: 1 }, [['a', 1]]],
    ['an empty list instead of an empty object', { a: [] }, { a: {} }],
  ])('is different for %s', (_, one, other) => {
    expect(fingerprintOf('POST', one)).not.toBe(fingerprintOf('POST', other));
  });

  test('is different for another operation', () => {
    expect(fingerprintOf('POST /a', {})).not.toBe(fingerprintOf('POST /b', {}));
  });
});
