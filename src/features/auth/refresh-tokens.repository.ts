import type { Family, RefreshToken, Verdict } from './refresh-token.js';

/** Where families of refresh tokens are kept, as hashes. */
export abstract class RefreshTokensRepository {
  /** Keeps a new family, and forgets the user's families that can no longer be used. False when the user has been deleted meanwhile. */
  abstract start(token: RefreshToken, family: Pick<Family, 'userId' | 'passwordVersion' | 'expiresAt'>): Promise<boolean>;

  /** The family a token names, whatever the token is worth. */
  abstract findFamily(token: RefreshToken): Promise<Family | null>;

  /**
   * Presents a token to its family, one presentation at a time: `judge` decides from the present state, and `successor` takes the
   * token's place or the family is ended. Both are committed before this returns.
   */
  abstract present(token: RefreshToken, successor: RefreshToken, judge: (family: Family) => Verdict): Promise<Verdict>;

  /** Ends a family, if it is there. */
  abstract end(token: RefreshToken): Promise<void>;
}
