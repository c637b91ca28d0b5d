import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { boundedText, codePoints, deepestNesting, escapePointer, findTextProblem, isVisible, visibleText } from './text.js';

describe('The length of a text', () => {
  test.each([
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 2],
    ['😀', 1],
    ['👩‍👩‍👧', 5],
    ['\ud800', 1],
  ])('%j is %i', (text, length) => {
    expect(codePoints(text)).toBe(length);
  });

  test('bounds texts at both ends, in code points', () => {
    const schema = boundedText(2, 3);
    expect(['😀', '😀😀', '😀😀😀', '😀😀😀😀'].map((text) => schema.safeParse(text).success)).toEqual([false, true, true, false]);
  });

  test.each(['', ' ', '\t\n', '\u00a0\u3000', 'x'.repeat(6)])('%j is one problem, not two, where something must be seen', (text) => {
    expect(visibleText(1, 5).safeParse(text).error?.issues).toHaveLength(1);
  });
});

describe('A text in which something must be seen', () => {
  test.each([
    ...['\u200B', '\u2800', '\u3164', '\u115F', '\uFFA0', '\uFEFF', '\u2060', '\u00AD', '\u034F', '\u180E', '\u202E\u202C', '\uFE0F', '\u{E0041}', '\u{1D159}'],
    ...['', ' ', '\t\n', '\u00A0\u3000', '\u0001\u007F', '\u0085', '\uFFFE', ' \u200B\u2800 '],
  ])('is refused when it is %j', (text) => {
    expect(isVisible(text)).toBe(false);
  });

  test.each(['a', '1', '.', '€', '😀', '🏳️‍🌈', 'é', 'ی\u200C', '\u200Ba', '가', 'ㅤa', '⠁', '\u0301', '\uE000', '☐'])('may be %j', (text) => {
    expect(isVisible(text)).toBe(true);
  });
});

describe('Text that cannot be stored', () => {
  test.each<[string, unknown, string]>([
    ['NUL', 'a\0', ''],
    ['NUL in a value', { a: [{ 'b/c': 'x\0' }] }, '/a/0/b~1c'],
    ['NUL in a name', { a: { 'b\0': 1 } }, '/a'],
    ['a high surrogate alone', { a: '\ud83d' }, '/a'],
    ['a low surrogate alone', ['ok', '\ude00'], '/1'],
    ['surrogates the wrong way round', '\ude00\ud83d', ''],
    ['half a pair beside a whole one', '😀\ud83d', ''],
    ['half a pair in a name', { '\ud83d': 1 }, ''],
    ['__proto__', JSON.parse('{"a":{"__proto__":{}}}'), '/a/__proto__'],
  ])('is found: %s', (_, value, pointer) => {
    expect(findTextProblem(value)).toEqual({ pointer, detail: expect.stringMatching(/\S/) });
  });

  test('is not seen in any JSON of good text', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.string({ unit: 'grapheme' }), (value, text) => {
        fc.pre(
          !JSON.stringify([value, text]).includes(String.raw`\u0000`) &&
            !JSON.stringify(value).includes('__proto__') &&
            !/\\ud[89a-f]/i.test(JSON.stringify(value)),
        );
        expect(findTextProblem({ value, text })).toBeUndefined();
      }),
    );
  });

  test('nesting passes at the limit and not beyond', () => {
    const nested = (levels: number): unknown => Array.from({ length: levels }).reduce((inner) => [inner], 7);

    expect(findTextProblem(nested(deepestNesting))).toBeUndefined();
    expect(findTextProblem(nested(deepestNesting + 1))).toEqual({ pointer: '/0'.repeat(deepestNesting), detail: expect.stringContaining('32') });
    expect(findTextProblem(nested(100_000))).toBeDefined();
  });
});

test('A pointer escapes what RFC 6901 says, and carries no text that JSON cannot', () => {
  expect(escapePointer('a/b~c')).toBe('a~1b~0c');
  expect(escapePointer('~1')).toBe('~01');
  expect(escapePointer('\0\ud800😀')).toBe('\uFFFD\uFFFD😀');
});
