import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { findRepeatedName } from './json-names.js';

describe('A name that stands twice in one object', () => {
  test.each([
    ['{"a":1,"a":1}', '/a'],
    ['{"a":1,"b":2,"a":3}', '/a'],
    ['{"a":1,"\\u0061":2}', '/a'],
    ['{"a":{"b":1,"b":2}}', '/a/b'],
    ['{"a":[1,[{"c":"d"},{"c":1,"x":{},"c":2}]]}', '/a/1/1/c'],
    ['[{"a":1},{"":1,"":2}]', '/1/'],
    ['{"a/b":{"~":1,"~":2}}', '/a~1b/~0'],
    ['{ "\\"" : 1 , "\\"" : 2 }', '/"'],
    ['{"__proto__":1,"__proto__":2}', '/__proto__'],
  ])('is found in %s', (json, pointer) => {
    expect(findRepeatedName(json)).toEqual({ pointer, detail: 'stands twice in one object' });
  });

  test.each([
    '{"a":"a","b":"a"}',
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '["a","a"]',
    '{"a":["a","a",{"a":1}],"b":{"a":1}}',
    '{"a":"\\"a\\":1,{","b":"{\\"a\\":1"}',
    '{"A":1,"a":2}',
    '"a"',
    '{}',
    'null',
  ])('is not seen in %s', (json) => {
    expect(findRepeatedName(json)).toBeUndefined();
  });

  test('is in nothing that JSON.stringify writes', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(findRepeatedName(JSON.stringify(value))).toBeUndefined()));
  });
});
