import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../../support/faults/fault-proxy.js';
import type { TokenBearer } from '../../support/tokens.js';
import { byObject, type Operation, outcomeOf, Recorder } from '../judging/history.js';
import { judge, type Model, type Verdict } from '../judging/linearizability.js';
import { accounts } from '../judging/models/accounts.js';
import { counter } from '../judging/models/counter.js';
import { keyedCreation, list } from '../judging/models/list.js';
import { record } from '../judging/models/record.js';
import { todo } from '../judging/models/todo.js';
import { writeBatch } from './batch-requests.js';
import { type Group, nameAtFirst } from './groups.js';
import { useAccount, useRecord, visit } from './other-requests.js';
import { type Actor, createTodo, deleteTodo, lookAtDashboard, patchTodo, type Play, readFeed, readTodo, type Send } from './todo-requests.js';

export interface WorkloadOptions {
  /** Each a history of its own; what they share is the service, and its counter. */
  readonly groups: readonly Group[];
  /** Of each group: so many clients at once, each with one request after the other. */
  readonly clients: number;
  readonly requestsPerClient: number;
  /** Injects faults while the clients are at it, and ends them when `over` has come. */
  readonly disturb?: (over: Promise<void>) => Promise<void>;
}

/** Where the objects stood before the first operation. */
export interface Start {
  readonly counter: number;
  /** By the group's seed: the e-mail of each account. */
  readonly accounts: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What was recorded of groups that played at once. */
export interface Histories {
  readonly start: Start;
  readonly operations: readonly Operation[];
  readonly requests: number;
  /** Requests of which the outcome is not known. */
  readonly unknown: number;
}

/** What became of an object's operations. */
export interface Judgement {
  readonly object: string;
  readonly operations: readonly Operation[];
  readonly verdict: Verdict;
  readonly unexplained: readonly Operation[];
}

/** Few, so that clients meet at them. */
const todosPerUser = 2;
/** After an answer that leaves open what happened, a client waits as long as that; after the second write of that kind it has crashed, as far as the others know: unknown outcomes make the search long. */
const pauseMs = 100;
const mostUnknownWrites = 2;

/**
 * Concurrent clients that create, read, change and delete a few todos and the one record of a few users, look at dashboards and change feeds, count visits, and
 * register, change and delete accounts; what they ask follows from the seeds, in which order it meets does not. Calm before and after: then what is stored is read
 * once more, so that what was acknowledged and is gone is noticed.
 *
 * @param calm sends like `send` where no fault is in the way.
 */
export async function play(send: Send, calm: Send, { groups, clients, requestsPerClient, disturb }: WorkloadOptions): Promise<Histories> {
  const recorder = new Recorder();
  const start: Start = {
    counter: (await calm('GET', '/counter'))?.body.visitCount,
    accounts: Object.fromEntries(groups.map(({ seed, holders }) => [seed, Object.fromEntries(holders.map(({ id, email }) => [id, email]))])),
  };
  const plays = groups.map((group): Play => ({
    group,
    recorder,
    ids: new Map(group.users.map(({ id }) => [id, []])),
    accounts: group.holders.map(({ id }) => id),
    mirrors: new Map(group.users.map(({ id }) => [id, { since: undefined, todos: new Map() }])),
  }));
  const working = Promise.all(
    plays.flatMap((play, index) =>
      Array.from({ length: clients }, async (_, number) => actAsClient(send, play, { client: index * (clients + 1) + number, number, requestsPerClient })),
    ),
  ).then(() => undefined);
  await Promise.all([working, disturb?.(working)]);
  await Promise.all(plays.map(async (play, index) => lookAtTheEnd(calm, play, index * (clients + 1) + clients)));
  return { start, operations: recorder.operations, requests: recorder.requests, unknown: recorder.unknown };
}

interface Client {
  /** Unique among all groups. */
  readonly client: number;
  /** In its group. */
  readonly number: number;
  readonly requestsPerClient: number;
}

async function actAsClient(send: Send, play: Play, { client, number, requestsPerClient }: Client): Promise<void> {
  const random = randomFrom(play.group.seed * 1_000 + number);
  let unknownWrites = 0;
  const counted: Send = async (method, path, options) => {
    const answer = await send(method, path, options);
    if (outcomeOf(answer) === 'unknown') {
      unknownWrites += method === 'GET' ? 0 : 1;
      await sleep(pauseMs);
    }
    return answer;
  };
  for (let request = 0; request < requestsPerClient && unknownWrites < mostUnknownWrites; request += 1) {
    await act(counted, play, { client, random, name: `${client}-${request}` }, number);
  }
}

/** One request, drawn from all kinds; those that collide are the likeliest. */
async function act(send: Send, play: Play, actor: Actor, number: number): Promise<void> {
  const { random } = actor;
  const { users } = play.group;
  // The first clients are readers, too: each keeps a mirror of one user.
  const reader = users[number];
  const mirror = reader && play.mirrors.get(reader.id);
  if (reader !== undefined && random() < 0.3) {
    return readFeed(send, play, reader, actor, mirror);
  }
  const user = users[Math.floor(random() * users.length)] as TokenBearer;
  const known = play.ids.get(user.id) ?? [];
  const draw = random();
  if (draw < 0.15) return visit(send, play, actor, random() < 0.6 ? 'visit' : 'read');
  if (draw < 0.26) return useRecord(send, play, user, actor, pick(random, ['create', 'read', 'patch', 'patch', 'delete']));
  if (draw < 0.3) return useAccount(send, play, actor, pick(random, ['register', 'move', 'move', 'rename', 'read', 'delete']));
  if (known.length < todosPerUser || draw < 0.35) return createTodo(send, play, user, actor);
  if (draw < 0.41) return writeBatch(send, play, user, actor);
  const id = known[known.length - 1 - Math.floor(random() * todosPerUser)] as string;
  if (draw < 0.56) return readTodo(send, play, user, actor, id);
  if (draw < 0.8) return patchTodo(send, play, user, actor, id);
  if (draw < 0.87) return deleteTodo(send, play, user, actor, id);
  return draw < 0.94 ? lookAtDashboard(send, play, user, actor) : readFeed(send, play, user, actor);
}

function pick<T>(random: () => number, among: readonly T[]): T {
  return among[Math.floor(random() * among.length)] as T;
}

async function lookAtTheEnd(calm: Send, play: Play, client: number): Promise<void> {
  const actor = { client, random: () => 0, name: `${client}-at the end` };
  for (const user of play.group.users) {
    await readFeed(calm, play, user, actor, play.mirrors.get(user.id));
    await lookAtDashboard(calm, play, user, actor);
    await useRecord(calm, play, user, actor, 'read');
  }
  for (let account = 0; account < play.accounts.length; account += 1) {
    await useAccount(calm, play, { ...actor, random: () => account / play.accounts.length }, 'read');
  }
  await visit(calm, play, actor, 'read');
}

/** Judges each object of what was recorded. */
export function judgeHistories({ start, operations }: Pick<Histories, 'start' | 'operations'>): readonly Judgement[] {
  return [...byObject(operations)].map(([object, own]) => ({ object, operations: own, ...judge(modelOf(object, start), own) }));
}

/** The rules of an object, by the first word of its name. */
// eslint-disable-next-line typescript/no-explicit-any
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
      return list;
    case 'accounts':
      return accounts(Object.fromEntries(Object.entries(start.accounts[id] ?? {}).map(([id, email]) => [id, { version: 1, email, name: nameAtFirst }])));
    default:
      throw new Error(`No model knows ${object}`);
  }
}
