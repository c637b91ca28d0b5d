import { webcrypto } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/http/caller.js';
import { ServiceSecret, type SigningKey } from '../../platform/secrets/service-secret.js';
import type { User } from '../users/user.js';
import type { Family } from './refresh-token.js';

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
  private readonly imported = new WeakMap<SigningKey, Promise<webcrypto.CryptoKey>>();

  constructor(private readonly secret: ServiceSecret) {}

  /**
   * A token for a session of a user: `auth_time` is when the password was given (OpenID Connect Core 1.0, section 2), `sid` the session's id (Front-Channel
   * Logout 1.0, section 3).
   */
  async issue({ id, role, timeZone }: Pick<User, 'id' | 'role' | 'timeZone'>, session: Pick<Family, 'id' | 'createdAt'>): Promise<string> {
    const { SignJWT } = await import('jose/jwt/sign');
    const now = Math.floor(Date.now() / 1000);
    const key = await this.secret.signingKey();
    return new SignJWT({ role, zoneinfo: timeZone, auth_time: Math.floor(session.createdAt.getTime() / 1000), sid: session.id })
      .setProtectedHeader({ alg: algorithm, typ: type, kid: key.id })
      .setSubject(id)
      .setIssuer(party)
      .setAudience(party)
      .setIssuedAt(now)
      .setExpirationTime(now + accessTokenSeconds)
      .sign(await this.import(key));
  }

  /** Who a token speaks for, or null when it does not hold, for whatever reason. */
  async verify(token: string): Promise<Caller | null> {
    const [{ jwtVerify }, errors] = await Promise.all([import('jose/jwt/verify'), import('jose/errors')]);
    const keyOf = async ({ kid }: { readonly kid?: string }): Promise<webcrypto.CryptoKey> => {
      const key = kid === undefined ? await this.secret.signingKey() : await this.secret.findKey(kid);
      if (key === null) throw new errors.JWKSNoMatchingKey();
      return this.import(key);
    };
    try {
      const { payload } = await jwtVerify(token, keyOf, {
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

  private async import(key: SigningKey): Promise<webcrypto.CryptoKey> {
    const known = this.imported.get(key);
    if (known !== undefined) {
      return known;
    }
    const importing = webcrypto.subtle.importKey('raw', new Uint8Array(key.bytes), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
    this.imported.set(key, importing);
    return importing;
  }
}

function callerIn({ sub, role, zoneinfo, auth_time, sid }: Readonly<Record<string, unknown>>): Caller | null {
  return typeof sub === 'string' && uuid.test(sub) && (role === 'user' || role === 'admin') && typeof zoneinfo === 'string'
    ? { userId: sub, role, timeZone: zoneinfo, authenticatedAt: typeof auth_time === 'number' ? auth_time : 0, sessionId: typeof sid === 'string' ? sid : null }
    : null;
}
