import { webcrypto } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { ServiceSecret } from '../../platform/service-secret.js';
import type { User } from '../users/user.js';

/** For how long an access token holds, in seconds. */
export const accessTokenSeconds = 15 * 60;

// Nothing but what is issued here is taken: one algorithm, one type, one issuer, one audience (RFC 8725, sections 3.1 and 3.8 to 3.11).
const algorithm = 'HS256';
const type = 'JWT';
const party = 'duet';
/** Seconds by which the clocks of two instances may differ. */
const clockTolerance = 2;
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Makes and checks access tokens (RFC 7519). jose is loaded on first use: public routes need none. */
@Injectable()
export class AccessTokens {
  private key: { readonly secret: Buffer; readonly imported: Promise<webcrypto.CryptoKey> } | undefined;

  constructor(private readonly secret: ServiceSecret) {}

  async issue({ id, role, timeZone }: Pick<User, 'id' | 'role' | 'timeZone'>): Promise<string> {
    const { SignJWT } = await import('jose/jwt/sign');
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ role, zoneinfo: timeZone })
      .setProtectedHeader({ alg: algorithm, typ: type })
      .setSubject(id)
      .setIssuer(party)
      .setAudience(party)
      .setIssuedAt(now)
      .setExpirationTime(now + accessTokenSeconds)
      .sign(await this.signingKey());
  }

  /** Who a token speaks for, or null when it does not hold, for whatever reason. */
  async verify(token: string): Promise<Caller | null> {
    const [{ jwtVerify }, errors, key] = await Promise.all([import('jose/jwt/verify'), import('jose/errors'), this.signingKey()]);
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        typ: type,
        issuer: party,
        audience: party,
        requiredClaims: ['sub', 'iat', 'exp'],
        maxTokenAge: accessTokenSeconds,
        clockTolerance,
      });
      return callerIn(payload);
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }

  private async signingKey(): Promise<webcrypto.CryptoKey> {
    const secret = await this.secret.bytes();
    if (this.key?.secret !== secret) {
      this.key = { secret, imported: webcrypto.subtle.importKey('raw', new Uint8Array(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']) };
    }
    return this.key.imported;
  }
}

function callerIn({ sub, role, zoneinfo }: Readonly<Record<string, unknown>>): Caller | null {
  return typeof sub === 'string' && uuid.test(sub) && (role === 'user' || role === 'admin') && typeof zoneinfo === 'string'
    ? { userId: sub, role, timeZone: zoneinfo }
    : null;
}
