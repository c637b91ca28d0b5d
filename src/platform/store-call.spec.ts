import { describe, expect, jest, test } from '@jest/globals';
import { ServiceBusyError, StoreUnavailableError } from '../common/errors.js';
import { runInContext } from '../common/request-context.js';
import { storeTimeouts } from '../config/config.js';
import { StoreCall } from './store-call.js';

/** The error of a call that begins with so much of the request's time left, and is given up at that time or later. */
function timeoutErrorOf({ leftMs, timerDelayMs = 0 }: { leftMs: number; timerDelayMs?: number }): Error {
  const now = jest.spyOn(performance, 'now').mockReturnValue(1_000);
  try {
    const call = runInContext({ requestId: 'r', deadline: 1_000 + leftMs, basePath: '' }, () => new StoreCall('dynamodb', storeTimeouts()));
    now.mockReturnValue(1_000 + call.limitMs + timerDelayMs);
    return call.timeoutError(new Error('late'));
  } finally {
    now.mockRestore();
  }
}

describe('A call to a store that takes too long', () => {
  test('is the store’s fault when the store had time to answer', () => {
    const error = timeoutErrorOf({ leftMs: 2_300 });

    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error).toMatchObject({ code: 'store.unavailable', store: 'dynamodb', cause: { message: 'late' } });
  });

  test.each([
    ['earlier work of the request has used its time up', { leftMs: 100 }],
    ['the process was too busy to notice an answer', { leftMs: 2_300, timerDelayMs: 1_000 }],
  ])('is not the store’s fault when %s', (_, call) => {
    expect(timeoutErrorOf(call)).toBeInstanceOf(ServiceBusyError);
    expect(timeoutErrorOf(call)).toMatchObject({ code: 'service.busy', headers: { 'Retry-After': '1' } });
  });

  test('has no more than the time for one request, within a request or outside', () => {
    const { requestMs } = storeTimeouts();

    expect(new StoreCall('postgres', storeTimeouts()).limitMs).toBe(requestMs);
    expect(runInContext({ requestId: 'r', deadline: performance.now() + 60_000, basePath: '' }, () => new StoreCall('postgres', storeTimeouts()).limitMs)).toBe(
      requestMs,
    );
  });
});
