import { Injectable } from '@nestjs/common';
import type { Options } from '@node-rs/argon2';
import { RateLimitedError } from '../../common/errors/errors.js';
import { AppConfig } from '../../config/config.module.js';
import { FairQueue } from './fair-queue.js';

// OWASP's minimum for argon2id; stored with each hash, so that raising them reaches each account at its next sign-in:
// https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const satisfies Options;
const costInHash = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$`;

/** The hash of 32 random bytes that were not kept: what an unknown e-mail's password is checked against, so that it takes as long. */
const unmatchableHash = `${costInHash}7vKOXwzO8OHL5Hstzzenow$84VqfvzK6zhnF7WWsGPMmGYVx3Ul9g7xqWnGc44NAZs`;

/**
 * A hash takes some 35 ms of a core: at once as many as Node has threads for it, and no more waiting than those can do in about a second. An account has at most half of the places, and its turn comes only after every other account's.
 */
const queueLimits = { atOnce: 4, waitingPerKey: 32, waiting: 64 } as const;

/** Whether a stored hash was made at another cost than is asked for now. */
export function needsRehash(hash: string): boolean {
  return !hash.startsWith(costInHash);
}

/** Hashes and checks passwords, for work that has its turn: see {@link Passwords.inTurn}. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** Whether the password is the one of `hash`; without a hash it is not, after just as long. */
  verify(hash: string | undefined, password: string): Promise<boolean>;
}

/** argon2id for all routes, behind one queue. The native code is loaded on first use: only the routes that take a password need it. */
@Injectable()
export class Passwords {
  private readonly queue: FairQueue;

  constructor(config: AppConfig) {
    // Behind the wait there must be time left for the stores.
    const waitMs = 0.7 * config.storeTimeouts.requestMs;
    this.queue = new FairQueue({ ...queueLimits, waitMs }, () => new RateLimitedError(1));
  }

  /**
   * Runs work that hashes passwords when it is the account's turn; `account` is its normalised e-mail.
   *
   * @throws RateLimitedError at once when too much work waits, for this account or for all; then `work` has not run.
   */
  async inTurn<T>(account: string, work: (hasher: PasswordHasher) => Promise<T>): Promise<T> {
    return this.queue.run(account, async () => work(argon2));
  }
}

const argon2: PasswordHasher = {
  async hash(password) {
    const { hash } = await import('@node-rs/argon2');
    return hash(prepared(password), cost);
  },

  async verify(stored, password) {
    const { verify } = await import('@node-rs/argon2');
    const holds = await verify(stored ?? unmatchableHash, prepared(password));
    return holds && stored !== undefined;
  },
};

// The same characters may arrive composed or not, by keyboard and system. NFC as in the OpaqueString profile (RFC 8265, section 4.2):
// it joins only what is canonically equal, where NFKC would also make different passwords one.
function prepared(password: string): string {
  return password.normalize('NFC');
}
