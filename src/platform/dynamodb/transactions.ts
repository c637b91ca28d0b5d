import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { backoffMs } from '../../common/async.js';
import { ServiceBusyError } from '../../common/errors/errors.js';
import { remainingStoreMs } from '../../common/http/request-context.js';
import type { DynamoDb } from './dynamodb.js';
import type { TransactItem } from './idempotency.js';

/** Why each item of a cancelled transaction was refused, in the order of the items. */
export type CancellationReason =
  | 'None'
  | 'ConditionalCheckFailed'
  | 'TransactionConflict'
  | 'ThrottlingError'
  | 'ProvisionedThroughputExceeded'
  | 'ItemCollectionSizeLimitExceeded'
  | 'ValidationError';

/** The reasons of a `TransactionCanceledException`, in item order; undefined for any other error. */
export function cancellationReasons(error: unknown): CancellationReason[] | undefined {
  if (!(error instanceof Error) || error.name !== 'TransactionCanceledException') {
    return undefined;
  }
  const { CancellationReasons } = error as Error & { CancellationReasons?: { Code?: string }[] };
  return (CancellationReasons ?? []).map(({ Code }) => (Code ?? 'None') as CancellationReason);
}

/** Whether a single write's condition did not hold. */
export function isConditionFailed(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}

const passing = new Set<CancellationReason>(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

/** Whether an error means contention alone, so that the same write may succeed a moment later. */
export function isContention(error: unknown): boolean {
  if (isInProgress(error) || (error instanceof Error && error.name === 'TransactionConflictException')) {
    return true;
  }
  const reasons = cancellationReasons(error);
  return reasons !== undefined && reasons.some((reason) => passing.has(reason)) && !reasons.includes('ConditionalCheckFailed');
}

/** Whether an earlier try of the same transaction, whose answer was lost, is still being worked on: it may yet succeed. */
function isInProgress(error: unknown): boolean {
  return error instanceof Error && error.name === 'TransactionInProgressException';
}

const pauses = { baseMs: 10, maxMs: 250 };
/** So many tries take several seconds: work outside a request ends, too. */
const maxAttempts = 40;

/**
 * Runs a write, and again while it meets contention, until the request's time for its stores ends.
 * `work` must read afresh what it depends on: it is called once a try. `mayTryAgain` widens what counts as contention.
 *
 * @throws ServiceBusyError when the contention outlasts that time; whatever else `work` throws.
 */
export async function retryContention<T>(work: () => Promise<T>, mayTryAgain: (error: unknown) => boolean = isContention): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!mayTryAgain(error)) {
        throw error;
      }
      const pause = backoffMs(attempt, pauses);
      if (pause >= remainingStoreMs(Number.POSITIVE_INFINITY) - 50 || attempt >= maxAttempts) {
        throw new ServiceBusyError({ cause: error });
      }
      await sleep(pause);
    }
  }
}

/**
 * Writes items in one transaction. All tries carry one request token, so that one which took effect although its answer was lost
 * counts as this call's success, never as a condition that fails
 * (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html, idempotent for 10 minutes).
 *
 * @throws TransactionCanceledException, and then nothing was written; StoreUnavailableError, and then the outcome is unknown.
 */
export async function transact(dynamodb: DynamoDb, items: TransactItem[]): Promise<void> {
  const transaction = { ClientRequestToken: randomUUID(), TransactItems: items };
  await retryContention(async () => dynamodb.send(new TransactWriteCommand(transaction)), isInProgress);
}
