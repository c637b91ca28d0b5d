/** A quota: so many within a window that opens with the first. */
export interface Policy {
  /** As published in `RateLimit-Policy`, and part of the stored counter's name. */
  readonly name: string;
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

/** Whether nothing of the quota is left for one more. */
export function isSpent({ policy, used }: Usage): boolean {
  return used >= policy.quota;
}

/** The value of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10, section 3). */
export function rateLimitPolicyHeader(policies: readonly Policy[]): string {
  return policies.map(({ name, quota, windowSeconds }) => `"${name}";q=${quota};w=${windowSeconds}`).join(', ');
}

/** The value of `RateLimit` (the same draft, section 4): what is left, and the seconds until it is full again. */
export function rateLimitHeader(usages: readonly Usage[]): string {
  return usages.map(({ policy, used, resetSeconds }) => `"${policy.name}";r=${Math.max(0, policy.quota - used)};t=${resetSeconds}`).join(', ');
}
