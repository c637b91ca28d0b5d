import { describe, expect, test } from '@jest/globals';
import { errorCatalogue } from './error-catalogue.js';
import { DuetError, RateLimitedError, StoreUnavailableError } from './errors.js';

describe('An error that a caller may see', () => {
  test('is named after its class, so that a log says which it was', () => {
    expect([new DuetError('todo.not_found').name, new StoreUnavailableError('postgres').name]).toEqual(['DuetError', 'StoreUnavailableError']);
  });

  test('takes status, title, detail and headers from the catalogue', () => {
    expect(new DuetError('auth.invalid_token')).toMatchObject({
      status: 401,
      title: 'Sign in first',
      message: errorCatalogue['auth.invalid_token'].cause,
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
    });
  });

  test('says when to come back', () => {
    expect([new RateLimitedError(7).headers, new StoreUnavailableError('dynamodb').headers]).toEqual([{ 'Retry-After': '7' }, { 'Retry-After': '1' }]);
  });

  test('keeps its cause for the log', () => {
    const cause = new Error('connect ECONNREFUSED');

    expect(new StoreUnavailableError('postgres', { cause }).cause).toBe(cause);
  });
});

describe('The catalogue', () => {
  test('is in order of status and code', () => {
    const entries = Object.entries(errorCatalogue).map(([code, { status }]) => `${status} ${code}`);

    expect(entries).toEqual(entries.toSorted());
  });
});
