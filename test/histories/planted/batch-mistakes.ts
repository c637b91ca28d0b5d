import type { Send } from '../playing/todo-requests.js';
import type { Mistake } from './stage.js';

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

/** What becomes of a batch between the clients and the service. */
export const batchMistakes: Readonly<Record<string, Mistake>> = {
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
};
