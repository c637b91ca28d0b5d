import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * A family's state: the refresh tokens of one sign-in, each made from the one before. Only hashes are kept.
 */
export interface Family {
  /** Names the session; unlike the hashes it is published. */
  readonly id: string;
  readonly userId: string;
  /** The version of the password that was given at sign-in. */
  readonly passwordVersion: number;
  /** The hash of the token that is good now. */
  readonly tokenHash: Buffer;
  /** The hash of the token it was made from; null right after sign-in. */
  readonly spentHash: Buffer | null;
  readonly spentAt: Date | null;
  /** When the password was given. */
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** What signed in, by its own name for itself. */
  readonly userAgent: string | null;
}

/** What a presented token means to its family. `repeat`: its reply was lost, give the same successor again. */
export type Verdict = 'rotate' | 'repeat' | 'end';

/** How long a family lives from sign-in, however often it is refreshed, in milliseconds. */
export const familyLifetimeMs = 30 * 24 * 60 * 60 * 1000;

/** For how long the latest spent token is good once more, in milliseconds: a client whose reply was lost has no other. */
export const graceMs = 10_000;

/** How many families a user may have: those used latest. */
export const maxFamilies = 20;

const selectorBytes = 16;
const secretBytes = 32;
const tokenBytes = selectorBytes + secretBytes;

/**
 * A refresh token: 16 random bytes that name the family, 32 that are the secret; base64url outside.
 *
 * A successor's secret is computed from its predecessor with the service's key. So everyone who sends the same spent token within
 * the grace gets the same successor: requests at the same time neither lock each other out nor start a chain each.
 */
export class RefreshToken {
  private constructor(private readonly bytes: Buffer) {}

  /** The first token of a new family. */
  static first(): RefreshToken {
    return new RefreshToken(randomBytes(tokenBytes));
  }

  /** A token as it was handed out, or null for a text that never was one. */
  static parse(text: string): RefreshToken | null {
    const bytes = Buffer.from(text, 'base64url');
    return bytes.length === tokenBytes && bytes.toString('base64url') === text ? new RefreshToken(bytes) : null;
  }

  /** Finds the family in the store. */
  get familyHash(): Buffer {
    return sha256(this.selector);
  }

  /** Compared with what the store has. */
  get hash(): Buffer {
    return sha256(this.bytes);
  }

  successor(key: Buffer): RefreshToken {
    return new RefreshToken(Buffer.concat([this.selector, createHmac('sha256', key).update(this.bytes).digest()]));
  }

  toString(): string {
    return this.bytes.toString('base64url');
  }

  private get selector(): Buffer {
    return this.bytes.subarray(0, selectorBytes);
  }
}

/** Decides what becomes of a family when a token with its name is presented. */
export function judge(family: Family, token: RefreshToken, now: Date): Verdict {
  if (now >= family.expiresAt) {
    return 'end';
  }
  if (timingSafeEqual(token.hash, family.tokenHash)) {
    return 'rotate';
  }
  // Using the successor makes a newer token the latest spent one: then this one is no longer known, and its reuse ends the family.
  const latestSpent = family.spentHash !== null && family.spentAt !== null && timingSafeEqual(token.hash, family.spentHash);
  return latestSpent && now.getTime() - (family.spentAt?.getTime() ?? 0) <= graceMs ? 'repeat' : 'end';
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
