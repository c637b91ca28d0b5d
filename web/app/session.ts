import { createDuetClient, type Credentials, type DuetClient, DuetSignedOutError, type Registration, type Session, type User } from '../../client/index.js';
import type { Mirror } from '../../client/mirror/index.js';
import { indexedDbStorage } from '../../client/mirror/indexed-db.js';
import { type KeptAccount, keptAccount, type Profile } from './kept-account.js';

/** What a page shows. */
export type SessionState =
  | { readonly is: 'out'; /** Whether the service ended the session, without a sign-out here. */ readonly ended: boolean }
  | { readonly is: 'in'; readonly userId: string; readonly profile: Profile };

/**
 * Who is signed in, in every tab of this browser alike. The refresh token is kept in IndexedDB and exchanged by one tab at a time: a token that has
 * been spent already would end the session for all of them (RFC 9700, section 4.14.2).
 */
export class AppSession {
  readonly duet: DuetClient;
  #state: SessionState;
  readonly #listeners = new Set<() => void>();
  readonly #channel = new BroadcastChannel('duet-session');
  #mirror: Mirror | undefined;

  /** Takes up the session that this browser keeps, if there is one; the first request exchanges its refresh token. */
  static async open(baseUrl: string): Promise<AppSession> {
    return new AppSession(baseUrl, await keptAccount.read());
  }

  private constructor(baseUrl: string, kept: KeptAccount | undefined) {
    this.#state = kept === undefined ? { is: 'out', ended: false } : { is: 'in', userId: kept.userId, profile: kept.profile };
    this.duet = createDuetClient({
      baseUrl,
      session: kept === undefined ? null : { userId: kept.userId, accessToken: '', refreshToken: kept.refreshToken },
      renewal: renewInTurn,
      onSession: (session) => session === null && this.#state.is === 'in' && void this.forget('ended'),
    });
    // Another tab has signed in or out: what this one holds in memory is no longer true.
    this.#channel.addEventListener('message', () => location.reload());
  }

  /** The copy of the todos of who is signed in. */
  get mirror(): Mirror {
    this.#mirror ??= this.duet.mirror({ storage });
    return this.#mirror;
  }

  readonly getState = (): SessionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** @throws DuetError */
  async signIn(credentials: Credentials): Promise<void> {
    const user = await this.duet.signIn(credentials);
    const { refreshToken } = this.duet.session as Session;
    await keptAccount.write({ userId: user.id, refreshToken, profile: profileOf(user) });
    this.change({ is: 'in', userId: user.id, profile: profileOf(user) });
    this.#channel.postMessage('changed');
  }

  /** @throws DuetError */
  async register(registration: Registration): Promise<void> {
    await this.duet.register(registration);
    const { email, password } = registration;
    await this.signIn({ email, password });
  }

  /** Removes everything of this user from the browser. Signs out here even when the service cannot be reached; it then ends the session when that runs out. */
  async signOut(): Promise<void> {
    await this.forget('signed out');
    await this.duet.signOut().catch(() => undefined);
  }

  /** Signs in anew first: the service deletes an account only for a user who gave the password a moment ago. */
  async deleteAccount({ id, email }: User, password: string): Promise<void> {
    await this.signIn({ email, password });
    const user = await this.duet.users.get(id);
    await this.duet.users.delete(user);
    await this.forget('signed out');
  }

  /** Takes over what the service says of the user. */
  async update(user: User): Promise<void> {
    const kept = await keptAccount.read();
    if (kept?.userId === user.id) {
      await keptAccount.write({ ...kept, profile: profileOf(user) });
      this.change({ is: 'in', userId: user.id, profile: profileOf(user) });
    }
  }

  /** What has not been sent yet stays when the service has ended the session: the user may sign in again. */
  private async forget(why: 'ended' | 'signed out'): Promise<void> {
    this.change({ is: 'out', ended: why === 'ended' });
    const mirror = this.#mirror;
    this.#mirror = undefined;
    await (why === 'ended' ? mirror?.close() : mirror?.clear());
    await keptAccount.remove();
    this.#channel.postMessage('changed');
  }

  private change(state: SessionState): void {
    this.#state = state;
    this.#listeners.forEach((listener) => listener());
  }
}

const storage = indexedDbStorage('duet-todos');

async function renewInTurn(spent: Session, exchange: (refreshToken: string) => Promise<Session>): Promise<Session> {
  return navigator.locks.request('duet-session', async () => {
    const kept = await keptAccount.read();
    if (kept?.userId !== spent.userId) {
      throw new DuetSignedOutError();
    }
    const renewed = await exchange(kept.refreshToken);
    await keptAccount.write({ ...kept, refreshToken: renewed.refreshToken });
    return renewed;
  });
}

function profileOf({ name, email, timeZone }: User): Profile {
  return { name, email, timeZone };
}
