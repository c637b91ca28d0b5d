import createClient from 'openapi-fetch';
import { type Api, resultOf } from './http/calls.js';
import { ChangeFeed, type ChangesOptions } from './resources/changes.js';
import { Counter } from './resources/counter.js';
import { DuetConnectionError } from './http/errors.js';
import { Records } from './resources/records.js';
import type { MirrorOptions } from './mirror/storage.js';
import type { Mirror } from './mirror/types.js';
import type { paths } from './schema.js';
import { type Session, SessionKeeper } from './http/session.js';
import { Todos } from './resources/todos.js';
import { type Exchange, outgoing, type SendOptions, Transport } from './http/transport.js';
import type { CallOptions, Credentials, PasswordReset, Readiness, Registration, Service, Tokens, User } from './types.js';
import { Users } from './resources/users.js';

export interface DuetClientOptions {
  /** Where Duet is: an absolute `http:` or `https:` URL, with its base path if it has one. In a browser it may be relative to the page. */
  readonly baseUrl: string;
  /** A session of before, as {@link onSession} gave it. */
  readonly session?: Session | null;
  /** Called with every change of the session, so that it can be kept; null when it has ended. */
  readonly onSession?: (session: Session | null) => void;
  /**
   * Surrounds the exchange of a spent session for the next, where several clients share one: browser tabs do it under a lock, with the refresh token that
   * was kept last. Left out, `exchange` is called with this client's own.
   */
  readonly renewal?: (spent: Session, exchange: (refreshToken: string) => Promise<Session>) => Promise<Session>;
  /** How long one attempt may take, answer included, in milliseconds; 10,000 if left out. */
  readonly timeoutMs?: number;
  /** How often a failed attempt is repeated, where that is safe; 3 times if left out. */
  readonly retries?: number;
  /** The longest wait before the first repetition, in milliseconds, which doubles with each; 200 if left out. */
  readonly retryDelayMs?: number;
  /** The longest wait before any repetition; 20,000 ms if left out. Where the service asks for a longer one, the caller gets the error instead. */
  readonly longestWaitMs?: number;
  /** Called with every attempt, tokens and passwords included: for logs, with care. It must not throw. */
  readonly onExchange?: (exchange: Exchange) => void;
  /** What sends requests; the platform's `fetch` if left out. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Everything Duet does, for one user at a time. */
export interface DuetClient {
  /** Who is signed in. */
  readonly session: Session | null;
  readonly users: Users;
  readonly todos: Todos;
  readonly records: Records;
  readonly counter: Counter;
  /** Every operation of the contract as openapi-fetch has it, with this client's session, retries and errors; its `error` is never set. */
  readonly api: Api;
  /** What has changed of one's todos, from a token of before or from the beginning. */
  changes(options?: ChangesOptions): ChangeFeed;
  /**
   * A copy of one's todos that follows the service and takes writes at any time. Its code comes with the storage, from
   * `duet-client/mirror` or `duet-client/mirror/indexed-db`.
   *
   * @throws DuetSignedOutError without a session and `userId`.
   */
  mirror(options: MirrorOptions): Mirror;
  /** What answers, and in which version. */
  service(options?: CallOptions): Promise<Service>;
  /** Whether the stores can be reached; also when they cannot. */
  health(options?: CallOptions): Promise<Readiness>;
  /** Creates an account. It has no key: when the answer is lost, the error is `uncertain`, and signing in shows which. */
  register(registration: Registration, options?: CallOptions): Promise<User>;
  signIn(credentials: Credentials, options?: CallOptions): Promise<User>;
  /** Has a link sent that resets the password, if there is such an account; the service does not say. */
  forgotPassword(email: string, options?: CallOptions): Promise<void>;
  /** Sets a new password by the token of such a link, and ends every session of the account. */
  resetPassword(reset: PasswordReset, options?: CallOptions): Promise<void>;
  /** Verifies an e-mail by the token of the link that was sent there. */
  verifyEmail(token: string, options?: CallOptions): Promise<void>;
  /** Forgets the session, and has the service end it. */
  signOut(options?: CallOptions): Promise<void>;
}

/**
 * How long an attempt at a refresh may take. For a lost reply a spent refresh token is good for 10 s more: the repetition must come within them.
 */
const refreshTimeoutMs = 4_000;

/**
 * A client of Duet. It signs in once and stays so, repeats what failed where that is safe, creates nothing twice and overwrites nothing unseen.
 *
 * @throws DuetConnectionError (`invalid_url`)
 * @example
 * ```ts
 * const guest = createDuetClient({ baseUrl: 'https://duet.example.com' });
 * console.log((await guest.service()).name); // duet
 * ```
 */
export function createDuetClient(options: DuetClientOptions): DuetClient {
  const baseUrl = checkedUrl(options.baseUrl);
  const {
    session = null,
    onSession = () => {},
    renewal = async (spent, exchange) => exchange(spent.refreshToken),
    fetch = globalThis.fetch,
    onExchange = () => {},
  } = options;
  const { timeoutMs = 10_000, retries = 3, retryDelayMs = 200, longestWaitMs = 20_000 } = options;
  const transport = new Transport({ baseUrl, timeoutMs, retries, retryDelayMs, longestWaitMs, fetch, onExchange });
  const sending =
    (special: SendOptions = {}) =>
    async (request: Request): Promise<Response> =>
      transport.send(await outgoing(request), special);

  const open = createClient<paths>({ baseUrl, fetch: sending() });
  const exchange = async (refreshToken: string): Promise<Session> => {
    const special = sending({ repeatable: true, timeoutMs: refreshTimeoutMs });
    return sessionOf(await resultOf(open.POST('/auth/refresh', { body: { refreshToken }, fetch: special })), baseUrl);
  };
  const keeper = new SessionKeeper(transport, async (spent) => renewal(spent, exchange), onSession, session);
  const api = createClient<paths>({ baseUrl, fetch: keeper.send });

  const client: DuetClient = {
    get session() {
      return keeper.session;
    },
    users: new Users(api, keeper),
    todos: new Todos(api, keeper),
    records: new Records(api, keeper),
    counter: new Counter(open),
    api,
    changes: (options) => new ChangeFeed(api, keeper.ownPath.id, options),
    mirror: (options) => options.storage.createMirror(client, options),
    service: async ({ signal } = {}) => resultOf(open.GET('/', { signal })),
    health: async ({ signal } = {}) => {
      const { data, error } = await open.GET('/health', { signal, fetch: sending({ isAnswer: (body) => 'details' in body }) });
      return (data ?? error) as Readiness;
    },
    register: async (registration, { signal } = {}) => resultOf(open.POST('/users', { body: registration, signal })),
    signIn: async (credentials, { signal } = {}) => {
      const tokens = await resultOf(open.POST('/auth/login', { body: credentials, signal }));
      keeper.change(sessionOf(tokens, baseUrl));
      return tokens.user;
    },
    forgotPassword: async (email, { signal } = {}) => void (await open.POST('/auth/forgot', { body: { email }, signal })),
    resetPassword: async (reset, { signal } = {}) => void (await open.POST('/auth/reset', { body: reset, signal })),
    verifyEmail: async (token, { signal } = {}) => void (await open.POST('/auth/verify', { body: { token }, signal })),
    signOut: async ({ signal } = {}) => {
      const ended = keeper.session;
      if (ended !== null) {
        keeper.change(null);
        await open.POST('/auth/logout', { body: { refreshToken: ended.refreshToken }, signal, fetch: sending({ repeatable: true }) });
      }
    },
  };
  return client;
}

function sessionOf({ accessToken, refreshToken, user }: Partial<Tokens>, url: string): Session {
  if (accessToken === undefined || refreshToken === undefined || user === undefined) {
    throw new DuetConnectionError('not_duet', `${url} answered without tokens, which is not Duet's way: check baseUrl.`, { method: 'POST', url });
  }
  return { userId: user.id, accessToken, refreshToken };
}

function checkedUrl(given: string): string {
  const page = (globalThis as { location?: { href: string } }).location?.href;
  const url = URL.canParse(given, page) ? new URL(given, page) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || `${url.username}${url.password}${url.search}${url.hash}` !== '') {
    const message = `baseUrl must be an absolute http or https URL, without user, query and fragment, such as https://duet.example.com; it is ${JSON.stringify(given)}.`;
    throw new DuetConnectionError('invalid_url', message, { method: '', url: given });
  }
  return url.href.replace(/\/+$/, '');
}
