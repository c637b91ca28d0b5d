import { describe, expect, jest, test } from '@jest/globals';
import { ServiceBusyError, StoreUnavailableError } from '../common/errors/errors.js';
import { runInContext } from '../common/http/request-context.js';
import { storeTimeouts } from '../config/store-timeouts.js';
import { StoreCalls } from './store-call.js';

/** The error of a call that begins with so much of the request's time left, and is given up at that time or later. */
function timeoutErrorOf({ leftMs, timerDelayMs = 0 }: { leftMs: number; timerDelayMs?: number }, calls = new StoreCalls('dynamodb', storeTimeouts())): Error {
  const now = jest.spyOn(performance, 'now').mockReturnValue(1_000);
  try {
    const call = runInContext({ requestId: 'r', deadline: 1_000 + leftMs, basePath: '' }, () => calls.begin());
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

  test('is the store’s fault however short its time was, when an earlier call was not answered and none has been since', () => {
    const calls = new StoreCalls('dynamodb', storeTimeouts());
    timeoutErrorOf({ leftMs: 2_300 }, calls);

    expect(timeoutErrorOf({ leftMs: 1 }, calls)).toBeInstanceOf(StoreUnavailableError);

    calls.begin().answered();
    expect(timeoutErrorOf({ leftMs: 1 }, calls)).toBeInstanceOf(ServiceBusyError);
  });

  test('has no more than the time for one request, within a request or outside', () => {
    const { requestMs } = storeTimeouts();

    expect(new StoreCalls('postgres', storeTimeouts()).begin().limitMs).toBe(requestMs);
    expect(
      runInContext({ requestId: 'r', deadline: performance.now() + 60_000, basePath: '' }, () => new StoreCalls('postgres', storeTimeouts()).begin().limitMs),
    ).toBe(requestMs);
  });
});
