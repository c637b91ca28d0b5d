import { createHmac, randomUUID } from 'node:crypto';
import type { Config } from '../../src/config/config.js';

/** What an access token says; see {@link signToken}. */
export type Claims = Readonly<Record<string, unknown>>;

/** A token of any header and claims, signed as the service signs; `alg: none` gets no signature (RFC 7519, section 6). */
export function signToken(secret: string, claims: Claims, header: Claims = { alg: 'HS256', typ: 'JWT' }): string {
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${header['alg'] === 'none' ? '' : createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** The claims of a good token, as if the user had just signed in. */
export function goodClaims(userId: string, timeZone = 'UTC', role: 'user' | 'admin' = 'user'): Claims {
  const now = Math.floor(Date.now() / 1000);
  return { role, zoneinfo: timeZone, auth_time: now, sub: userId, iss: 'duet', aud: 'duet', iat: now, exp: now + 900 };
}

/** Someone with a good token and no profile: enough wherever no PostgreSQL is asked, and made in no time. */
export interface TokenBearer {
  readonly id: string;
  readonly token: string;
}

/** A {@link TokenBearer} of the service with this configuration; a new one unless an id is given. */
export function tokenBearer({ auth }: Config, timeZone = 'UTC', role: 'user' | 'admin' = 'user', id: string = randomUUID()): TokenBearer {
  return { id, token: signToken(auth.jwtSecret ?? '', goodClaims(id, timeZone, role)) };
}
