import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startService, type TestService } from '../support/service.js';
import { type Rule, rules } from './answers.js';
import { ContractCheck, Counts, type Draw, type Finding } from './check.js';
import { readContract } from './document.js';
import { type Mistake, type PassingAnswer, startMistakenService } from './mistaken-service.js';
import { Stories } from './stories.js';
import type { SentRequest } from './wire.js';
import { World } from './world.js';

// Real: the whole service, behind a proxy that makes one mistake. Each rule of the contract tests has to find at least one.

interface Planted {
  readonly mistake: Mistake | ((world: World) => Mistake);
  /** The operation, or the story, that meets it. */
  readonly met: string;
  readonly rule: Rule;
}

const contract = await readContract();
const storyNames = ['todos', 'records', 'users', 'counter', 'sign-ins'];
const quota = 3;
const draw: Draw = { seed: 5, runs: 40, shrinks: 3 };

let service: TestService;
let world: World;
beforeAll(async () => {
  service = await startService({ LOGIN_LIMIT_ACCOUNT_ADDRESS: String(quota), LOGIN_LIMIT_ACCOUNT: '100000', LOGIN_LIMIT_ADDRESS: '100000' });
  world = await World.settle(service);
});
afterAll(async () => service?.stop());

/** Changes the JSON of answers. */
const json = (change: (body: any) => unknown) => (answer: PassingAnswer) => {
  if (answer.text !== '') {
    const body: unknown = JSON.parse(answer.text);
    answer.text = JSON.stringify(change(body) ?? body);
  }
};
/** Spoils only the answers of one route: a method, and what the path begins with. */
const on = (method: string, path: string, spoil: (answer: PassingAnswer, request: SentRequest) => void): Mistake => ({
  answer: (answer, request) => (request.method === method && request.path.startsWith(path) ? spoil(answer, request) : undefined),
});
const onStatus = (status: number, spoil: (answer: PassingAnswer) => void): Mistake => ({
  answer: (answer) => (answer.status === status ? spoil(answer) : undefined),
});
const withoutHeader = (name: string): Mistake => ({
  request: (request) => ({ ...request, headers: Object.fromEntries(Object.entries(request.headers).filter(([header]) => header !== name.toLowerCase())) }),
});
const dropping = (header: string): Mistake => ({ answer: ({ headers }) => headers.delete(header) });
/** Says that it is done, and does nothing. */
const idle = (method: string, path: string): Mistake => ({
  instead: (request) =>
    request.method === method && request.path.startsWith(path) ? { status: 204, headers: new Headers({ 'X-Request-Id': 'x' }), text: '' } : undefined,
});
/** Reads what it should delete, where that has no condition. */
const keeping = (path: string): Mistake => ({
  request: (request) =>
    request.method === 'DELETE' && request.path.startsWith(path) && !('if-match' in request.headers) ? { ...request, method: 'GET' } : request,
  ...on('DELETE', path, (answer) => {
    if (answer.status === 200) {
      Object.assign(answer, { status: 204, text: '' });
      ['Content-Type', 'ETag'].forEach((name) => answer.headers.delete(name));
    }
  }),
});
const problem = (status: number, code: string) => (answer: PassingAnswer) => {
  answer.status = status;
  answer.headers.set('Content-Type', 'application/problem+json');
  ['ETag', 'Location', 'Idempotency-Replayed'].forEach((name) => answer.headers.delete(name));
  const requestId = answer.headers.get('X-Request-Id');
  answer.text = JSON.stringify({ type: `urn:duet:problem:${code}`, title: 'x', status, detail: 'x', code, requestId });
};

const planted: Readonly<Record<string, Planted>> = {
  'a wrong status': { mistake: onStatus(200, (answer) => (answer.status = 202)), met: 'getCounter', rule: 'documented status' },
  'a fault of the service': { mistake: on('GET', '/todos/', problem(500, 'service.internal')), met: 'getTodo', rule: 'no fault of the service' },
  'an undocumented field': {
    mistake: on(
      'POST',
      '/users',
      json((body) => ({ ...body, passwordHash: 'x' })),
    ),
    met: 'registerUser',
    rule: 'body fits its schema',
  },
  'an undocumented field deep inside': {
    mistake: on(
      'GET',
      '/users',
      json((body) => void body.items?.forEach((item: object) => Object.assign(item, { ttl: 1 }))),
    ),
    met: 'listTodos',
    rule: 'body fits its schema',
  },
  'a missing field': {
    mistake: onStatus(
      200,
      json((body) => ({ ...body, lastUpdated: undefined })),
    ),
    met: 'countVisit',
    rule: 'body fits its schema',
  },
  'a field of another type': {
    mistake: on(
      'GET',
      '/counter',
      json((body) => ({ ...body, visitCount: '7' })),
    ),
    met: 'getCounter',
    rule: 'body fits its schema',
  },
  'a body with a deletion': {
    mistake: onStatus(204, (answer) => ((answer.status = 200), (answer.text = '{}'))),
    met: 'deleteTodo',
    rule: 'documented status',
  },
  'a missing entity tag': { mistake: dropping('ETag'), met: 'getTodo', rule: 'documented header present' },
  'a missing request id': { mistake: dropping('X-Request-Id'), met: 'getHealth', rule: 'documented header present' },
  'a missing challenge': { mistake: dropping('WWW-Authenticate'), met: 'getDashboard', rule: 'documented header present' },
  'a missing quota': { mistake: dropping('RateLimit'), met: 'login', rule: 'documented header present' },
  'a limit that does not say until when': { mistake: dropping('Retry-After'), met: 'sign-ins', rule: 'documented header present' },
  'an entity tag without quotes': {
    mistake: { answer: ({ headers }) => headers.has('ETag') && headers.set('ETag', '1') },
    met: 'replaceTodo',
    rule: 'header fits its schema',
  },
  'an undocumented header': { mistake: { answer: ({ headers }) => headers.set('RateLimit', 'x') }, met: 'getService', rule: 'no undocumented header' },
  'another media type': { mistake: { answer: ({ headers }) => headers.set('Content-Type', 'text/html') }, met: 'getRecords', rule: 'documented media type' },
  'a problem as plain JSON': {
    mistake: onStatus(404, ({ headers }) => headers.set('Content-Type', 'application/json')),
    met: 'getTodo',
    rule: 'documented media type',
  },
  'a problem of another request': {
    mistake: onStatus(
      400,
      json((body) => ({ ...body, requestId: 'x' })),
    ),
    met: 'createTodo',
    rule: 'problem names its own request',
  },
  'a code that its route does not have': { mistake: onStatus(404, problem(404, 'route.not_found')), met: 'getTodo', rule: 'documented code' },
  'an entity tag that is not the version': {
    mistake: { answer: ({ headers }) => headers.has('ETag') && headers.set('ETag', '"99"') },
    met: 'patchTodo',
    rule: 'entity tag is the version',
  },
  'invalid input accepted': {
    mistake: onStatus(400, (answer) => ((answer.status = 204), (answer.text = ''), answer.headers.delete('Content-Type'))),
    met: 'logout',
    rule: 'invalid input is refused',
  },
  'valid input refused': { mistake: onStatus(201, problem(400, 'request.invalid')), met: 'createTodo', rule: 'valid input is taken' },
  'another documented status': { mistake: onStatus(200, problem(404, 'user.not_found')), met: 'getUser', rule: 'status as designed' },
  'an unchecked token': {
    mistake: ({ alice }) => ({
      request: (request) => ({ ...request, headers: { ...request.headers, authorization: request.headers['authorization'] ?? `Bearer ${alice.token}` } }),
    }),
    met: 'listTodos',
    rule: 'no token, no access',
  },
  'an unchecked owner': {
    mistake: ({ bob }) => ({
      request: (request) => ({
        ...request,
        headers: { ...request.headers, ...(request.path.includes(bob.id) && { authorization: `Bearer ${bob.token}` }) },
      }),
    }),
    met: 'listTodos',
    rule: 'nothing of other users',
  },
  'a word of someone else’s in an answer': {
    mistake: ({ bob }) =>
      on(
        'GET',
        '/health/live',
        json((body) => ({ ...body, version: bob.marks[0] })),
      ),
    met: 'getLiveness',
    rule: 'nothing of other users',
  },
  'an ignored limit': {
    mistake: { request: (request) => ({ ...request, path: request.path.replace(/limit=\d+/, 'limit=100') }) },
    met: 'todos',
    rule: 'limit is kept',
  },
  'a list that leaves one out': {
    mistake: on(
      'GET',
      '/users',
      json((body) => void body.items?.pop()),
    ),
    met: 'todos',
    rule: 'lists hold what there is',
  },
  'a list in another order': {
    mistake: on(
      'GET',
      '/users',
      json((body) => void body.items?.reverse()),
    ),
    met: 'todos',
    rule: 'lists hold what there is',
  },
  'a read that is not what was written': {
    mistake: on(
      'GET',
      '/todos/',
      json((body) => ({ ...body, title: 'x' })),
    ),
    met: 'todos',
    rule: 'what was written is read',
  },
  'a deletion that deletes nothing': { mistake: keeping('/todos/'), met: 'todos', rule: 'what was deleted is gone' },
  'a stale write accepted': { mistake: withoutHeader('If-Match'), met: 'todos', rule: 'a stale write is refused' },
  'a condition on reading ignored': { mistake: withoutHeader('If-None-Match'), met: 'todos', rule: 'an unchanged read is 304' },
  'an idempotency key ignored': { mistake: withoutHeader('Idempotency-Key'), met: 'records', rule: 'a repeated key replays' },
  'a replay that does not say so': { mistake: dropping('Idempotency-Replayed'), met: 'counter', rule: 'a repeated key replays' },
  'a session that does not end': { mistake: idle('POST', '/auth/logout'), met: 'users', rule: 'sessions end' },
  'tries without a limit': {
    mistake: onStatus(
      429,
      (answer) => (problem(401, 'auth.invalid_credentials')(answer), answer.headers.set('WWW-Authenticate', 'Bearer'), answer.headers.delete('Retry-After')),
    ),
    met: 'sign-ins',
    rule: 'tries are limited',
  },
};

/** What the operation or story of this name finds out about the service at a URL. */
async function findingOf(url: string, name: string, draw: Draw): Promise<Finding | undefined> {
  const stories = new Stories(contract, world, url, new Counts());
  switch (name) {
    case 'todos':
      return stories.todos(draw);
    case 'records':
      return stories.records(draw);
    case 'users':
      return stories.users(draw);
    case 'counter':
      return stories.counter(draw);
    case 'sign-ins':
      return stories.signIns(quota);
    default:
      return new ContractCheck(contract, world, url, new Counts()).operation(contract.operation(name), draw);
  }
}

describe('A planted mistake is found, and named:', () => {
  test.each(Object.entries(planted))('%s', async (_, { mistake, met, rule }) => {
    const mistaken = await startMistakenService(service.url, typeof mistake === 'function' ? mistake(world) : mistake);
    try {
      const finding = await findingOf(mistaken.url, met, draw);

      expect(finding?.violations.map((violation) => violation.rule)).toContain(rule);
      expect(finding?.report).toContain(`  ${rule}: `);
      expect(finding?.report).toMatch(/ {2}curl -si -X [A-Z]+ 'http:/);
      expect(finding?.report).toContain(met === 'sign-ins' ? '--seed' : `--seed ${draw.seed}`);
      expect(finding?.report).not.toContain(world.alice.token);
    } finally {
      await mistaken.stop();
    }
  });

  test('no rule is there without a mistake that it finds', () => {
    expect(new Set(Object.values(planted).map(({ rule }) => rule))).toEqual(new Set(rules));
  });
});

test('Where no mistake is planted, none is found', async () => {
  const honest = await startMistakenService(service.url);
  try {
    for (const name of [...contract.operations.map(({ id }) => id), ...storyNames]) {
      expect([name, (await findingOf(honest.url, name, { seed: 5, runs: storyNames.includes(name) ? 1 : 8 }))?.report]).toEqual([name, undefined]);
    }
  } finally {
    await honest.stop();
  }
});
