import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { ValidationError } from '../errors/errors.js';

/** The header's name. */
const idempotencyHeader = 'Idempotency-Key';

/** For how long a key's first result is replayed, in seconds. */
export const idempotencyWindowSeconds = 24 * 60 * 60;

/** A creating request's idempotency key, and a digest of what it asked for: equal for requests that ask for the same. */
export interface KeyedCreation {
  readonly key: string;
  /** See {@link fingerprintOf}. */
  readonly fingerprint: string;
}

/** The caller's `Idempotency-Key`: 1 to 255 visible ASCII characters, or undefined when none was sent. */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined =>
  parseIdempotencyKey(context.switchToHttp().getRequest<Request>().get('Idempotency-Key')),
);

/** @throws ValidationError for an empty key, a longer one than 255, or one with other than visible ASCII. */
export function parseIdempotencyKey(header: string | undefined): string | undefined {
  if (header !== undefined && !/^[\x21-\x7e]{1,255}$/.test(header)) {
    throw new ValidationError([{ pointer: `/${idempotencyHeader}`, detail: 'must be 1 to 255 visible ASCII characters' }]);
  }
  return header;
}

/** What a request with an idempotency key came to: its own result, or the stored one of an earlier request. */
export interface Replay<Result> {
  readonly result: Result;
  readonly replayed: boolean;
}

/** A digest of an operation and its validated payload: equal for payloads that mean the same, whatever the order of their fields. */
export function fingerprintOf(operation: string, payload: unknown): string {
  return createHash('sha256')
    .update(operation)
    .update('\n')
    .update(JSON.stringify(sorted(payload)))
    .digest('base64url');
}

// An object becomes the list of its fields, marked so that no list looks like one.
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  return typeof value === 'object' && value !== null
    ? {
        fields: Object.entries(value)
          .sort(([left], [right]) => (left < right ? -1 : 1))
          .map(([key, child]) => [key, sorted(child)]),
      }
    : value;
}
