import { describe, expect, it } from '@jest/globals';
import { isOverdrawn, isSpent, policiesOf, policyList, rateLimitHeader, rateLimitPolicyHeader, unused } from './quota.js';

describe('a quota', () => {
  const policies = policiesOf({ loginAccountAddress: 10, loginAccount: 50, loginAddress: 100, registrationAddress: 7 });
  const { account, address } = policies.signIn;

  it('is published in structured fields', () => {
    expect(rateLimitPolicyHeader(policyList(policies, 'signIn'))).toBe('"account-address";q=10;w=900, "account";q=50;w=900, "address";q=100;w=900');
    expect(rateLimitPolicyHeader(policyList(policies, 'registration'))).toBe('"registration";q=7;w=3600');
    expect(rateLimitHeader([unused(account), { policy: address, used: 101, resetSeconds: 3 }])).toBe('"account";r=50;t=900, "address";r=0;t=3');
  });

  it('is spent with the last place taken, and overdrawn with one more', () => {
    const states = [49, 50, 51].map((used) => ({ policy: account, used, resetSeconds: 1 }));

    expect(states.map(isSpent)).toEqual([false, true, true]);
    expect(states.map(isOverdrawn)).toEqual([false, false, true]);
  });
});
