import { describe, expect, jest, test } from '@jest/globals';
import { StoreUnavailableError } from '../../../common/errors/errors.js';
import { currentContext, type RequestContext, runInContext } from '../../../common/http/request-context.js';
import { counterId, type VisitCounter } from '../counter.js';
import { maxWaitingVisits, VisitBatcher } from './visit-batcher.js';

// The store is a function: each call counts, or fails, when the test says so.

const at = new Date('2026-11-26T10:00:00.000Z');
const contextOf = (requestId: string, deadline = performance.now() + 10_000): RequestContext => ({ requestId, deadline, basePath: '' });

function batcherOver(store: { visitCount: number }) {
  const writes: { visits: number; requestId: string | undefined; finish(error?: Error): void }[] = [];
  const batcher = new VisitBatcher(
    async (visits) =>
      new Promise<VisitCounter>((resolve, reject) => {
        const finish = (error?: Error): void => {
          if (error !== undefined) {
            reject(error);
            return;
          }
          store.visitCount += visits;
          resolve({ counterId, visitCount: store.visitCount, lastUpdated: at.toISOString() });
        };
        writes.push({ visits, requestId: currentContext()?.requestId, finish });
      }),
  );
  return { batcher, writes };
}

const settle = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Visits that wait while another is being written', () => {
  test('are written together, and each gets its own number', async () => {
    const { batcher, writes } = batcherOver({ visitCount: 7 });

    const visits = Array.from({ length: 4 }, async () => batcher.count(at));
    writes[0]?.finish();
    await settle();
    writes[1]?.finish();

    expect((await Promise.all(visits)).map(({ visitCount }) => visitCount)).toEqual([8, 9, 10, 11]);
    expect(writes.map(({ visits: together }) => together)).toEqual([1, 3]);
  });

  test('fail together when their write fails, and are not written again', async () => {
    const { batcher, writes } = batcherOver({ visitCount: 0 });
    const lost = new StoreUnavailableError('dynamodb');

    const visits = Array.from({ length: 3 }, async () => batcher.count(at));
    writes[0]?.finish();
    await settle();
    writes[1]?.finish(lost);
    const results = await Promise.allSettled(visits);
    await settle();

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(writes).toHaveLength(2);
  });

  test('do not keep later visits from being counted after a failure', async () => {
    const { batcher, writes } = batcherOver({ visitCount: 0 });
    const failed = batcher.count(at).catch((error: unknown) => error);
    writes[0]?.finish(new Error('lost'));
    await failed;

    const next = batcher.count(at);
    writes[1]?.finish();

    expect((await next).visitCount).toBe(1);
  });

  test('share the time of the request that waited longest, and are not written once their own is up', async () => {
    const { batcher, writes } = batcherOver({ visitCount: 0 });
    const now = jest.spyOn(performance, 'now');

    const first = runInContext(contextOf('first'), async () => batcher.count(at));
    const late = runInContext(contextOf('late', performance.now() + 100), async () => batcher.count(at)).catch((error: unknown) => error);
    const others = ['second', 'third'].map(async (id) => runInContext(contextOf(id), async () => batcher.count(at)));
    now.mockReturnValue(performance.now() + 1_000);
    writes[0]?.finish();
    await settle();
    now.mockRestore();
    writes[1]?.finish();

    expect(await late).toBeInstanceOf(StoreUnavailableError);
    expect((await Promise.all([first, ...others])).map(({ visitCount }) => visitCount)).toEqual([1, 2, 3]);
    expect(writes.map(({ visits, requestId }) => [visits, requestId])).toEqual([
      [1, 'first'],
      [2, 'second'],
    ]);
  });

  test('are refused at once when too many wait already', async () => {
    const { batcher, writes } = batcherOver({ visitCount: 0 });
    const visits = Array.from({ length: maxWaitingVisits + 1 }, async () => batcher.count(at));

    await expect(batcher.count(at)).rejects.toBeInstanceOf(StoreUnavailableError);
    writes[0]?.finish();
    await settle();
    writes[1]?.finish();

    expect((await Promise.all(visits)).at(-1)?.visitCount).toBe(maxWaitingVisits + 1);
  });
});
