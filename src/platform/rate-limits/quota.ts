import type { Config } from '../../config/config.js';

/** A quota: so many within a window that opens with the first. */
export interface Policy {
  /** As published in `RateLimit-Policy`, and part of the stored key. */
  readonly name: 'account-address' | 'account' | 'address' | 'registration';
  readonly quota: number;
  readonly windowSeconds: number;
}

/** How far a quota is used. */
export interface Usage {
  readonly policy: Policy;
  readonly used: number;
  /** Seconds until the window closes; the whole window when none is open. */
  readonly resetSeconds: number;
}

/** The policies of one kind of attempt, the narrowest first. */
export interface Policies {
  /** Failed sign-ins. */
  readonly signIn: { readonly accountAddress: Policy; readonly account: Policy; readonly address: Policy };
  /** Registrations, whatever becomes of them. */
  readonly registration: Policy;
}

/** Names the policies of a route. */
export type LimitedAttempt = keyof Policies;

const quarterHour = 15 * 60;
const hour = 60 * 60;

/** The policies with the configured quotas. */
export function policiesOf(limits: Config['limits']): Policies {
  return {
    signIn: {
      accountAddress: { name: 'account-address', quota: limits.loginAccountAddress, windowSeconds: quarterHour },
      account: { name: 'account', quota: limits.loginAccount, windowSeconds: quarterHour },
      address: { name: 'address', quota: limits.loginAddress, windowSeconds: quarterHour },
    },
    registration: { name: 'registration', quota: limits.registrationAddress, windowSeconds: hour },
  };
}

/** All policies of an attempt. */
export function policyList(policies: Policies, attempt: LimitedAttempt): Policy[] {
  return attempt === 'signIn' ? Object.values(policies.signIn) : [policies.registration];
}

/** A quota nobody has used. */
export function unused(policy: Policy): Usage {
  return { policy, used: 0, resetSeconds: policy.windowSeconds };
}

/** Whether nothing of the quota is left for one more. */
export function isSpent({ policy, used }: Usage): boolean {
  return used >= policy.quota;
}

/** Whether the last place taken was one too many. */
export function isOverdrawn({ policy, used }: Usage): boolean {
  return used > policy.quota;
}

/** The value of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10, section 3). */
export function rateLimitPolicyHeader(policies: readonly Policy[]): string {
  return policies.map(({ name, quota, windowSeconds }) => `"${name}";q=${quota};w=${windowSeconds}`).join(', ');
}

/** The value of `RateLimit` (the same draft, section 4): what is left, and the seconds until it is full again. */
export function rateLimitHeader(usages: readonly Usage[]): string {
  return usages.map(({ policy, used, resetSeconds }) => `"${policy.name}";r=${Math.max(0, policy.quota - used)};t=${resetSeconds}`).join(', ');
}

/** Who makes a limited attempt, and where to tell what is left. */
export interface LimitedClient {
  /** The socket's address, or API Gateway's `sourceIp`; `X-Forwarded-For` can be made up and is not read. */
  readonly address: string;
  /** Puts the usages into the answer's `RateLimit` header. */
  report(usages: readonly Usage[]): void;
}
