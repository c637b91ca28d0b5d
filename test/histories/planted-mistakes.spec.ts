import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createServerApp } from '../../src/local/server/server-app.js';
import { type Answer, type CallOptions, callService, startService, type TestService } from '../support/service.js';
import { startWireProxy, type WireCall, type WireProxy } from '../support/faults/wire-proxy.js';
import { makeGroups } from './playing/groups.js';
import type { Send } from './playing/todo-requests.js';
import { judgeHistories, play } from './playing/workload.js';

// Real: two processes' worth of the service over one DynamoDB. Planted: one mistake at a time, between service and store, or between client and service. Each has
// to be found by the rules of the objects that it breaks, and by no fault but itself: without one there is none.

type Input = WireCall['input'];
interface TransactItem {
  readonly Put?: Statement;
  readonly Update?: Statement;
  readonly Delete?: Statement;
  readonly ConditionCheck?: Statement;
}
interface Statement {
  readonly TableName: string;
  readonly Item?: Record<string, Attribute>;
  readonly Key?: Record<string, Attribute>;
  readonly ConditionExpression?: string;
}
interface Attribute {
  readonly S?: string;
  readonly N?: string;
}

interface Mistake {
  /** What the service asks of the store, changed; undefined: left as it is. */
  readonly store?: (call: WireCall) => Input | undefined;
  /** Between the client and the service, over `send`. */
  readonly client?: (send: Send) => Send;
  /** The kinds of objects whose rules have to find it. */
  readonly found: readonly string[];
}

const statementOf = (item: TransactItem): Statement => Object.values(item)[0] as Statement;
const keyOf = (item: TransactItem): string => (statementOf(item).Item ?? statementOf(item).Key)?.['itemKey']?.S ?? '';

/** Changes the statements of a transaction; those that become undefined are left out. */
function inTransactions(change: (item: TransactItem) => TransactItem | undefined): Mistake['store'] {
  return ({ operation, input }) =>
    operation === 'TransactWriteItems'
      ? { ...input, TransactItems: (input['TransactItems'] as TransactItem[]).map(change).filter((item) => item !== undefined) }
      : undefined;
}

/** A condition that always holds; its names and values stay in use, as DynamoDB demands. */
function unconditional(item: TransactItem): TransactItem {
  return Object.fromEntries(
    Object.entries(item).map(([kind, statement]: [string, Statement]) => [
      kind,
      statement.ConditionExpression === undefined
        ? statement
        : { ...statement, ConditionExpression: `(${statement.ConditionExpression}) OR attribute_not_exists(planted) OR attribute_exists(planted)` },
    ]),
  );
}

/** The first answer to a request again and again. */
function remembering(which: (method: string, path: string) => boolean): Mistake['client'] {
  return (send) => {
    const answers = new Map<string, Answer>();
    return async (method, path, options) => {
      const known = answers.get(path);
      if (which(method, path) && known !== undefined) {
        return known;
      }
      const answer = await send(method, path, options);
      if (which(method, path) && answer?.status === 200) {
        answers.set(path, answer);
      }
      return answer;
    };
  };
}

function without(header: string): Mistake['client'] {
  return (send) =>
    async (method, path, options: CallOptions = {}) => {
      const headers = Object.fromEntries(Object.entries(options.headers ?? {}).filter(([name]) => name !== header));
      return send(method, path, { ...options, headers });
    };
}

/** Sends it twice and gives the second answer, as a client library that retries what it should not. */
function twice(which: (method: string, path: string) => boolean): Mistake['client'] {
  return (send) => async (method, path, options) => {
    if (which(method, path)) {
      await send(method, path, options);
    }
    return send(method, path, options);
  };
}

const emptyAnswer: Answer = { status: 204, headers: new Headers(), body: undefined, text: '' };

const mistakes: Readonly<Record<string, Mistake>> = {
  'writes of a list that hold on no condition': {
    store: inTransactions((item) => (keyOf(item) === '' ? item : unconditional(item))),
    found: ['todo', 'list', 'key'],
  },
  'a count that is not in the transaction': {
    store: inTransactions((item) => (keyOf(item) === 'LIST' && item.Update ? undefined : item)),
    found: ['list', 'todo'],
  },
  'a keyed result that is not stored': { store: inTransactions((item) => (keyOf(item).startsWith('IDEM#') ? undefined : item)), found: ['key', 'list'] },
  'a new todo that is written elsewhere': {
    store: inTransactions((item) =>
      item.Put?.Item?.['version']?.N === '1' && keyOf(item).startsWith('TODO#')
        ? { Put: { ...item.Put, Item: { ...item.Put.Item, itemKey: { S: `${keyOf(item)}-elsewhere` } } } }
        : item,
    ),
    found: ['todo'],
  },
  'a title that is written in part': {
    store: inTransactions((item) => (item.Put?.Item?.['title'] ? { Put: { ...item.Put, Item: { ...item.Put.Item, title: { S: 'cut' } } } } : item)),
    found: ['todo'],
  },
  'a version that stays the same': {
    store: inTransactions((item) =>
      Number(item.Put?.Item?.['version']?.N ?? 0) > 1 ? { Put: { ...(item.Put as Statement), Item: { ...item.Put?.Item, version: { N: '1' } } } } : item,
    ),
    found: ['todo'],
  },
  'a deletion that deletes another': {
    store: inTransactions((item) =>
      item.Put?.Item?.['gone']
        ? { Put: { ...(unconditional(item).Put as Statement), Item: { ...item.Put.Item, itemKey: { S: `${keyOf(item)}-elsewhere` } } } }
        : item,
    ),
    found: ['todo'],
  },
  'a feed that begins behind the first change': {
    store: ({ operation, input }) =>
      operation === 'Query' && input['IndexName'] === 'byRevision' ? { ...input, ScanIndexForward: false, Limit: 1 } : undefined,
    found: ['todo'],
  },
  'a record that is made although there is one': {
    store: inTransactions((item) => (statementOf(item).TableName.endsWith('records') ? unconditional(item) : item)),
    found: ['record'],
  },
  'a visit that is counted twice': {
    store: ({ operation, input }) => {
      const values = input['ExpressionAttributeValues'] as Record<string, Attribute> | undefined;
      if (operation !== 'UpdateItem' || !String(input['TableName']).endsWith('counters') || values === undefined) return undefined;
      return {
        ...input,
        ExpressionAttributeValues: Object.fromEntries(
          Object.entries(values).map(([name, value]) => [name, 'N' in value ? { N: String(Number(value.N) * 2) } : value]),
        ),
      };
    },
    found: ['counter'],
  },
  'a todo read from a cache': { client: remembering((method, path) => method === 'GET' && path.startsWith('/todos/')), found: ['todo'] },
  'a dashboard read from a cache': { client: remembering((_, path) => path.startsWith('/dashboard/')), found: ['list'] },
  'a change feed read from a cache': { client: remembering((_, path) => path.includes('/changes')), found: ['todo'] },
  'a change feed that does not tell of what has gone': {
    client: (send) => async (method, path, options) => {
      const answer = await send(method, path, options);
      return path.includes('/changes') && answer?.status === 200
        ? { ...answer, body: { ...answer.body, changes: (answer.body.changes as { state: string }[]).filter(({ state }) => state === 'present') } }
        : answer;
    },
    found: ['todo'],
  },
  'a counter read from a cache': { client: remembering((method, path) => method === 'GET' && path === '/counter'), found: ['counter'] },
  'a record read from a cache': { client: remembering((method, path) => method === 'GET' && path.startsWith('/dynamo')), found: ['record'] },
  'an If-Match that is not compared': { client: without('If-Match'), found: ['todo'] },
  'an Idempotency-Key that is lost': { client: without('Idempotency-Key'), found: ['key'] },
  'a blind retry of an increment': { client: twice((method, path) => method === 'POST' && path === '/counter'), found: ['counter'] },
  'a blind retry of a change': { client: twice((method) => method === 'PATCH'), found: ['todo'] },
  'a deletion that is acknowledged and not done': {
    client: (send) => async (method, path, options) => (method === 'DELETE' && path.startsWith('/todos/') ? emptyAnswer : send(method, path, options)),
    found: ['todo', 'list'],
  },
  'a record’s deletion that is acknowledged and not done': {
    client: (send) => async (method, path, options) => (method === 'DELETE' && path.startsWith('/dynamo') ? emptyAnswer : send(method, path, options)),
    found: ['record'],
  },
  'a creation that is acknowledged and not done': {
    client: (send) => async (method, path, options) => {
      const { title } = (options?.body ?? {}) as { title?: string };
      return method === 'POST' && path.endsWith('/todos')
        ? { ...emptyAnswer, status: 201, body: { id: randomUUID(), title, version: 1 } }
        : send(method, path, options);
    },
    found: ['todo', 'key'],
  },
  'a visit that is acknowledged and not counted': {
    client: (send) => async (method, path, options) => send(method === 'POST' && path === '/counter' ? 'GET' : method, path, options),
    found: ['counter'],
  },
  'a record’s change that is acknowledged and not done': {
    client:
      (send) =>
      async (method, path, options = {}) => {
        if (method !== 'PATCH' || path !== '/dynamo') return send(method, path, options);
        const { user_id: user, updatedValue: value } = options.body as { user_id: string; updatedValue: number };
        const answer = await send('GET', `/dynamo?user_id=${user}`, { token: options.token ?? '' });
        return answer?.status === 200 ? { ...answer, body: { ...answer.body, value } } : answer;
      },
    found: ['record'],
  },
  'an e-mail that two accounts have': {
    client: (send) => async (method, path, options) => {
      const answer = await send(method, path, options);
      const { email, name } = (options?.body ?? {}) as { email?: string; name?: string };
      return method === 'POST' && path === '/users' && answer?.status === 409
        ? { ...answer, status: 201, body: { id: randomUUID(), email, name, version: 1 } }
        : answer;
    },
    found: ['accounts'],
  },
  'an account’s deletion that is acknowledged and not done': {
    client: (send) => async (method, path, options) =>
      method === 'DELETE' && path.startsWith('/users/') ? { ...emptyAnswer, status: 204 } : send(method, path, options),
    found: ['accounts'],
  },
  'a new e-mail that is acknowledged and not stored': {
    client: (send) => async (method, path, options) => {
      const { email } = (options?.body ?? {}) as { email?: string };
      if (method !== 'PATCH' || email === undefined) return send(method, path, options);
      const answer = await send('GET', path, { token: options?.token ?? '' });
      return answer?.status === 200 ? { ...answer, body: { ...answer.body, email, version: answer.body.version + 1 } } : answer;
    },
    found: ['accounts'],
  },
  'an answer with what was there before the change': {
    client: (send) => async (method, path, options) => {
      const before = method === 'PATCH' && path.startsWith('/todos/') ? await send('GET', path, { token: options?.token ?? '' }) : null;
      const answer = await send(method, path, options);
      return before?.status === 200 && answer?.status === 200 ? before : answer;
    },
    found: ['todo'],
  },
};

let service: TestService;
let proxy: WireProxy;
let apps: NestExpressApplication[];
let mistake: Mistake | undefined;
let calls = 0;
let direct: Send;
beforeAll(async () => {
  service = await startService();
  const { config } = service;
  proxy = await startWireProxy(config.dynamodb.endpoint ?? '', async (call, forward) => {
    await forward(mistake?.store?.(call) ?? call.input);
  });
  const start = async (): Promise<NestExpressApplication> => {
    const app = await createServerApp({ ...config, dynamodb: { ...config.dynamodb, endpoint: proxy.endpoint } });
    await app.listen(0, '127.0.0.1');
    return app;
  };
  apps = [await start(), await start()];
  const urls = await Promise.all(apps.map(async (app) => app.getUrl()));
  direct = async (method, path, options) => callService(urls[calls++ % urls.length] ?? '', method, path, options);
}, 120_000);
afterAll(async () => {
  await Promise.all((apps ?? []).map(async (app) => app.close()));
  await proxy?.stop();
  await service?.stop();
}, 120_000);

/** Plays histories until one is not explained; gives the kinds of objects that it breaks, none when there was none. */
async function findMistake(histories: number): Promise<readonly string[]> {
  const send = mistake?.client?.(direct) ?? direct;
  for (let seed = 1; seed <= histories; seed += 1) {
    const planted = mistake;
    mistake = undefined;
    const recorded = await play(send, async (...request) => ((mistake = undefined), await direct(...request)), {
      groups: await makeGroups(service.config, service.truth, [seed]),
      clients: 10,
      requestsPerClient: 8,
      disturb: async (over) => {
        mistake = planted;
        await over;
      },
    });
    mistake = planted;
    const broken = judgeHistories(recorded).filter(({ verdict }) => verdict === 'violation');
    if (broken.length > 0) {
      return [...new Set(broken.map(({ object }) => object.split(' ')[0] ?? ''))];
    }
  }
  return [];
}

test('Without a mistake every history has an order', async () => {
  mistake = undefined;
  expect(await findMistake(3)).toEqual([]);
}, 240_000);

test.each(Object.entries(mistakes))(
  '%s is found',
  async (_, planted) => {
    mistake = planted;
    const kinds = await findMistake(20);
    mistake = undefined;
    expect(kinds).not.toEqual([]);
    expect(kinds.filter((kind) => planted.found.includes(kind))).not.toEqual([]);
  },
  240_000,
);
