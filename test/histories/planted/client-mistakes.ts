import { randomUUID } from 'node:crypto';
import type { Answer, CallOptions } from '../../support/service.js';
import { batchMistakes } from './batch-mistakes.js';
import type { Mistake } from './stage.js';

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

/** Mistakes between the clients and the service. */
export const clientMistakes: Readonly<Record<string, Mistake>> = {
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
  ...batchMistakes,
  'a batch that is sent twice and answers the second time': { client: twice((_, path) => path.endsWith('/batch')), found: ['list', 'todo'] },
};
