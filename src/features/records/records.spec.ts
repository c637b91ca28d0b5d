import { describe, expect, test } from '@jest/globals';
import { findUnstorable } from './records.js';

describe('What a record can hold', () => {
  test.each([[null], [true], [''], [[]], [{}], [0], [-0], [1e-130], [-9.99e125], [{ a: [{ b: { constructor: 'x', toString: 1 } }] }]])('takes %j', (value) => {
    expect(findUnstorable(value)).toBeUndefined();
  });

  test.each([
    ['a number too large', { a: [0, 1e126] }, ['a', 1]],
    ['a number too small', { a: { b: -9e-131 } }, ['a', 'b']],
    ['an empty name', { a: { '': 1 } }, ['a', '']],
    ['a name too long', { [`é${'e'.repeat(65_534)}`]: 1 }, [`é${'e'.repeat(65_534)}`]],
  ])('refuses %s, and points at it', (_, value, path) => {
    expect(findUnstorable(value)).toEqual({ path, reason: expect.any(String) });
  });

  test('takes a name that is just short enough', () => {
    expect(findUnstorable({ ['e'.repeat(65_535)]: 1 })).toBeUndefined();
  });
});
