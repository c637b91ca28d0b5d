/**
 * Makes one function's code caches: run by code-cache.mjs in a process of Lambda's own Node, with real stores in its environment. It lets the
 * packaged function do everything it is there for, and then asks V8 for the code it has compiled: also of functions that are compiled only
 * when they are first called, which a cache made right after loading would lack.
 *
 *   node exercise.mjs <folder of the function> <file with its events>
 *
 * Answers are checked only for having succeeded or failed as meant: a cache of error paths would go unnoticed otherwise.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const [folder, eventsFile] = process.argv.slice(2);
// V8 throws away the code of functions that were not called for a while.
setFlagsFromString('--no-flush-bytecode');
const { forCaches, handler, scripts } = await import(pathToFileURL(join(folder, 'index.mjs')).href);

let invocations = 0;
const invoke = async (event) =>
  handler(event, { awsRequestId: `exercise-${++invocations}`, getRemainingTimeInMillis: () => 30_000, callbackWaitsForEmptyEventLoop: true });

if (basename(folder) === 'http') {
  await useHttp();
} else {
  for (const event of JSON.parse(await readFile(eventsFile, 'utf8'))) {
    await invoke(event);
  }
}

setFlagsFromString('--flush-bytecode');
forCaches();
for (const [file, script] of scripts) {
  await writeFile(join(folder, `${file}.cache`), script.createCachedData());
}
// Connections are still open, as they are when Lambda freezes an environment.
process.exit(0);

function eventOf(method, path, { body, headers = {}, query = '' } = {}) {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: { host: 'exercise.invalid', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    requestContext: { http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'exercise' }, requestId: 'exercise', stage: '$default' },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    isBase64Encoded: false,
  };
}

async function call(expected, method, path, options) {
  const answer = await invoke(eventOf(method, path, options));
  if (answer.statusCode !== expected) {
    throw new Error(`${method} ${path} answered ${answer.statusCode} and not ${expected}: ${answer.body}`);
  }
  return { ...answer, json: answer.body?.startsWith('{') ? JSON.parse(answer.body) : undefined };
}

/** Every route, with its commonest refusals, in the three shapes of events. */
async function useHttp() {
  const password = 'correct horse battery staple';
  const account = { email: 'exercise@example.com', name: 'Exercise', password, timeZone: 'Europe/Vienna' };
  const user = (await call(201, 'POST', '/users', { body: account })).json;
  await call(409, 'POST', '/users', { body: account });
  await call(400, 'POST', '/users', { body: { email: 'none', unknown: true } });
  await call(400, 'POST', '/users', { body: '{' });
  await call(401, 'POST', '/auth/login', { body: { email: account.email, password: 'not the password at all' } });
  await call(401, 'POST', '/auth/login', { body: { email: 'unknown@example.com', password } });
  const first = (await call(200, 'POST', '/auth/login', { body: { email: account.email, password } })).json;
  const { accessToken, refreshToken } = (await call(200, 'POST', '/auth/refresh', { body: { refreshToken: first.refreshToken } })).json;
  const mine = { authorization: `Bearer ${accessToken}` };

  await call(200, 'GET', '/');
  await call(200, 'GET', '/openapi.json');
  await call(200, 'GET', '/health/live');
  await call(200, 'GET', '/counter');
  await call(200, 'POST', '/counter');
  await call(200, 'POST', '/counter', { body: {}, headers: { 'idempotency-key': 'exercise' } });
  await call(200, 'POST', '/counter', { body: {}, headers: { 'idempotency-key': 'exercise' } });
  await call(404, 'GET', '/nowhere');
  await call(405, 'PUT', '/counter', { body: {} });
  await call(401, 'GET', `/users/${user.id}`);
  await call(401, 'GET', `/users/${user.id}`, { headers: { authorization: 'Bearer none' } });

  await call(200, 'GET', `/users/${user.id}`, { headers: mine });
  await call(304, 'GET', `/users/${user.id}`, { headers: { ...mine, 'if-none-match': '"1"' } });
  await call(403, 'GET', '/users/019aa000-0000-7000-8000-000000000000', { headers: mine });
  await call(403, 'GET', '/users', { headers: mine });
  await call(200, 'PATCH', `/users/${user.id}`, { headers: mine, body: { name: 'Exercised' } });
  await call(412, 'PATCH', `/users/${user.id}`, { headers: { ...mine, 'if-match': '"1"' }, body: { name: 'Again' } });

  const todos = `/users/${user.id}/todos`;
  const full = { title: 'One', description: 'First', priority: 'high', due: '2026-11-21', tags: ['a'], checklist: [{ title: 'step', done: false }] };
  const todo = (await call(201, 'POST', todos, { headers: { ...mine, 'idempotency-key': 'one' }, body: full })).json;
  await call(201, 'POST', todos, { headers: { ...mine, 'idempotency-key': 'one' }, body: full });
  await call(422, 'POST', todos, { headers: { ...mine, 'idempotency-key': 'one' }, body: { title: 'Other' } });
  await call(201, 'POST', todos, { headers: mine, body: { title: 'Two' } });
  await call(400, 'POST', todos, { headers: mine, body: { title: '' } });
  for (const query of ['', 'limit=1', 'status=open&status=done&q=on&tag=a', 'sort=due&dueBefore=2030-01-01', 'sort=createdAt', 'archived=true']) {
    const { json } = await call(200, 'GET', todos, { headers: mine, query });
    if (json.nextCursor !== null) await call(200, 'GET', todos, { headers: mine, query: `${query}&cursor=${json.nextCursor}` });
  }
  await call(400, 'GET', todos, { headers: mine, query: 'limit=0' });
  await call(200, 'GET', `/todos/${todo.id}`, { headers: mine });
  await call(404, 'GET', '/todos/019aa000-0000-7000-8000-000000000000', { headers: mine });
  await call(200, 'PUT', `/todos/${todo.id}`, { headers: { ...mine, 'if-match': '"1"' }, body: { title: 'One again', status: 'in_progress' } });
  await call(412, 'PATCH', `/todos/${todo.id}`, { headers: { ...mine, 'if-match': '"1"' }, body: { status: 'done' } });
  await call(200, 'PATCH', `/todos/${todo.id}`, { headers: mine, body: { status: 'done' } });
  await call(200, 'GET', `/dashboard/${user.id}`, { headers: mine });
  await call(204, 'DELETE', `/todos/${todo.id}`, { headers: mine });

  await call(201, 'POST', '/dynamo', {
    headers: { ...mine, 'idempotency-key': 'record' },
    body: { user_id: user.id, colour: 'blue', nested: { list: [1, 2.5, null, true] } },
  });
  await call(409, 'POST', '/dynamo', { headers: mine, body: { user_id: user.id } });
  await call(200, 'GET', '/dynamo', { headers: mine, query: `user_id=${user.id}` });
  await call(200, 'PATCH', '/dynamo', { headers: mine, body: { user_id: user.id, updatedKey: 'colour', updatedValue: 'red' } });
  await call(204, 'DELETE', '/dynamo', { headers: mine, query: `user_id=${user.id}` });
  await call(404, 'GET', '/dynamo', { headers: mine, query: `user_id=${user.id}` });
  await call(200, 'GET', '/health');

  await invoke({
    ...eventOf('GET', '/counter'),
    version: '1.0',
    httpMethod: 'GET',
    path: '/counter',
    multiValueHeaders: { Host: ['exercise.invalid'] },
    requestContext: { identity: {}, stage: 'prod' },
  });
  await invoke({ httpMethod: 'GET', path: '/counter', headers: { host: 'exercise.invalid' }, requestContext: { elb: {} }, body: '', isBase64Encoded: false });

  await call(204, 'POST', '/auth/logout', { body: { refreshToken } });
  await call(204, 'DELETE', `/users/${user.id}`, { headers: mine });
}
