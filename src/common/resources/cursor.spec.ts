import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, decodeIdCursor, encodeCursor } from './cursor.js';
import { InvalidCursorError } from '../errors/errors.js';

const binding = ['todos', 'user', { status: ['open'] }];

describe('A cursor', () => {
  test('gives back any position under the same binding, in characters that need no escape in a URL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (position) => {
        const cursor = encodeCursor(position, binding);
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(decodeCursor(cursor, binding)).toBe(position);
      }),
    );
  });

  test.each([
    ['another list', ['records', 'user', { status: ['open'] }]],
    ['another caller', ['todos', 'other', { status: ['open'] }]],
    ['another filter', ['todos', 'user', { status: ['done'] }]],
    ['no filter', ['todos', 'user', {}]],
    ['less', ['todos', 'user']],
    ['more', [...binding, 'x']],
  ])('made for one is refused for %s', (_, other) => {
    expect(() => decodeCursor(encodeCursor('position', binding), other)).toThrow(InvalidCursorError);
  });

  test('is refused with any one character changed, dropped or added', () => {
    const cursor = encodeCursor('TODO#019e3a5c', binding);
    for (let at = 0; at < cursor.length; at += 1) {
      const changed = cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1);
      for (const damaged of [changed, cursor.slice(0, at) + cursor.slice(at + 1), `${cursor.slice(0, at)}.${cursor.slice(at)}`]) {
        expect(() => decodeCursor(damaged, binding)).toThrow(InvalidCursorError);
      }
    }
  });

  test('is refused when it is any other text', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(() => decodeCursor(text, binding)).toThrow(InvalidCursorError)));
  });

  test('whose position is no id is refused where ids are listed', () => {
    const id = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';

    expect(decodeIdCursor(encodeCursor(id, ['users']), ['users'])).toBe(id);
    expect(() => decodeIdCursor(encodeCursor("' OR 1=1", ['users']), ['users'])).toThrow(InvalidCursorError);
  });
});
