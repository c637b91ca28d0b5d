import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, callService, type CallOptions } from '../support/service.js';
import type { CounterLedger, Journal, UserJournal } from './journal.js';

/** What must hold when all is quiet again, and whether it does. */
export interface Finding {
  readonly invariant: string;
  /** What it was held against, such as `100 users`. */
  readonly extent: string;
  readonly violations: readonly string[];
}

/** What the checks need to know besides the journal. */
export interface CheckOptions {
  /** Whether no one else uses the service, so that the counter is ours alone. */
  readonly alone: boolean;
  /** How long the erasure of someone who left may take; the promise is "shortly after, normally before the answer" (design, `DELETE /users/{id}`). */
  readonly erasurePatienceMs?: number;
}

type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

/** How many users are looked at side by side. */
const abreast = 8;
/** How long the service may take to find its feet. */
const quietPatienceMs = 30_000;

/**
 * Holds what the service shows against what it acknowledged. Creations, keyed hits and deletions of users that got no answer are sent again
 * first, and so are settled.
 */
export async function checkInvariants(
  url: string,
  { users, leavers, counter }: Journal,
  { alone, erasurePatienceMs = 5_000 }: CheckOptions,
): Promise<Finding[]> {
  const call: Call = async (method, path, options) => answerFrom(url, method, path, options);
  const violationsOf = async (of: readonly UserJournal[], check: (call: Call, user: UserJournal) => Promise<string[]>): Promise<string[]> =>
    (await inTurns(of, async (user) => (await check(call, user)).map((violation) => `${user.credentials.email}: ${violation}`))).flat();
  await inTurns(users, async (user) => takeUp(call, user));
  await inTurns(
    leavers.filter(({ deletionUnsettled }) => deletionUnsettled),
    async (user) => ask(call, user, 'DELETE', `/users/${user.id}`),
  );
  const todos = [...users].reduce((sum, user) => sum + user.todos.size, 0);
  return [
    { invariant: 'What was acknowledged is there, once, and nothing else', extent: `${todos} todos`, violations: await violationsOf(users, assertContents) },
    { invariant: 'Dashboards equal a recount by listing', extent: `${users.length} users`, violations: await violationsOf(users, assertCounts) },
    { invariant: 'The counter equals the acknowledged hits', extent: `${counter.acknowledged} hits`, violations: await assertCounter(call, counter, alone) },
    {
      invariant: 'Who left has left nothing',
      extent: `${leavers.length} users`,
      violations: await violationsOf(leavers, async (call, user) => assertNothingLeft(call, user, erasurePatienceMs)),
    },
  ];
}

/** One call, again while a store is said to be unavailable: what the load has left behind may take a while. All that is called here may be repeated. */
async function answerFrom(url: string, ...request: Parameters<Call>): Promise<Answer> {
  const patience = performance.now() + quietPatienceMs;
  for (;;) {
    const answer = await callService(url, ...request);
    if (answer.status !== 503 || performance.now() > patience) {
      return answer;
    }
    await sleep(500);
  }
}

/** Signs in again where tokens are old or in doubt, and settles what got no answer. */
async function takeUp(call: Call, user: UserJournal): Promise<void> {
  const { email, password } = user.credentials;
  const { status, body, text } = await call('POST', '/auth/login', { body: { email, password } });
  if (status !== 200) {
    throw new Error(`${email} cannot sign in after the run: ${status} ${text}`);
  }
  user.credentials.accessToken = body.accessToken;
  for (const { key, body: creation } of user.unsettledCreations.splice(0)) {
    const { status, body } = await ask(call, user, 'POST', `/users/${user.id}/todos`, { body: creation, headers: { 'Idempotency-Key': key } });
    if (status === 201) {
      user.todos.set(body.id, { id: body.id, status: body.status, version: body.version });
    }
  }
}

async function assertContents(call: Call, user: UserJournal): Promise<string[]> {
  const listed = new Map((await listAll(call, user)).map((todo) => [todo.id as string, todo]));
  const violations: string[] = [];
  for (const known of user.todos.values()) {
    const stored = listed.get(known.id);
    const doubt = user.unsettled.get(known.id);
    if (stored === undefined) {
      if (doubt !== 'deleted') {
        violations.push(`todo ${known.id} was acknowledged and is not listed`);
      }
    } else if (doubt === undefined && (stored.version !== known.version || stored.status !== known.status)) {
      violations.push(`todo ${known.id} is version ${stored.version} (${stored.status}); acknowledged was ${known.version} (${known.status})`);
    }
  }
  for (const id of listed.keys()) {
    if (!user.todos.has(id)) {
      violations.push(`todo ${id} ${user.deleted.has(id) ? 'was deleted and is listed' : 'is listed and was never acknowledged: a duplicate'}`);
    }
  }
  const { status, body } = await ask(call, user, 'GET', `/dynamo?user_id=${user.id}`);
  const plan: unknown = status === 404 ? null : body?.plan;
  if (user.recordPlan !== undefined && plan !== user.recordPlan) {
    violations.push(`the record says ${JSON.stringify(plan)}; acknowledged was ${JSON.stringify(user.recordPlan)}`);
  }
  return violations;
}

async function assertCounts(call: Call, user: UserJournal): Promise<string[]> {
  const { body } = await ask(call, user, 'GET', `/dashboard/${user.id}`);
  const [active, archived] = [await listAll(call, user), await listAll(call, user, '&archived=true')];
  const having = (status: string): number => active.filter((todo) => todo.status === status).length;
  const recount = { total: active.length, open: having('open'), inProgress: having('in_progress'), done: having('done'), archived: archived.length };
  return Object.entries(recount)
    .filter(([name, count]) => body?.todos?.[name] !== count)
    .map(([name, count]) => `the dashboard counts ${name} as ${body?.todos?.[name]}, and listing gives ${count}`);
}

async function assertCounter(call: Call, counter: CounterLedger, alone: boolean): Promise<string[]> {
  for (const key of counter.unsettledKeys.splice(0)) {
    const { status } = await call('POST', '/counter', { body: {}, headers: { 'Idempotency-Key': key } });
    counter.acknowledged += status === 200 ? 1 : 0;
    counter.unknown += status === 200 ? 0 : 1;
  }
  const { body } = await call('GET', '/counter');
  const counted = body.visitCount - counter.before;
  const most = alone ? counter.acknowledged + counter.unknown : Number.POSITIVE_INFINITY;
  return counted >= counter.acknowledged && counted <= most
    ? []
    : [`the counter went up by ${counted}; acknowledged were ${counter.acknowledged}, and the outcome of ${counter.unknown} is unknown`];
}

async function assertNothingLeft(call: Call, user: UserJournal, patienceMs: number): Promise<string[]> {
  const patience = performance.now() + patienceMs;
  for (;;) {
    const traces = await tracesOf(call, user);
    if (traces.length === 0 || performance.now() > patience) {
      return traces;
    }
    await sleep(250);
  }
}

/** What is still to be seen of someone who left, with the tokens they had. */
async function tracesOf(call: Call, user: UserJournal): Promise<string[]> {
  const { email, password, refreshToken } = user.credentials;
  const traces: string[] = [];
  const expectStatus = (what: string, { status }: Answer, ...allowed: number[]): void => {
    if (!allowed.includes(status)) {
      traces.push(`${what} answers ${status} after the deletion`);
    }
  };
  expectStatus('signing in', await call('POST', '/auth/login', { body: { email, password } }), 401);
  expectStatus('refreshing', await call('POST', '/auth/refresh', { body: { refreshToken } }), 401);
  for (const path of [`/users/${user.id}`, `/dashboard/${user.id}`, `/dynamo?user_id=${user.id}`, ...[...user.todos.keys()].map((id) => `/todos/${id}`)]) {
    expectStatus(`GET ${path}`, await ask(call, user, 'GET', path), 401, 404);
  }
  for (const list of ['', '?archived=true']) {
    const answer = await ask(call, user, 'GET', `/users/${user.id}/todos${list}`);
    expectStatus('listing todos', answer, 200, 401, 404);
    if (answer.status === 200 && answer.body.items.length > 0) {
      traces.push(`${answer.body.items.length} todos are listed after the deletion`);
    }
  }
  if (user.lastCreation !== undefined) {
    const { key, body } = user.lastCreation;
    const replayed = await ask(call, user, 'POST', `/users/${user.id}/todos`, { body, headers: { 'Idempotency-Key': key } });
    expectStatus('creating a todo', replayed, 401, 403, 404, 409);
  }
  return traces;
}

async function listAll(call: Call, user: UserJournal, filter = ''): Promise<{ id: string; status: string; version: number }[]> {
  const items = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { status, body, text }: Answer = await ask(
      call,
      user,
      'GET',
      `/users/${user.id}/todos?limit=100${filter}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    if (status !== 200) {
      throw new Error(`The todos of ${user.credentials.email} cannot be listed: ${status} ${text}`);
    }
    items.push(...body.items);
    cursor = body.nextCursor;
  }
  return items;
}

async function ask(call: Call, user: UserJournal, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  return call(method, path, { ...options, token: user.credentials.accessToken });
}

/** All of them, a few at a time, in order. */
export async function inTurns<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  await Promise.all(
    Array.from({ length: abreast }, async () => {
      for (const [index, item] of queue) {
        results[index] = await work(item);
      }
    }),
  );
  return results;
}
