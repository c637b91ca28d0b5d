import { describe, expect, test } from '@jest/globals';
import { isUnavailable } from './errors.js';

const error = (message: string, fields: object = {}): Error => Object.assign(new Error(message), fields);

describe('A service of AWS is unavailable', () => {
  test.each<[string, Error]>([
    ['nothing listens', error('connect ECONNREFUSED', { code: 'ECONNREFUSED' })],
    ['the connection was cut', error('read ECONNRESET', { code: 'ECONNRESET' })],
    ['the connection was cut before an answer', error('socket hang up')],
    ['the name is not known', error('getaddrinfo ENOTFOUND', { code: 'ENOTFOUND' })],
    ['it took too long', error('x', { name: 'TimeoutError' })],
    ['the request’s time was up', error('x', { name: 'AbortError' })],
    ['it throttles', error('x', { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } })],
    ['it throttles the account', error('x', { name: 'RequestLimitExceeded' })],
    ['it failed', error('x', { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } })],
    ['something before it failed', error('x', { $response: { statusCode: 502 } })],
    ['there are no credentials', error('x', { name: 'CredentialsProviderError' })],
    ['the SDK wrapped a network error', error('AWS SDK error wrapper for Error: connect ECONNREFUSED 127.0.0.1:1')],
  ])('when %s', (_, cause) => {
    expect(isUnavailable(cause)).toBe(true);
  });

  test.each<[string, unknown]>([
    ['a condition failed', error('x', { name: 'ConditionalCheckFailedException', $metadata: { httpStatusCode: 400 } })],
    ['a transaction was cancelled', error('x', { name: 'TransactionCanceledException', $metadata: { httpStatusCode: 400 } })],
    ['the request was wrong', error('x', { name: 'ValidationException', $metadata: { httpStatusCode: 400 } })],
    ['it is not allowed', error('x', { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } })],
    ['the table is not there', error('x', { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 400 } })],
    ['we have a defect', new TypeError('x is not a function')],
    ['a file is missing', error('x', { code: 'ENOENT' })],
    ['something else was thrown', 'ECONNREFUSED'],
    ['nothing was thrown', undefined],
  ])('not when %s', (_, cause) => {
    expect(isUnavailable(cause)).toBe(false);
  });
});
