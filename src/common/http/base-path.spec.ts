import { describe, expect, test } from '@jest/globals';
import { stripBasePath } from './base-path.js';

describe('A base path', () => {
  test.each([
    ['/prod/todos/1?x=/prod', ['/prod'], '/todos/1?x=/prod', '/prod'],
    ['/prod', ['/prod'], '/', '/prod'],
    ['/prod/', ['/prod'], '/', '/prod'],
    ['/prod?x=1', ['/prod'], '/?x=1', '/prod'],
    ['/production/todos', ['/prod'], '/production/todos', ''],
    ['/todos/prod', ['/prod'], '/todos/prod', ''],
    ['/prod/prod/todos', ['/prod'], '/prod/todos', '/prod'],
    ['/a/b/todos', ['/a/b'], '/todos', '/a/b'],
    ['/stage/todos', ['', '/stage'], '/todos', '/stage'],
    ['/stage/todos', ['/other', '/stage'], '/todos', '/stage'],
    ['/todos', ['', ''], '/todos', ''],
    ['/PROD/todos', ['/prod'], '/PROD/todos', ''],
  ])('%s without %j is %s', (url, prefixes, rest, taken) => {
    const request = { url };

    expect(stripBasePath(request, prefixes)).toBe(taken);
    expect(request.url).toBe(rest);
  });
});
