import type { EntityManager, QueryRunner } from 'typeorm';
import { withTimeout } from '../../common/async.js';
import { CommitUnknownError, isConnectionLost, isNeverSent, isPostgresError, NoAnswerError, OutOfTimeError } from './errors.js';

/** A transaction in progress: what one feature's adapter hands to another's, so that both write in it or neither does. */
export type Transaction = EntityManager;

/** The limits of a transaction, in milliseconds. */
export interface TransactionLimits {
  /** How long its begin may take. */
  readonly beginMs: number;
  /** When it is too late to commit, as `performance.now()` counts. */
  readonly deadline: number;
}

/**
 * Runs `work` in one transaction, and releases the runner.
 *
 * @throws OutOfTimeError when it was too late to commit, CommitUnknownError when the commit's answer was lost; after any other error nothing was changed.
 */
export async function runTransaction<T>(
  runner: QueryRunner,
  { beginMs, deadline }: TransactionLimits,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  let client: { end(): Promise<void> } | undefined;
  let committing = false;
  try {
    client = (await runner.connect()) as { end(): Promise<void> };
    await withTimeout(
      beginMs,
      async () => runner.startTransaction(),
      () => {
        throw new NoAnswerError(`PostgreSQL took longer than ${beginMs} ms to begin a transaction`);
      },
    );
    const result = await work(runner.manager);
    // The caller has had its error by now: the change must not come true afterwards.
    if (performance.now() >= deadline) {
      throw new OutOfTimeError('The transaction was not committed in time');
    }
    committing = true;
    await runner.commitTransaction();
    return result;
  } catch (error) {
    const lost = isConnectionLost(error);
    if (lost || !(await rollBack(runner))) {
      // The connection may still be within the transaction, and must not be used again: the pool takes no ended connection back.
      void client?.end();
    }
    throw lost && committing && !isNeverSent(error) ? new CommitUnknownError('The connection was lost at the commit', { cause: error }) : error;
  } finally {
    await runner.release();
  }
}

/** Whether the transaction has ended for certain. */
async function rollBack(runner: QueryRunner): Promise<boolean> {
  if (!runner.isTransactionActive) {
    return true;
  }
  try {
    await runner.rollbackTransaction();
    return true;
  } catch (error) {
    if (isPostgresError(error)) {
      return false;
    }
    throw error;
  }
}
