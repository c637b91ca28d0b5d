import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { type Contract, contractChanges, type JsonSchema, toldChanges } from './contract-changes.js';

/** A contract of one operation, `POST /things`, and one component, `Thing`. */
function contract({ request = {}, answer = {}, thing = {}, ...operation }: Partial<Parts> = {}): Contract {
  const post = {
    operationId: 'createThing',
    security: [],
    parameters: [],
    requestBody: { required: true, content: { 'application/json': { schema: request } } },
    responses: { 200: { headers: { ETag: { required: true, schema: { type: 'string' } } }, content: { 'application/json': { schema: answer } } } },
    ...operation,
  };
  return { paths: { '/things': { post } }, components: { schemas: { Thing: thing } } };
}

interface Parts {
  readonly request: JsonSchema;
  readonly answer: JsonSchema;
  readonly thing: JsonSchema;
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters: readonly { in: string; name: string; required?: boolean; schema?: JsonSchema }[];
  readonly requestBody: { readonly required: boolean; readonly content: Record<string, { readonly schema?: JsonSchema }> };
  readonly responses: Record<string, object>;
}

/** Each change as one line, breaking ones with an exclamation mark. */
const lines = (before: Contract, after: Contract): string[] =>
  contractChanges(before, after).map(({ breaking, place, what }) => `${breaking ? '!' : ' '} ${place}: ${what}`);

const object = (properties: Record<string, JsonSchema>, rest: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...rest,
});

// A schema that changes, and whether that breaks it as a request and as an answer.
const changes: [name: string, was: JsonSchema, is: JsonSchema, what: string, asRequest: '!' | ' ', asAnswer: '!' | ' '][] = [
  ['a greater bound', { type: 'string', maxLength: 10 }, { type: 'string', maxLength: 20 }, ': greatest length is 20, was 10', ' ', '!'],
  ['a smaller bound', { type: 'string', maxLength: 20 }, { type: 'string', maxLength: 10 }, ': greatest length is 10, was 20', '!', ' '],
  ['a new bound', { type: 'array' }, { type: 'array', maxItems: 5 }, ': greatest number of items is 5, was none', '!', ' '],
  ['a higher least', { type: 'integer', minimum: 1 }, { type: 'integer', minimum: 2 }, ': minimum is 2, was 1', '!', ' '],
  ['no least any more', { type: 'string', minLength: 1 }, { type: 'string' }, ': least length is none, was 1', ' ', '!'],
  ['an option less', { type: 'string', enum: ['a', 'b'] }, { type: 'string', enum: ['a'] }, ': may not be "b" any more', '!', ' '],
  ['an option more', { type: 'string', enum: ['a'] }, { type: 'string', enum: ['a', 'b'] }, ': may also be "b"', ' ', '!'],
  ['options at all', { type: 'string' }, { type: 'string', enum: ['a'] }, ': is one of ["a"] only', '!', ' '],
  ['another type', { type: 'string' }, { type: 'integer' }, ': is of type integer, was string', '!', '!'],
  ['a wider type', { type: 'integer' }, { type: 'number' }, ': is of type number, was integer', ' ', '!'],
  ['any type', { type: 'integer' }, {}, ': is of type any, was integer', ' ', '!'],
  ['null, too', { type: 'string' }, { anyOf: [{ type: 'string' }, { type: 'null' }] }, ': may also be null', ' ', '!'],
  ['null no more', { type: ['string', 'null'] }, { type: 'string' }, ': may not be null any more', '!', ' '],
  ['a pattern', { type: 'string' }, { type: 'string', pattern: '^a' }, ': pattern is "^a", was none', '!', ' '],
  ['another format', { type: 'string', format: 'date' }, { type: 'string', format: 'uuid' }, ': format is "uuid", was "date"', '!', '!'],
  ['a field newly required', object({ a: {} }), object({ a: {} }, { required: ['a'] }), '/a: is required now', '!', ' '],
  ['a field not required', object({ a: {} }, { required: ['a'] }), object({ a: {} }), '/a: is not required any more', ' ', '!'],
  ['a field less', object({ a: {} }), object({}), '/a: the field is gone', '!', '!'],
  ['a field more', object({}), object({ a: {} }), '/a: the field is new', ' ', ' '],
  ['a required field more', object({}), object({ a: {} }, { required: ['a'] }), '/a: the field is new, always there', '!', ' '],
  [
    'a field deep inside',
    object({ a: { type: 'array', items: object({ b: {} }) } }),
    object({ a: { type: 'array', items: object({}) } }),
    '/a/-/b: the field is gone',
    '!',
    '!',
  ],
  ['other fields forbidden', { type: 'object' }, object({}), ': takes no other fields any more', '!', ' '],
];

test.each(changes)('%s', (_, was, is, what, asRequest, asAnswer) => {
  expect(lines(contract({ request: was }), contract({ request: is }))).toEqual([`${asRequest} POST /things body${what}`]);
  expect(lines(contract({ answer: was }), contract({ answer: is }))).toEqual([`${asAnswer} POST /things 200 body${what}`]);
});

test('A changed component is told once a direction, wherever it is used', () => {
  const uses = { request: { $ref: '#/components/schemas/Thing' }, answer: { type: 'array', items: { $ref: '#/components/schemas/Thing' } } };
  const before = contract({
    ...uses,
    thing: object({ name: { type: 'string', maxLength: 10 }, child: { anyOf: [{ $ref: '#/components/schemas/Thing' }, { type: 'null' }] } }),
  });
  const after = contract({
    ...uses,
    thing: object({ name: { type: 'string', maxLength: 20 }, child: { anyOf: [{ $ref: '#/components/schemas/Thing' }, { type: 'null' }] } }),
  });

  expect(lines(before, after)).toEqual(['  Thing in requests/name: greatest length is 20, was 10', '! Thing in answers/name: greatest length is 20, was 10']);
});

test('Operations, tokens, parameters and bodies', () => {
  const limit = { in: 'query', name: 'limit', schema: { type: 'integer', default: 25 } };
  const required = { in: 'header', name: 'If-Match', required: true };

  expect(lines(contract(), { paths: {} })).toEqual(['! POST /things: the operation is gone']);
  expect(lines({ paths: {} }, contract())).toEqual(['  POST /things: the operation is new']);
  expect(lines(contract(), contract({ operationId: 'makeThing' }))).toEqual([expect.stringMatching(/^! POST \/things: operationId is makeThing/)]);
  expect(lines(contract(), contract({ security: [{ bearer: [] }] }))).toEqual(['! POST /things: now needs a token']);
  expect(lines(contract({ security: [{ bearer: [] }] }), contract())).toEqual(['  POST /things: needs no token any more']);
  expect(lines(contract({ parameters: [limit] }), contract())).toEqual(['! POST /things query limit: is not taken any more']);
  expect(lines(contract(), contract({ parameters: [limit] }))).toEqual(['  POST /things query limit: is new']);
  expect(lines(contract(), contract({ parameters: [required] }))).toEqual(['! POST /things header If-Match: is new and required']);
  expect(lines(contract({ parameters: [limit] }), contract({ parameters: [{ ...limit, schema: { type: 'integer', default: 50 } }] }))).toEqual([
    '! POST /things query limit: default is 50, was 25',
  ]);
  expect(lines(contract(), contract({ requestBody: { required: false, content: { 'application/merge-patch+json': {} } } }))).toEqual([
    '  POST /things body: is not required any more',
    '! POST /things body: is not taken as application/json any more',
    '  POST /things body: is also taken as application/merge-patch+json',
  ]);
});

test('Answers, their headers and media types', () => {
  const responses = (answers: Record<string, object>) => contract({ responses: answers });

  expect(lines(responses({ 200: {}, 404: {} }), responses({ 200: {} }))).toEqual(['! POST /things 404: the answer is gone']);
  expect(lines(responses({ 200: {} }), responses({ 200: {}, 202: {}, 409: {} }))).toEqual([
    '! POST /things 202: the answer is new',
    '  POST /things 409: the answer is new',
  ]);
  expect(lines(contract(), responses({ 200: { content: { 'text/html': {} } } }))).toEqual([
    '! POST /things 200 header ETag: is gone',
    '! POST /things 200 body: is not given as application/json any more',
    '! POST /things 200 body: may come as text/html',
  ]);
  expect(lines(responses({ 200: { headers: { ETag: { required: true } } } }), responses({ 200: { headers: { ETag: {}, Link: {} } } }))).toEqual([
    '! POST /things 200 header ETag: is not required any more',
    '  POST /things 200 header Link: is new',
  ]);
});

test('What is the same in many places is told once, with their number', () => {
  const [many, few] = [
    ['200', '400', '401', '500'],
    ['200', '500'],
  ].map((statuses) => {
    const responses = (headers: object) => contract({ responses: Object.fromEntries(statuses.map((status) => [status, { headers }])) });
    return toldChanges(contractChanges(responses({ ETag: {} }), responses({})));
  });

  expect(many).toEqual(['POST /things 200 header ETag: is gone (and 3 places like it)']);
  expect(few).toEqual(['POST /things 200 header ETag: is gone', 'POST /things 500 header ETag: is gone']);
});

test('Words and examples are no change, and neither is another way to say the same', () => {
  const was = { type: ['string', 'null'], description: 'A', example: 'x' };
  const is = { anyOf: [{ type: 'null' }, { type: 'string', title: 'T' }], description: 'B' };

  expect(lines(contract({ request: was, answer: was }), contract({ request: is, answer: is }))).toEqual([]);
});

test('The published contract differs from itself in nothing, and in what is changed', async () => {
  const text = await readFile('openapi.json', 'utf8');
  const [before, after] = [JSON.parse(text) as Contract, JSON.parse(text.replaceAll('"in_progress"', '"doing"')) as Contract];

  expect(lines(before, before)).toEqual([]);
  expect(lines(before, after).sort()).toEqual([
    '  GET /users/{id}/todos query status/-: may also be "doing"',
    '  Todo in answers/status: may not be "in_progress" any more',
    '  TodoContent in requests/status: may also be "doing"',
    '  TodoPatch in requests/status: may also be "doing"',
    '! GET /users/{id}/todos query status/-: may not be "in_progress" any more',
    '! Todo in answers/status: may also be "doing"',
    '! TodoContent in requests/status: may not be "in_progress" any more',
    '! TodoPatch in requests/status: may not be "in_progress" any more',
  ]);
});
