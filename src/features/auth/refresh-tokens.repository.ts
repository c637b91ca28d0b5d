import type { Family, RefreshToken, Verdict } from './refresh-token.js';

/** What is known of a family when it begins. */
export type NewFamily = Pick<Family, 'id' | 'userId' | 'passwordVersion' | 'createdAt' | 'expiresAt' | 'userAgent'>;

/** Where families of refresh tokens are kept, as hashes. */
export abstract class RefreshTokensRepository {
  /**
   * Keeps a new family; deletes the user's families that can no longer be used, and beyond `maxFamilies` those used longest ago. Gives how many of the latter,
   * or null when the user has been deleted meanwhile.
   */
  abstract start(token: RefreshToken, family: NewFamily, maxFamilies: number): Promise<number | null>;

  /** The family a token names, whatever the token is worth. */
  abstract findFamily(token: RefreshToken): Promise<Family | null>;

  /**
   * Presents a token to its family, one presentation at a time: `judge` decides from the present state, and `successor` takes the
   * token's place or the family is ended. Both are committed before this returns.
   */
  abstract present(token: RefreshToken, successor: RefreshToken, judge: (family: Family) => Verdict): Promise<Verdict>;

  /** The families of a user that can still be refreshed, latest use first. */
  abstract findLive(userId: string, passwordVersion: number, now: Date): Promise<Family[]>;

  /** Ends a user's session of this id, or all of them; gives how many there were. */
  abstract endSessions(userId: string, sessionId?: string): Promise<number>;

  /** Ends a family; gives the id of its user, or null when there was none. */
  abstract end(token: RefreshToken): Promise<string | null>;
}
