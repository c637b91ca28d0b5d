import { describe, expect, test } from '@jest/globals';
import { Router, UndecodablePathError } from './router.js';

const router = new Router<string>();
for (const [method, path] of [
  ['GET', '/'],
  ['GET', '/users'],
  ['POST', '/users'],
  ['GET', '/users/:id'],
  ['DELETE', '/users/:id'],
  ['GET', '/users/me'],
  ['GET', '/users/:id/todos/:todoId'],
  ['GET', '/openapi.json'],
] as const) {
  router.add(method, path, `${method} ${path}`);
}

describe('A request meets', () => {
  test.each([
    ['GET', '/', 'GET /', {}],
    ['GET', '/users', 'GET /users', {}],
    ['POST', '/users', 'POST /users', {}],
    ['GET', '/users/', 'GET /users', {}],
    ['GET', '/USERS/42', 'GET /users/:id', { id: '42' }],
    ['GET', '/users/A%20b', 'GET /users/:id', { id: 'A b' }],
    ['GET', '/users/a%2Fb', 'GET /users/:id', { id: 'a/b' }],
    ['HEAD', '/users/42', 'GET /users/:id', { id: '42' }],
    ['DELETE', '/users/42', 'DELETE /users/:id', { id: '42' }],
    // The first declared wins.
    ['GET', '/users/me', 'GET /users/:id', { id: 'me' }],
    ['GET', '/users/1/todos/2', 'GET /users/:id/todos/:todoId', { id: '1', todoId: '2' }],
    ['GET', '/openapi.json', 'GET /openapi.json', {}],
  ])('%s %s: %s', (method, path, handler, params) => {
    expect(router.find(method, path)).toEqual({ handler, params, template: handler.split(' ')[1] });
  });

  test.each([
    ['GET', '/nowhere'],
    ['GET', '/users//'],
    ['GET', '/users/42/'.padEnd(12, '/')],
    ['GET', '/users//todos/1'],
    ['GET', '/openapiXjson'],
    ['GET', '/%75sers'],
    ['PUT', '/users'],
    ['HEAD', '/nowhere'],
    ['POST', '/users/42'],
  ])('%s %s: nothing', (method, path) => {
    expect(router.find(method, path)).toBeUndefined();
  });

  test.each(['GET', 'POST', 'HEAD'])('%s /users/%%zz: an error, for no method has such a path', (method) => {
    expect(() => router.find(method, '/users/%zz')).toThrow(UndecodablePathError);
  });
});

test.each([
  ['/', ['GET', 'HEAD']],
  ['/users', ['GET', 'HEAD', 'POST']],
  ['/Users/42/', ['DELETE', 'GET', 'HEAD']],
  ['/nowhere', []],
])('The methods at %s are %j', (path, methods) => {
  expect(router.methodsAt(path)).toEqual(methods);
});

test.each(['/files/*path', '/users{/:id}', '/a-:b', '/:id.json', '/users/:', '/a(b)'])('%s is refused when it is declared', (template) => {
  expect(() => new Router<string>().add('GET', template, '')).toThrow(TypeError);
});
