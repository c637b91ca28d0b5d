import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { DuetError } from '../../common/errors/errors.js';
import { idempotencyWindowSeconds } from '../../common/resources/idempotency-key.js';

/** One element of a `TransactWriteItems` request. */
export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** A first result, about to be stored beside the write that it is the result of. */
export interface IdempotentResult {
  readonly table: string;
  readonly key: Readonly<Record<string, string>>;
  /** See `fingerprintOf`: what the key was first used for. */
  readonly fingerprint: string;
  /** The JSON text that every replay answers. */
  readonly response: string;
  /** The present, in milliseconds. */
  readonly now: number;
}

/**
 * The element that remembers a result in the same transaction as the write, so that neither is there without the other.
 * Its condition fails while an earlier use of the key stands; one past its window counts as gone, although TTL may take days to delete it.
 */
export function idempotencyPut({ table, key, fingerprint, response, now }: IdempotentResult): TransactItem {
  const seconds = Math.floor(now / 1000);
  return {
    Put: {
      TableName: table,
      Item: { ...key, fingerprint, response, expiresAt: seconds + idempotencyWindowSeconds },
      ConditionExpression: 'attribute_not_exists(fingerprint) OR expiresAt <= :now',
      ExpressionAttributeValues: { ':now': seconds },
    },
  };
}

/**
 * The JSON text to replay from a stored item; undefined when there is none or its window has passed.
 *
 * @throws DuetError `idempotency.key_reused` when the key was used for something else.
 */
export function replayFrom(item: Readonly<Record<string, unknown>> | undefined, fingerprint: string, now: number): string | undefined {
  if (item === undefined || Number(item['expiresAt']) <= Math.floor(now / 1000)) {
    return undefined;
  }
  if (item['fingerprint'] !== fingerprint) {
    throw new DuetError('idempotency.key_reused');
  }
  return String(item['response']);
}
