import { Injectable } from '@nestjs/common';
import type { Options } from '@node-rs/argon2';
import type { User } from './user.js';

// OWASP's least for argon2id; stored with each hash, so that raising them reaches each account at its next sign-in:
// https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const satisfies Options;
const costInHash = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$`;

/** The hash of 32 random bytes nobody kept: what an unknown e-mail's password is checked against, so that it takes as long. */
const nobodysHash = `${costInHash}7vKOXwzO8OHL5Hstzzenow$84VqfvzK6zhnF7WWsGPMmGYVx3Ul9g7xqWnGc44NAZs`;

/** Least and most length of a new password, in code points (NIST SP 800-63B-4, section 3.1.1.2). */
export const passwordLength = { least: 15, most: 128 } as const;

/** Whether a password is the e-mail or the name, in whatever case: the first that anyone would guess. */
export function isGuessable(password: string, { email, name }: Pick<User, 'email' | 'name'>): boolean {
  const guess = folded(password);
  return [email, name].some((text) => folded(text) === guess);
}

/** Whether a stored hash was made at another cost than is asked for now. */
export function needsRehash(hash: string): boolean {
  return !hash.startsWith(costInHash);
}

/** Hashes passwords with argon2id. The native code is loaded on first use: only registration and sign-in need it. */
@Injectable()
export class Passwords {
  async hash(password: string): Promise<string> {
    const { hash } = await import('@node-rs/argon2');
    return hash(prepared(password), cost);
  }

  /** Whether the password is the one of `hash`; without a hash it is not, after just as long. */
  async verify(hash: string | undefined, password: string): Promise<boolean> {
    const { verify } = await import('@node-rs/argon2');
    const holds = await verify(hash ?? nobodysHash, prepared(password));
    return holds && hash !== undefined;
  }
}

// The same characters may arrive composed or not, by keyboard and system. NFC as in the OpaqueString profile (RFC 8265, section 4.2):
// it joins only what is canonically equal, where NFKC would also make different passwords one.
function prepared(password: string): string {
  return password.normalize('NFC');
}

function folded(text: string): string {
  return text.normalize('NFC').trim().toLowerCase();
}
