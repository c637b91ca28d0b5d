import { randomFrom } from '../support/faults/fault-proxy.js';
import type { Answer, CallOptions, SignedUp } from '../support/service.js';
import { byObject, type Effect, type Operation, outcomeOf, Recorder } from './history.js';
import { judge, type Model, type Verdict } from './linearizability.js';
import { counter, type Counts, keyedCreation, list, type ListInput, record, todo, type TodoInput, type TodoStatus } from './models.js';

/** What a workload needs of a service: one call, null when the connection broke. */
export type Send = (method: string, path: string, options?: CallOptions) => Promise<Answer | null>;

export interface WorkloadOptions {
  readonly seed: number;
  readonly users: readonly SignedUp[];
  /** Each sends one request after the other, all at once. */
  readonly clients: number;
  readonly requestsPerClient: number;
  /** Injects faults while the clients are at it, and ends them when `over` has come. */
  readonly disturb?: (over: Promise<void>) => Promise<void>;
}

/** Where the objects stood before the first operation. */
export interface Start {
  readonly counter: number;
  readonly counts: Readonly<Record<string, Counts>>;
}

export interface History {
  readonly seed: number;
  readonly start: Start;
  readonly operations: readonly Operation[];
}

/** What became of an object's operations. */
export interface Judgement {
  readonly object: string;
  readonly operations: readonly Operation[];
  readonly verdict: Verdict;
  readonly unexplained: readonly Operation[];
}

const statuses: readonly TodoStatus[] = ['open', 'in_progress', 'done'];
/** Few, so that clients meet at them. */
const todosPerUser = 3;
const keysPerUser = 3;

/**
 * Concurrent clients that create, read, change and delete a few todos and the one record of a few users, look at dashboards and change feeds, and count visits;
 * what they ask follows from the seed, in which order it meets does not. Calm before and after: then what is stored is read once more, so that what was
 * acknowledged and is gone is noticed.
 *
 * @param calm sends like `send` where no fault is in the way.
 */
export async function play(send: Send, calm: Send, { seed, users, clients, requestsPerClient, disturb }: WorkloadOptions): Promise<History> {
  const recorder = new Recorder();
  const start = await clear(calm, users);
  const ids = new Map<string, string[]>(users.map(({ id }) => [id, []]));
  const shared: Shared = { recorder, ids, run: seed.toString(36) };
  const working = Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const random = randomFrom(seed * 1_000 + client);
      // One that got no answer for the second time has crashed, as far as the others know: unknown outcomes make the search long.
      for (let request = 0, unanswered = 0; request < requestsPerClient && unanswered < 2; request += 1) {
        const user = users[Math.floor(random() * users.length)] as SignedUp;
        const counted: Send = async (...asked) => {
          const answer = await send(...asked);
          unanswered += outcomeOf(answer) === 'unknown' ? 1 : 0;
          return answer;
        };
        await act(counted, shared, { client, user, random, name: `${client}-${request}` });
      }
    }),
  ).then(() => undefined);
  await Promise.all([working, disturb?.(working)]);
  for (const user of users) {
    const by = { client: clients, user, random: () => 0, name: 'at the end' };
    await lookAtFeed(calm, shared, by);
    await lookAtDashboard(calm, shared, by);
    await useRecord(calm, shared, by, 'read');
  }
  await visit(calm, shared, clients, 'read');
  return { seed, start, operations: recorder.operations };
}

/** Judges each object of a history. */
export function judgeHistory({ start, operations }: History): readonly Judgement[] {
  return [...byObject(operations)].map(([object, own]) => ({ object, operations: own, ...judge(modelOf(object, start), own) }));
}

/** The rules of an object, by the first word of its name. */
export function modelOf(object: string, start: Start): Model<any, any, any> {
  const [kind = '', id = ''] = object.split(' ');
  switch (kind) {
    case 'counter':
      return counter(start.counter);
    case 'todo':
      return todo;
    case 'key':
      return keyedCreation;
    case 'record':
      return record;
    case 'list':
      return list(start.counts[id] ?? { open: 0, inProgress: 0, done: 0 });
    default:
      throw new Error(`No model knows ${object}`);
  }
}

interface Shared {
  readonly recorder: Recorder;
  /** The todos that clients know of, latest last. */
  readonly ids: ReadonlyMap<string, string[]>;
  /** Keeps the keys of one history from those of another. */
  readonly run: string;
}

interface Actor {
  readonly client: number;
  readonly user: SignedUp;
  readonly random: () => number;
  /** Of the request, unique in the history. */
  readonly name: string;
}

/** Removes what an earlier history left, and looks where everything stands. */
async function clear(calm: Send, users: readonly SignedUp[]): Promise<Start> {
  const counts: Record<string, Counts> = {};
  for (const { id, accessToken: token } of users) {
    const { body } = await must(calm('GET', `/users/${id}/todos?limit=50`, { token }));
    const operations = (body.items as { id: string }[]).map((each) => ({ op: 'delete', id: each.id }));
    if (operations.length > 0) {
      await must(calm('POST', `/users/${id}/todos/batch`, { token, body: { operations } }));
    }
    await calm('DELETE', `/dynamo?user_id=${id}`, { token });
    counts[id] = countsOf(await must(calm('GET', `/dashboard/${id}`, { token })));
  }
  return { counter: (await must(calm('GET', '/counter'))).body.visitCount, counts };
}

async function must(answer: Promise<Answer | null>): Promise<Answer> {
  const given = await answer;
  if (given === null || given.status >= 300) {
    throw new Error(`The service is not well before a history: ${given?.status} ${given?.text}`);
  }
  return given;
}

/** One request, drawn from all kinds; those that collide are the likeliest. */
async function act(send: Send, shared: Shared, actor: Actor): Promise<void> {
  const { random, user } = actor;
  const known = shared.ids.get(user.id) ?? [];
  const draw = random();
  if (known.length < todosPerUser || draw < 0.08) {
    return createTodo(send, shared, actor);
  }
  const id = known[known.length - 1 - Math.floor(random() * todosPerUser)] as string;
  if (draw < 0.2) return readTodo(send, shared, actor, id);
  if (draw < 0.5) return patchTodo(send, shared, actor, id);
  if (draw < 0.56) return deleteTodo(send, shared, actor, id);
  if (draw < 0.64) return lookAtDashboard(send, shared, actor);
  if (draw < 0.7) return lookAtFeed(send, shared, actor);
  if (draw < 0.85) return useRecord(send, shared, actor, (['create', 'read', 'patch', 'patch', 'delete'] as const)[Math.floor(random() * 5)] ?? 'read');
  return visit(send, shared, actor.client, random() < 0.6 ? 'visit' : 'read');
}

async function createTodo(send: Send, { recorder, ids, run }: Shared, { client, user, random, name }: Actor): Promise<void> {
  const key = random() < 0.5 ? `${run}-${user.id}-${Math.floor(random() * keysPerUser)}` : undefined;
  // The same payload with the same key: it is the same request again.
  const title = key ?? `${run} ${name}`;
  const options: CallOptions = { token: user.accessToken, body: { title }, ...(key !== undefined && { headers: { 'Idempotency-Key': key } }) };
  const answer = await recorder.record(
    client,
    async () => send('POST', `/users/${user.id}/todos`, options),
    (given) => [
      { object: `list ${user.id}`, input: { op: 'create', ...(key !== undefined && { key }) } satisfies ListInput, output: ({ body }) => ({ id: body.id }) },
      ...(key === undefined ? [] : [{ object: `key ${key}`, input: { op: 'create' }, output: ({ body }: Answer) => body.id }]),
      // Which todo it would be is known only from an answer.
      ...(given?.status === 201 ? [{ object: `todo ${given.body.id}`, input: { op: 'create', title } satisfies TodoInput, output: todoOutput }] : []),
    ],
  );
  const known = ids.get(user.id) ?? [];
  if (answer !== null && !known.includes(answer.body.id)) {
    known.push(answer.body.id);
  }
}

async function readTodo(send: Send, { recorder }: Shared, { client, user }: Actor, id: string): Promise<void> {
  await recorder.record(
    client,
    async () => send('GET', `/todos/${id}`, { token: user.accessToken }),
    () => [{ object: `todo ${id}`, input: { op: 'read' } satisfies TodoInput, output: todoOutput, reads: true }],
  );
}

async function patchTodo(send: Send, { recorder, run }: Shared, { client, user, random, name }: Actor, id: string): Promise<void> {
  const title = `${run} ${name}`;
  const status = statuses[Math.floor(random() * statuses.length)] ?? 'open';
  const ifVersion = random() < 0.5 ? 1 + Math.floor(random() * 4) : undefined;
  await recorder.record(
    client,
    async () =>
      send('PATCH', `/todos/${id}`, {
        token: user.accessToken,
        body: { title, status },
        headers: ifVersion === undefined ? {} : { 'If-Match': `"${ifVersion}"` },
      }),
    () => [
      { object: `todo ${id}`, input: { op: 'patch', title, ...(ifVersion !== undefined && { ifVersion }) } satisfies TodoInput, output: todoOutput },
      { object: `list ${user.id}`, input: { op: 'patch', id, status } satisfies ListInput, output: (answer) => ({ done: answer.status === 200 }) },
    ],
  );
}

async function deleteTodo(send: Send, { recorder }: Shared, { client, user }: Actor, id: string): Promise<void> {
  await recorder.record(
    client,
    async () => send('DELETE', `/todos/${id}`, { token: user.accessToken }),
    () => [
      { object: `todo ${id}`, input: { op: 'delete' } satisfies TodoInput, output: todoOutput },
      { object: `list ${user.id}`, input: { op: 'delete', id } satisfies ListInput, output: (answer) => ({ done: answer.status === 204 }) },
    ],
  );
}

async function lookAtDashboard(send: Send, { recorder }: Shared, { client, user }: Actor): Promise<void> {
  await recorder.record(
    client,
    async () => send('GET', `/dashboard/${user.id}`, { token: user.accessToken }),
    // With a store down it says nothing of the todos.
    (given) => (given?.body?.todos ? [{ object: `list ${user.id}`, input: { op: 'count' } satisfies ListInput, output: countsOf, reads: true }] : []),
  );
}

/** The feed's first pass is a read of every todo: one that was there all along and is not in it would be missed by a mirror. */
async function lookAtFeed(send: Send, { recorder, ids }: Shared, { client, user }: Actor): Promise<void> {
  const known = [...(ids.get(user.id) ?? [])];
  await recorder.record(
    client,
    async () => send('GET', `/users/${user.id}/changes?limit=100`, { token: user.accessToken }),
    (given) => {
      const changes = new Map<string, { state: string; todo?: { version: number; title: string } }>(
        given?.body?.more === false ? given.body.changes.map((change: { id: string }) => [change.id, change]) : [],
      );
      return (given?.body?.more === false ? known : []).map((id): Effect => {
        const change = changes.get(id);
        const output = change?.state === 'present' ? { status: 200, version: change.todo?.version, title: change.todo?.title } : { status: 404 };
        return { object: `todo ${id}`, input: { op: 'read' } satisfies TodoInput, output: () => output, reads: true };
      });
    },
  );
}

async function useRecord(send: Send, { recorder }: Shared, { client, user, name }: Actor, op: 'create' | 'read' | 'patch' | 'delete'): Promise<void> {
  // Numbers that no two requests of a history share.
  const value = Number(name.replace('-', '00')) || 0;
  const path = op === 'read' || op === 'delete' ? `/dynamo?user_id=${user.id}` : '/dynamo';
  const method = { create: 'POST', read: 'GET', patch: 'PATCH', delete: 'DELETE' }[op];
  const body = {
    create: { user_id: user.id, value },
    patch: { user_id: user.id, updatedKey: 'value', updatedValue: value },
    read: undefined,
    delete: undefined,
  }[op];
  await recorder.record(
    client,
    async () => send(method, path, { token: user.accessToken, ...(body && { body }) }),
    () => [
      {
        object: `record ${user.id}`,
        input: { op, value },
        output: (answer) => ({ status: answer.status, ...(answer.status < 300 && op !== 'delete' && { value: answer.body.value }) }),
        reads: op === 'read',
      },
    ],
  );
}

async function visit(send: Send, { recorder }: Shared, client: number, input: 'visit' | 'read'): Promise<void> {
  await recorder.record(
    client,
    async () => send(input === 'visit' ? 'POST' : 'GET', '/counter'),
    () => [{ object: 'counter', input, output: ({ body }) => body.visitCount, reads: input === 'read' }],
  );
}

const todoOutput = ({ status, body }: Answer): object => ({ status, ...(status < 300 && status !== 204 && { version: body.version, title: body.title }) });
const countsOf = ({ body }: Answer): Counts => ({ open: body.todos.open, inProgress: body.todos.inProgress, done: body.todos.done });
