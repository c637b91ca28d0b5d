import { describe, expect, test } from '@jest/globals';
import { foldCase } from './case-folding.js';

describe('Folding case', () => {
  test.each([
    ['a sharp s', 'Straße', 'STRASSE'],
    ['a capital sharp s', 'STRAẞE', 'strasse'],
    ['a final sigma', 'ΟΔΟΣ', 'οδος'],
    ['a sigma within a word', 'ὈΔΥΣΣΕΎΣ', 'ὀδυσσεύς'],
    ['an accent written apart', 'Cafe\u0301', 'CAFÉ'],
    ['a ligature', 'ﬁle', 'FILE'],
    ['letters outside the basic plane', '𐐀', '𐐨'],
    ['Cherokee', 'Ꭰ', 'ꭰ'],
    ['an iota with two accents', 'ΐ', 'Ϊ́'],
  ])('makes %s the same in any case', (_, one, other) => {
    expect(foldCase(one)).toBe(foldCase(other));
  });

  test.each([
    ['i and dotless i', 'i', 'ı'],
    ['letters with and without an accent', 'e', 'é'],
  ])('keeps %s apart', (_, one, other) => {
    expect(foldCase(one)).not.toBe(foldCase(other));
  });

  test('of a part is a part of the folded whole, for a sigma too', () => {
    expect(foldCase('ΟΔΟΣΗΜΑΝΣΗ')).toContain(foldCase('ΟΔΟΣ'));
  });
});
