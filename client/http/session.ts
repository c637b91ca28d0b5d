import { DuetProblemError, DuetSignedOutError } from './errors.js';
import { unlessAborted } from './retry.js';
import { type Outgoing, outgoing, type Transport } from './transport.js';

/** Who is signed in. Plain data, to be kept where only the user reaches it: who has it is the user. */
export interface Session {
  readonly userId: string;
  /** Empty where only the refresh token was kept: the first request exchanges that. */
  readonly accessToken: string;
  readonly refreshToken: string;
}

/**
 * Sends requests in the name of the user who is signed in. That an access token has run out is learned from the service's 401 alone, never
 * from a clock, which may be far off here; then it is exchanged once, for however many requests wait.
 */
export class SessionKeeper {
  #renewal: Promise<Session> | undefined;
  #session: Session | null;

  constructor(
    private readonly transport: Transport,
    private readonly exchange: (spent: Session) => Promise<Session>,
    private readonly onChange: (session: Session | null) => void,
    restored: Session | null,
  ) {
    this.#session = restored;
  }

  get session(): Session | null {
    return this.#session;
  }

  /** @throws DuetSignedOutError */
  get userId(): string {
    if (this.#session === null) {
      throw new DuetSignedOutError();
    }
    return this.#session.userId;
  }

  /**
   * The caller in a path: the service puts the id of the token's user in its place.
   *
   * @throws DuetSignedOutError
   */
  get ownPath(): { id: 'me' } {
    if (this.#session === null) {
      throw new DuetSignedOutError();
    }
    return { id: 'me' };
  }

  change(session: Session | null): void {
    this.#session = session;
    this.onChange(session);
  }

  /** To be openapi-fetch's `fetch`: {@link Transport.send} with the access token, and once more with a new one when that has run out. */
  readonly send = async (request: Request): Promise<Response> => {
    // The caller's own path names no user: who is signed in now, and not by the time the body has been read, is meant.
    const session = this.#session;
    const original = await outgoing(request);
    if (session === null) {
      return this.transport.send(original);
    }
    const renewed = async (refusal: Error): Promise<Session> =>
      unlessAborted(original.signal, async (aborted) => Promise.race([aborted, this.renew(session, refusal)]));
    if (session.accessToken === '') {
      return this.transport.send(bearing(await renewed(new DuetSignedOutError()), original));
    }
    try {
      return await this.transport.send(bearing(session, original));
    } catch (error) {
      if (!(error instanceof DuetProblemError) || error.code !== 'auth.invalid_token') {
        throw error;
      }
      return this.transport.send(bearing(await renewed(error), original), { uncertain: error.uncertain });
    }
  };

  /** The session after `spent`; `refusal` is thrown when another user, or none, is signed in by now. */
  private async renew(spent: Session, refusal: Error): Promise<Session> {
    const current = this.#session;
    if (current?.userId !== spent.userId) {
      throw refusal;
    }
    if (current.accessToken !== spent.accessToken) {
      return current;
    }
    this.#renewal ??= this.exchangeFor(current).finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }

  private async exchangeFor(current: Session): Promise<Session> {
    const stillCurrent = (): boolean => this.#session === current;
    try {
      const renewed = await this.exchange(current);
      if (stillCurrent()) {
        this.change(renewed);
      }
      return renewed;
    } catch (error) {
      // Only the service's own word ends a session: after a lost connection the refresh token may still be good.
      if (stillCurrent() && error instanceof DuetProblemError && error.status === 401) {
        this.change(null);
      }
      throw error;
    }
  }
}

function bearing({ accessToken }: Session, request: Outgoing): Outgoing {
  const headers = new Headers(request.headers);
  headers.set('Authorization', `Bearer ${accessToken}`);
  return { ...request, headers };
}
