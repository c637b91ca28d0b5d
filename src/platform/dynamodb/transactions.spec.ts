import { describe, expect, test } from '@jest/globals';
import { ServiceBusyError } from '../../common/errors/errors.js';
import { runInContext } from '../../common/http/request-context.js';
import { cancellationReasons, isConditionFailed, isContention, retryContention } from './transactions.js';

const named = (name: string, fields: object = {}): Error => Object.assign(new Error(name), { name }, fields);
const cancelled = (...codes: (string | undefined)[]): Error => named('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });
const withBudget = async <T>(ms: number, work: () => Promise<T>): Promise<T> =>
  runInContext({ requestId: 'r', deadline: performance.now() + ms, basePath: '' }, work);

describe('A cancelled transaction', () => {
  test('gives its reasons in the order of the items', () => {
    expect(cancellationReasons(cancelled('None', 'ConditionalCheckFailed', undefined))).toEqual(['None', 'ConditionalCheckFailed', 'None']);
    expect(cancellationReasons(named('TransactionCanceledException'))).toEqual([]);
  });

  test.each([named('ValidationException'), new Error('x'), 'text', null, undefined])('is none of these: %s', (error) => {
    expect(cancellationReasons(error)).toBeUndefined();
  });
});

describe('Contention', () => {
  test.each([
    cancelled('TransactionConflict'),
    cancelled('None', 'TransactionConflict'),
    cancelled('ThrottlingError'),
    cancelled('ProvisionedThroughputExceeded', 'None'),
    named('TransactionConflictException'),
    named('TransactionInProgressException'),
  ])('is %#', (error) => {
    expect(isContention(error)).toBe(true);
  });

  test.each([
    cancelled('ConditionalCheckFailed'),
    cancelled('TransactionConflict', 'ConditionalCheckFailed'),
    cancelled('ValidationError'),
    cancelled(),
    named('ConditionalCheckFailedException'),
    new Error('x'),
    undefined,
  ])('is not %#', (error) => {
    expect(isContention(error)).toBe(false);
  });

  test('is not a condition that failed', () => {
    expect([isConditionFailed(named('ConditionalCheckFailedException')), isConditionFailed(cancelled('ConditionalCheckFailed'))]).toEqual([true, false]);
  });
});

describe('A write that meets contention', () => {
  test('is tried again until it succeeds', async () => {
    let tries = 0;

    const result = await retryContention(async () => {
      tries += 1;
      if (tries < 5) throw cancelled('TransactionConflict');
      return 'written';
    });

    expect([result, tries]).toEqual(['written', 5]);
  });

  test('ends at once with any other error', async () => {
    let tries = 0;
    const error = cancelled('ConditionalCheckFailed');

    await expect(retryContention(async () => Promise.reject(((tries += 1), error)))).rejects.toBe(error);
    expect(tries).toBe(1);
  });

  test('is tried again for what the caller says', async () => {
    let tries = 0;

    await retryContention(
      async () => {
        tries += 1;
        if (tries === 1) throw new RangeError('mine');
      },
      (error) => error instanceof RangeError,
    );

    expect(tries).toBe(2);
  });

  test('gives up when the request’s time ends, blames no store, and names the cause', async () => {
    const error = await withBudget(300, async () => retryContention(async () => Promise.reject(cancelled('TransactionConflict')))).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );

    expect(error).toBeInstanceOf(ServiceBusyError);
    expect((error as ServiceBusyError).cause).toMatchObject({ name: 'TransactionCanceledException' });
  });
});
