import { hkdfSync } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { remembered } from '../common/remembered.js';
import { AppConfig } from '../config/config.module.js';
import { readSecret } from './secrets.js';

/** What a derived key is for: keys for different purposes have nothing in common. */
export type KeyPurpose = 'rate-limit-keys' | 'refresh-tokens';

const leastBytes = 32;

/**
 * The service's one secret, given by JWT_SECRET or read from Secrets Manager on first use.
 * It signs access tokens as it is; every other use gets a key derived from it.
 */
@Injectable()
export class ServiceSecret {
  private readonly secret = remembered(async () => this.read());

  constructor(@Inject(AppConfig) private readonly config: AppConfig) {}

  /** The secret's UTF-8 bytes. A failed reading is not remembered: the next request tries again. */
  async bytes(): Promise<Buffer> {
    return this.secret();
  }

  /** A key of 32 bytes for one purpose (HKDF, RFC 5869). */
  async keyFor(purpose: KeyPurpose): Promise<Buffer> {
    return Buffer.from(hkdfSync('sha256', await this.bytes(), '', `duet ${purpose}`, 32));
  }

  private async read(): Promise<Buffer> {
    const { jwtSecret, jwtSecretArn } = this.config.get('auth', { infer: true });
    if (jwtSecretArn === undefined) {
      return Buffer.from(jwtSecret ?? '', 'utf8');
    }
    const bytes = Buffer.from(await readSecret(jwtSecretArn, this.config), 'utf8');
    if (bytes.length < leastBytes) {
      throw new Error(`The secret named by JWT_SECRET_ARN must be at least ${leastBytes} bytes long`);
    }
    return bytes;
  }
}
