import { describe, expect, test } from '@jest/globals';
import { fitsTransaction } from './transaction-limits.js';

const put = (bytes: number) => ({ Put: { TableName: 't', Item: { text: 'x'.repeat(bytes) } } });

describe('What DynamoDB takes as one transaction', () => {
  test.each([
    ['100 items', Array.from({ length: 100 }, () => put(1))],
    ['items of just under 4 MB together', Array.from({ length: 10 }, () => put(399_000))],
    ['an item of just under 400 KB', [put(399_900)]],
    ['what deletes and updates alone', [{ Delete: { TableName: 't', Key: {} } }, { Update: { TableName: 't', Key: {}, UpdateExpression: '' } }]],
  ])('is %s', (_, items) => {
    expect(fitsTransaction(items)).toBe(true);
  });

  test.each([
    ['101 items', Array.from({ length: 101 }, () => put(1))],
    ['items of more than 4 MB together', Array.from({ length: 11 }, () => put(390_000))],
    ['an item of 400 KB, counted in bytes', [put(0), { Put: { TableName: 't', Item: { text: '😀'.repeat(100_000) } } }]],
  ])('is not %s: that is refused before it is sent', (_, items) => {
    expect(fitsTransaction(items)).toBe(false);
  });
});
