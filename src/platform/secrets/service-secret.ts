import { hkdfSync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { memoize } from '../../common/async.js';
import { secretProblem } from '../../config/variables.js';
import { AppConfig } from '../../config/config.module.js';
import { readSecret } from './secrets.js';

/** What a derived key is for: keys for different purposes have nothing in common. */
export type KeyPurpose = 'rate-limit-keys' | 'refresh-tokens';

/** A signing key, and the name that tokens signed with it carry. */
export interface SigningKey {
  /** Computed from the key: the same wherever the key is, and telling nothing of it. */
  readonly id: string;
  /** The secret's UTF-8 bytes. */
  readonly bytes: Buffer;
}

/** The keys that tokens may be signed with: one is in use, one was before it. */
interface KeyRing {
  readonly current: SigningKey;
  readonly previous?: SigningKey;
  readonly readAt: number;
}

/** For how long keys are taken as read: an instance that sees no newer key in tokens comes to know of it after so long. */
const freshMs = 5 * 60_000;
/** After a reading that showed nothing new, how long until the next: made-up key ids must not turn into one each. */
const pauseMs = 5_000;

/**
 * The service's one secret, given by JWT_SECRET or read from Secrets Manager on first use.
 * It signs access tokens as it is; every other use gets a key derived from it.
 *
 * Rotation: a new version of the secret becomes AWSCURRENT, what was current AWSPREVIOUS, and both are good. An instance that has read
 * neither knows the new one by a token that names it, or after five minutes. So no one is signed out as long as two rotations are further
 * apart than a token lives and this takes: 20 minutes.
 */
@Injectable()
export class ServiceSecret {
  private ring: KeyRing | undefined;
  private pausedUntil = 0;
  private readonly first = memoize(async () => this.read());
  private reading: Promise<void> | undefined;

  constructor(private readonly config: AppConfig) {}

  /**
   * The key to sign with. A failed first reading is not kept: the next request tries again.
   *
   * @throws StoreUnavailableError
   */
  async signingKey(): Promise<SigningKey> {
    return (await this.keys()).current;
  }

  /**
   * The key that a token names; null when there is none, or none any more. One that is not known yet is looked for, now and then.
   *
   * @throws StoreUnavailableError
   */
  async findKey(id: string): Promise<SigningKey | null> {
    const known = keyIn(await this.keys(), id);
    if (known === null && performance.now() >= this.pausedUntil) {
      await this.readAgain();
    }
    return known ?? keyIn(await this.keys(), id);
  }

  /** A key of 32 bytes for one purpose (HKDF, RFC 5869), of the key that is in use. */
  async keyFor(purpose: KeyPurpose): Promise<Buffer> {
    return derive((await this.signingKey()).bytes, purpose, 32);
  }

  private async keys(): Promise<KeyRing> {
    this.ring ??= await this.first();
    if (performance.now() - this.ring.readAt > freshMs && performance.now() >= this.pausedUntil) {
      // Behind the request: it need not wait for what is most likely the same.
      void this.readAgain();
    }
    return this.ring;
  }

  /** Keeps the keys that are known when it fails: they are as good as before. */
  private async readAgain(): Promise<void> {
    this.reading ??= this.read()
      .then((ring) => {
        if (ring.current.id === this.ring?.current.id) {
          this.pausedUntil = performance.now() + pauseMs;
        }
        this.ring = ring;
      })
      .catch(() => {
        this.pausedUntil = performance.now() + pauseMs;
      })
      .finally(() => {
        this.reading = undefined;
      });
    await this.reading;
  }

  private async read(): Promise<KeyRing> {
    const { jwtSecret, jwtSecretArn } = this.config.auth;
    if (jwtSecretArn === undefined) {
      return { current: signingKey(jwtSecret ?? ''), readAt: performance.now() };
    }
    const [current, previous] = await Promise.all([readSecret(jwtSecretArn, this.config), readSecret(jwtSecretArn, this.config, 'AWSPREVIOUS')]);
    return { current: checked(current), ...(previous !== null && { previous: checked(previous) }), readAt: performance.now() };
  }
}

function keyIn({ current, previous }: KeyRing, id: string): SigningKey | null {
  return [current, previous].find((key) => key?.id === id) ?? null;
}

function checked(text: string | null): SigningKey {
  const problem = secretProblem(text ?? '');
  if (problem !== undefined) {
    throw new Error(`The secret named by JWT_SECRET_ARN ${problem}`);
  }
  return signingKey(text ?? '');
}

function signingKey(text: string): SigningKey {
  const bytes = Buffer.from(text, 'utf8');
  return { id: derive(bytes, 'key-id', 9).toString('base64url'), bytes };
}

function derive(bytes: Buffer, purpose: KeyPurpose | 'key-id', length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', bytes, '', `duet ${purpose}`, length));
}
