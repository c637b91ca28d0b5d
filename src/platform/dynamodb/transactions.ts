import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { StoreUnavailableError } from '../../common/errors.js';
import { remainingStoreMs } from '../../common/request-context.js';
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

/** Whether an error tells of contention alone, so that the same write may succeed a moment later. */
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

const firstPauseMs = 10;
const longestPauseMs = 250;

/**
 * Runs a write, and again while it meets contention, with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), until the request's store budget ends.
 * `work` must read afresh what it depends on: it is called once a try. `mayTryAgain` widens what counts as contention.
 *
 * @throws StoreUnavailableError when the contention outlasts the budget; whatever else `work` throws.
 */
export async function retryContention<T>(work: () => Promise<T>, mayTryAgain: (error: unknown) => boolean = isContention): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!mayTryAgain(error)) {
        throw error;
      }
      const pause = Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** attempt);
      if (pause >= remainingStoreMs() - 50 || attempt >= 40) {
        throw new StoreUnavailableError('dynamodb', { cause: error });
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
 * @throws TransactionCanceledException, and then nothing was written; StoreUnavailableError, and then nobody knows.
 */
export async function transact(dynamodb: DynamoDb, items: TransactItem[]): Promise<void> {
  const transaction = { ClientRequestToken: randomUUID(), TransactItems: items };
  await retryContention(async () => dynamodb.send(new TransactWriteCommand(transaction)), isInProgress);
}
