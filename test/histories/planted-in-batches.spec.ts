import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startService, type TestService } from '../support/service.js';
import { makeGroups } from './playing/groups.js';
import type { Send } from './playing/todo-requests.js';
import { judgeHistories, play } from './playing/workload.js';

// Real: the service and its stores. Planted: what becomes of a batch between client and service.

interface Operation {
  readonly op: 'create' | 'patch' | 'delete';
  readonly id?: string;
  readonly ifVersion?: number;
}

/** Sends a batch's operations in several batches, of one each; the answer is that of the whole, or the first refusal. */
const oneByOne =
  (operationsOf: (all: readonly Operation[]) => readonly Operation[]) =>
  (send: Send): Send =>
  async (method, path, options = {}) => {
    if (!path.endsWith('/batch')) {
      return send(method, path, options);
    }
    const { operations } = options.body as { operations: readonly Operation[] };
    const results: unknown[] = [];
    let last: Awaited<ReturnType<Send>> = null;
    for (const [index, operation] of operationsOf(operations).entries()) {
      last = await send(method, path, { ...options, body: { operations: [operation] } });
      if (last?.status !== 200) {
        return last && { ...last, body: { ...last.body, errors: [{ pointer: `/operations/${index}` }] } };
      }
      results.push(last.body.results[0]);
    }
    return last && { ...last, body: { results } };
  };

const mistakes: Readonly<Record<string, { readonly client: (send: Send) => Send; readonly found: readonly string[] }>> = {
  'a batch whose operations are written one by one': { client: oneByOne((all) => all), found: ['list', 'todo'] },
  'a batch that forgets the conditions of its operations': {
    client:
      (send) =>
      async (method, path, options = {}) => {
        const { operations = [] } = (options.body ?? {}) as { operations?: readonly Operation[] };
        const unconditional = operations.map((operation) => ({ ...operation, ifVersion: undefined }));
        return send(method, path, path.endsWith('/batch') ? { ...options, body: { operations: unconditional } } : options);
      },
    found: ['todo'],
  },
  'a batch that is sent twice and answers the second time': {
    client: (send) => async (method, path, options) => {
      if (path.endsWith('/batch')) await send(method, path, options);
      return send(method, path, options);
    },
    found: ['list', 'todo'],
  },
};

let service: TestService;
beforeAll(async () => {
  service = await startService();
}, 120_000);
afterAll(async () => service?.stop());

/** Plays histories until one is not explained; gives the kinds of objects that it breaks, none when there was none. */
async function findMistake(client: (send: Send) => Send, histories: number): Promise<readonly string[]> {
  for (let seed = 1; seed <= histories; seed += 1) {
    const recorded = await play(client(service.call), service.call, {
      groups: await makeGroups(service.config, service.truth, [seed]),
      clients: 10,
      requestsPerClient: 8,
    });
    const broken = judgeHistories(recorded).filter(({ verdict }) => verdict === 'violation');
    if (broken.length > 0) {
      return [...new Set(broken.map(({ object }) => object.split(' ')[0] ?? ''))];
    }
  }
  return [];
}

test('Without a mistake every history has an order', async () => {
  expect(await findMistake((send) => send, 3)).toEqual([]);
}, 240_000);

test.each(Object.entries(mistakes))(
  '%s is found',
  async (_, { client, found }) => {
    const kinds = await findMistake(client, 30);
    expect(kinds.filter((kind) => found.includes(kind))).not.toEqual([]);
  },
  240_000,
);
