import type { Answer, CallOptions } from '../../support/service.js';
import type { TokenBearer } from '../../support/tokens.js';
import type { Effect, Recorder } from '../judging/history.js';
import type { Counts, ListInput } from '../judging/models/list.js';
import type { TodoInput, TodoOutput, TodoStatus } from '../judging/models/todo.js';
import type { Group } from './groups.js';

/** What a workload needs of a service: one call, null when the connection broke. */
export type Send = (method: string, path: string, options?: CallOptions) => Promise<Answer | null>;

/** A group while it plays. */
export interface Play {
  readonly group: Group;
  readonly recorder: Recorder;
  /** The todos that clients know of, by user, latest last. */
  readonly ids: ReadonlyMap<string, string[]>;
  /** Holders of accounts that clients know of. */
  readonly accounts: string[];
  /** By user: a copy of the list that applies the change feed. */
  readonly mirrors: ReadonlyMap<string, Mirror>;
}

/** One client at one request. */
export interface Actor {
  readonly client: number;
  readonly random: () => number;
  /** Of the request, unique among all that are recorded together. */
  readonly name: string;
}

/** What a reader of the change feed holds. */
export interface Mirror {
  since: string | undefined;
  readonly todos: Map<string, TodoOutput>;
}

/** Few are done: each of those goes to the archive, which costs more than all that clients ask of it. */
const statuses: readonly TodoStatus[] = ['open', 'in_progress', 'open', 'in_progress', 'open', 'done'];
export const statusOf = (random: () => number): TodoStatus => statuses[Math.floor(random() * statuses.length)] ?? 'open';
const keysPerUser = 3;

export async function createTodo(send: Send, { recorder, ids }: Play, user: TokenBearer, { client, random, name }: Actor): Promise<void> {
  const key = random() < 0.5 ? `${user.id}-${Math.floor(random() * keysPerUser)}` : undefined;
  // The same payload with the same key: it is the same request again.
  const title = key ?? name;
  const options: CallOptions = { token: user.token, body: { title }, ...(key !== undefined && { headers: { 'Idempotency-Key': key } }) };
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

export async function readTodo(send: Send, { recorder }: Play, user: TokenBearer, { client }: Actor, id: string): Promise<void> {
  await recorder.record(
    client,
    async () => send('GET', `/todos/${id}`, { token: user.token }),
    () => [{ object: `todo ${id}`, input: { op: 'read' } satisfies TodoInput, output: todoOutput, reads: true }],
  );
}

export async function patchTodo(send: Send, { recorder }: Play, user: TokenBearer, { client, random, name }: Actor, id: string): Promise<void> {
  const status = statusOf(random);
  const ifVersion = random() < 0.5 ? 1 + Math.floor(random() * 4) : undefined;
  await recorder.record(
    client,
    async () =>
      send('PATCH', `/todos/${id}`, {
        token: user.token,
        body: { title: name, status },
        headers: ifVersion === undefined ? {} : { 'If-Match': `"${ifVersion}"` },
      }),
    () => [
      {
        object: `todo ${id}`,
        input: { op: 'patch', title: name, status, ...(ifVersion !== undefined && { ifVersion }) } satisfies TodoInput,
        output: todoOutput,
      },
      { object: `list ${user.id}`, input: { op: 'patch', id, status } satisfies ListInput, output: (answer) => ({ done: answer.status === 200 }) },
    ],
  );
}

export async function deleteTodo(send: Send, { recorder }: Play, user: TokenBearer, { client }: Actor, id: string): Promise<void> {
  await recorder.record(
    client,
    async () => send('DELETE', `/todos/${id}`, { token: user.token }),
    () => [
      { object: `todo ${id}`, input: { op: 'delete' } satisfies TodoInput, output: todoOutput },
      { object: `list ${user.id}`, input: { op: 'delete', id } satisfies ListInput, output: (answer) => ({ done: answer.status === 204 }) },
    ],
  );
}

export async function lookAtDashboard(send: Send, { recorder }: Play, user: TokenBearer, { client }: Actor): Promise<void> {
  await recorder.record(
    client,
    async () => send('GET', `/dashboard/${user.id}`, { token: user.token }),
    // With a store down it says nothing of the todos.
    (given) => (given?.body?.todos ? [{ object: `list ${user.id}`, input: { op: 'count' } satisfies ListInput, output: countsOf, reads: true }] : []),
  );
}

/**
 * Brings a mirror up to date, or a new one, which begins at the beginning. Then it is a read of every todo that was known: one that it has missed shows, and one
 * that came back from the dead.
 */
export async function readFeed(
  send: Send,
  { recorder, ids }: Play,
  user: TokenBearer,
  { client }: Actor,
  mirror: Mirror = { since: undefined, todos: new Map() },
): Promise<void> {
  const known = [...(ids.get(user.id) ?? [])];
  await recorder.record(
    client,
    async () => {
      for (;;) {
        const since = mirror.since === undefined ? '' : `&since=${mirror.since}`;
        const answer = await send('GET', `/users/${user.id}/changes?limit=3${since}`, { token: user.token });
        if (answer?.status !== 200) {
          return answer;
        }
        for (const change of answer.body.changes as { id: string; state: string; todo?: { version: number; title: string } }[]) {
          mirror.todos.set(change.id, mirrored(change));
        }
        mirror.since = answer.body.next;
        if (!answer.body.more) {
          return answer;
        }
      }
    },
    () =>
      known.map((id): Effect => ({
        object: `todo ${id}`,
        input: { op: 'mirror' } satisfies TodoInput,
        output: () => mirror.todos.get(id) ?? { status: 404 },
        reads: true,
      })),
  );
}

function mirrored({ state, todo }: { readonly state: string; readonly todo?: { version: number; title: string } }): TodoOutput {
  switch (state) {
    case 'present':
      return { status: 200, archived: false, ...(todo && { version: todo.version, title: todo.title }) };
    case 'archived':
      return { status: 200, archived: true };
    default:
      return { status: 404 };
  }
}

export const todoOutput = ({ status, body }: Pick<Answer, 'status' | 'body'>): TodoOutput => ({
  status,
  ...(status < 300 && status !== 204 && { version: body.version, title: body.title, archived: body.archivedAt !== null }),
});
const countsOf = ({ body }: Answer): Counts => ({
  open: body.todos.open,
  inProgress: body.todos.inProgress,
  done: body.todos.done,
  archived: body.todos.archived,
});
