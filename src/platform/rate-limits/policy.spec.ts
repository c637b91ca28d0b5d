import { describe, expect, test } from '@jest/globals';
import { isSpent, type Policy, rateLimitHeader, rateLimitPolicyHeader } from './policy.js';

describe('a quota', () => {
  const account: Policy = { name: 'account', quota: 50, windowSeconds: 900 };
  const address: Policy = { name: 'address', quota: 100, windowSeconds: 3600 };

  test('is published in structured fields', () => {
    expect(rateLimitPolicyHeader([account, address])).toBe('"account";q=50;w=900, "address";q=100;w=3600');
    expect(
      rateLimitHeader([
        { policy: account, used: 0, resetSeconds: 900 },
        { policy: address, used: 101, resetSeconds: 3 },
      ]),
    ).toBe('"account";r=50;t=900, "address";r=0;t=3');
  });

  test('is spent when nothing is left for one more', () => {
    expect([49, 50, 51].map((used) => isSpent({ policy: account, used, resetSeconds: 1 }))).toEqual([false, true, true]);
  });
});
