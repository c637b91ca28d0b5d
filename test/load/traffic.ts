import { randomUUID } from 'node:crypto';
import type { CounterLedger, KnownTodo, UserJournal } from './journal.js';

/** An answer, as far as it matters; header names in lower case. */
export interface LoadAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // Read into freely: what is not as it should be is an error of the run.
  readonly body: any;
}

/** One request of a user, and what its answer means. */
export interface Operation {
  /** As the contract names it, for the table. */
  readonly route: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Takes an answer below 500 into the journal; gives what is wrong with it, if anything. */
  readonly settle: (answer: LoadAnswer) => string | undefined;
  /** Notes in the journal that its outcome is unknown: no answer came, or one that leaves it open (5xx). */
  readonly lose: () => void;
}

/** Takes an answer into the journal, whatever its status; gives what is wrong with it, if anything. */
export function settle(operation: Operation, answer: LoadAnswer): string | undefined {
  if (answer.status >= 500) {
    operation.lose();
    return `status ${answer.status}`;
  }
  return operation.settle(answer);
}

type Plan = (user: UserJournal, shared: Shared) => Operation | undefined;

interface Shared {
  readonly random: () => number;
  readonly counter: CounterLedger;
}

/** Access tokens live 15 minutes; a client renews them before. */
const tokenLifeMs = 8 * 60_000;

/** What people do, and how often: looking more than writing, signing in seldom. Shares of a thousand. */
const mix: readonly (readonly [number, Plan])[] = [
  [200, listNewest],
  [50, listByDue],
  [150, readTodo],
  [150, createTodo],
  [20, createAgain],
  [110, patchTodo],
  [25, replaceTodo],
  [50, deleteTodo],
  [90, readDashboard],
  [25, readCounter],
  [30, countVisit],
  [30, countVisitKeyed],
  [20, readRecord],
  [20, writeRecord],
  [15, readProfile],
  [10, refresh],
  [5, ({ credentials }) => signIn(credentials)],
];
const whole = mix.reduce((sum, [share]) => sum + share, 0);

/** What a user does next. Their requests come one after the other, so each answer is known before the next is chosen. */
export function nextOperation(user: UserJournal, shared: Shared): Operation {
  if (user.mustSignIn) {
    return signInAgain(user);
  }
  if (performance.now() - user.tokenAt > tokenLifeMs) {
    return refresh(user);
  }
  let at = shared.random() * whole;
  const plan = mix.find(([share]) => (at -= share) < 0)?.[1] ?? createTodo;
  return plan(user, shared) ?? createTodo(user, shared);
}

/** Deletes the user; `left` is called once it is acknowledged, or may have happened. */
export function leave(user: UserJournal, left: () => void): Operation {
  return {
    ...request(user, 'DELETE', '/users/{id}', `/users/${user.id}`),
    settle: ({ status }) => {
      left();
      return status === 204 ? undefined : unexpected(status, 204);
    },
    lose: () => {
      user.deletionUnsettled = true;
      left();
    },
  };
}

function listNewest(user: UserJournal): Operation {
  const { credentials, todos, certain } = user;
  return read(user, '/users/{id}/todos', `/users/${credentials.id}/todos`, ({ items }) =>
    !certain || items.length === Math.min(todos.size, 25) ? undefined : `a first page of ${items.length} todos, and there are ${todos.size}`,
  );
}

function listByDue(user: UserJournal): Operation {
  return read(user, '/users/{id}/todos', `/users/${user.id}/todos?sort=due&status=open&status=in_progress&limit=10`, ({ items }) =>
    items.every(({ due, status }: { due: string | null; status: string }) => due !== null && status !== 'done') ? undefined : 'a todo that the filter excludes',
  );
}

function readTodo(user: UserJournal, shared: Shared): Operation | undefined {
  const todo = anyTodo(user, shared);
  return todo && read(user, '/todos/{id}', `/todos/${todo.id}`, (body) => differs(body, todo));
}

function createTodo(user: UserJournal, { random }: Shared): Operation {
  const creation = {
    key: randomUUID(),
    body: JSON.stringify({
      title: `Call number ${Math.floor(random() * 1000)}`,
      status: random() < 0.8 ? 'open' : 'in_progress',
      ...(random() < 0.5 && { due: `2099-0${1 + Math.floor(random() * 9)}-15` }),
      ...(random() < 0.3 && { tags: ['home'], description: 'Between nine and five, and not on a Friday. '.repeat(8) }),
    }),
  };
  return {
    ...request(user, 'POST', '/users/{id}/todos', `/users/${user.id}/todos`, creation.body, { 'Idempotency-Key': creation.key }),
    settle: ({ status, body }) => {
      if (status !== 201) {
        return unexpected(status, 201);
      }
      know(user, body);
      user.lastCreation = { ...creation, todoId: body.id };
      return undefined;
    },
    lose: () => void user.unsettledCreations.push(creation),
  };
}

/** The same creation once more, as a client sends it that lost the answer. */
function createAgain(user: UserJournal): Operation | undefined {
  const { lastCreation: last } = user;
  return (
    last && {
      ...request(user, 'POST', '/users/{id}/todos', `/users/${user.id}/todos`, last.body, { 'Idempotency-Key': last.key }),
      settle: ({ status, headers, body }) => {
        if (status !== 201) {
          return unexpected(status, 201);
        }
        return body.id === last.todoId && headers['idempotency-replayed'] === 'true' ? undefined : 'a second todo for one Idempotency-Key';
      },
      lose: () => {},
    }
  );
}

function patchTodo(user: UserJournal, shared: Shared): Operation | undefined {
  const todo = anyTodo(user, shared);
  const status = (['open', 'in_progress', 'done', 'done'] as const)[Math.floor(shared.random() * 4)];
  return todo && change(user, todo, 'PATCH', { status });
}

function replaceTodo(user: UserJournal, shared: Shared): Operation | undefined {
  const todo = anyTodo(user, shared);
  return todo && change(user, todo, 'PUT', { title: 'Call back', priority: 'high', due: '2099-12-31', checklist: [{ title: 'Find the number', done: true }] });
}

/** A change made on what was read, as clients make it: with `If-Match`. */
function change(user: UserJournal, todo: KnownTodo, method: 'PATCH' | 'PUT', content: unknown): Operation {
  return {
    ...request(user, method, '/todos/{id}', `/todos/${todo.id}`, JSON.stringify(content), { 'If-Match': `"${todo.version}"` }),
    settle: ({ status, body }) => {
      if (status !== 200) {
        return unexpected(status, 200);
      }
      know(user, body);
      // A change that changes nothing may keep its version.
      return body.version === todo.version + 1 || body.version === todo.version ? undefined : `version ${body.version} follows ${todo.version}`;
    },
    lose: () => void user.unsettled.set(todo.id, 'changed'),
  };
}

function deleteTodo(user: UserJournal, shared: Shared): Operation | undefined {
  const todo = anyTodo(user, shared);
  return (
    todo && {
      ...request(user, 'DELETE', '/todos/{id}', `/todos/${todo.id}`),
      settle: ({ status }) => {
        if (status !== 204) {
          return unexpected(status, 204);
        }
        user.todos.delete(todo.id);
        user.deleted.add(todo.id);
        return undefined;
      },
      lose: () => void user.unsettled.set(todo.id, 'deleted'),
    }
  );
}

function readDashboard(user: UserJournal): Operation {
  return read(user, '/dashboard/{id}', `/dashboard/${user.id}`, ({ todos, degraded }) => {
    if (degraded.length > 0) {
      return `degraded: ${degraded.join(', ')}`;
    }
    const { total } = user.counts();
    return !user.certain || todos.total === total ? undefined : `the dashboard counts ${todos.total} todos, and there are ${total}`;
  });
}

function readCounter(user: UserJournal, { counter }: Shared): Operation {
  const least = counter.before + counter.acknowledged;
  return read(user, '/counter', '/counter', ({ visitCount }) => (visitCount >= least ? undefined : `the counter shows ${visitCount} after ${least}`));
}

function countVisit(user: UserJournal, { counter }: Shared): Operation {
  return { ...hit(user, counter), lose: () => void (counter.unknown += 1) };
}

function countVisitKeyed(user: UserJournal, { counter }: Shared): Operation {
  const key = randomUUID();
  return { ...hit(user, counter, key), lose: () => void counter.unsettledKeys.push(key) };
}

function hit(user: UserJournal, counter: CounterLedger, key?: string): Omit<Operation, 'lose'> {
  return {
    ...request(user, 'POST', '/counter', '/counter', '{}', key === undefined ? {} : { 'Idempotency-Key': key }),
    settle: ({ status }) => {
      counter.acknowledged += status === 200 ? 1 : 0;
      return status === 200 ? undefined : unexpected(status, 200);
    },
  };
}

function readRecord(user: UserJournal): Operation {
  const { recordPlan: plan } = user;
  return {
    ...request(user, 'GET', '/dynamo', `/dynamo?user_id=${user.id}`),
    settle: ({ status, body }) => {
      if (plan === undefined) {
        return status === 200 || status === 404 ? undefined : unexpected(status, 200);
      }
      const expected = plan === null ? 404 : 200;
      if (status !== expected) {
        return unexpected(status, expected);
      }
      return plan === null || body.plan === plan ? undefined : `the record says ${body.plan} after ${plan}`;
    },
    lose: () => {},
  };
}

/** Creates the user's record, changes it, or deletes it: whichever is its turn. */
function writeRecord(user: UserJournal, { random }: Shared): Operation | undefined {
  const { recordPlan: plan } = user;
  if (plan === undefined) {
    return undefined;
  }
  const next = plan !== null && random() < 0.25 ? null : `plan ${Math.floor(random() * 1000)}`;
  const wanted =
    plan === null
      ? { ...request(user, 'POST', '/dynamo', '/dynamo', JSON.stringify({ user_id: user.id, plan: next })), status: 201 }
      : next === null
        ? { ...request(user, 'DELETE', '/dynamo', `/dynamo?user_id=${user.id}`), status: 204 }
        : { ...request(user, 'PATCH', '/dynamo', '/dynamo', JSON.stringify({ user_id: user.id, updatedKey: 'plan', updatedValue: next })), status: 200 };
  return {
    ...wanted,
    settle: ({ status }) => {
      user.recordPlan = status === wanted.status ? next : undefined;
      return status === wanted.status ? undefined : unexpected(status, wanted.status);
    },
    lose: () => void (user.recordPlan = undefined),
  };
}

function readProfile(user: UserJournal): Operation {
  return read(user, '/users/{id}', `/users/${user.id}`, ({ email }) => (email === user.credentials.email ? undefined : 'the profile of someone else'));
}

function refresh(user: UserJournal): Operation {
  return {
    ...request(user, 'POST', '/auth/refresh', '/auth/refresh', JSON.stringify({ refreshToken: user.credentials.refreshToken })),
    settle: (answer) => takeTokens(user, answer),
    lose: () => void (user.mustSignIn = true),
  };
}

/** Another device signs in; the tokens at hand stay good. */
function signIn(credentials: UserJournal['credentials']): Operation {
  const { email, password } = credentials;
  return {
    route: 'POST /auth/login',
    method: 'POST',
    path: '/auth/login',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
    settle: ({ status, body }) => (status === 200 && body.user.id === credentials.id ? undefined : unexpected(status, 200)),
    lose: () => {},
  };
}

function signInAgain(user: UserJournal): Operation {
  return { ...signIn(user.credentials), settle: (answer) => takeTokens(user, answer) };
}

function takeTokens(user: UserJournal, { status, body }: LoadAnswer): string | undefined {
  user.mustSignIn = status !== 200;
  if (status !== 200) {
    return unexpected(status, 200);
  }
  user.credentials.accessToken = body.accessToken;
  user.credentials.refreshToken = body.refreshToken;
  user.tokenAt = performance.now();
  return undefined;
}

function read(user: UserJournal, route: string, path: string, flaw: (body: any) => string | undefined): Operation {
  return {
    ...request(user, 'GET', route, path),
    settle: ({ status, body }) => (status === 200 ? flaw(body) : unexpected(status, 200)),
    lose: () => {},
  };
}

function request(user: UserJournal, method: string, route: string, path: string, body?: string, headers: Readonly<Record<string, string>> = {}) {
  return {
    route: `${method} ${route}`,
    method,
    path,
    headers: { Authorization: `Bearer ${user.credentials.accessToken}`, ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
    ...(body !== undefined && { body }),
  };
}

function anyTodo({ todos, unsettled }: UserJournal, { random }: Shared): KnownTodo | undefined {
  const settled = [...todos.values()].filter(({ id }) => !unsettled.has(id));
  return settled[Math.floor(random() * settled.length)];
}

function know({ todos }: UserJournal, { id, status, version }: KnownTodo): void {
  todos.set(id, { id, status, version });
}

function differs(body: KnownTodo, { status, version }: KnownTodo): string | undefined {
  return body.version === version && body.status === status ? undefined : `version ${body.version} (${body.status}) after version ${version} (${status})`;
}

function unexpected(status: number, expected: number): string {
  return `status ${status} instead of ${expected}`;
}
