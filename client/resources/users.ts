import { type Api, gone, ifMatch, ownWrite, resultOf } from '../http/calls.js';
import { PagedList } from './pages.js';
import type { SessionKeeper } from '../http/session.js';
import type { CallOptions, Dashboard, SignIn, User, UserPatch } from '../types.js';

/** Profiles. */
export class Users {
  constructor(
    private readonly api: Api,
    private readonly keeper: SessionKeeper,
  ) {}

  /** The user who is signed in. */
  async me(options: CallOptions = {}): Promise<User> {
    return this.get(this.keeper.ownPath.id, options);
  }

  /** One's own profile; for an admin, anyone's. */
  async get(id: string, { signal }: CallOptions = {}): Promise<User> {
    return resultOf(this.api.GET('/users/{id}', { params: { path: { id } }, signal }));
  }

  /** Everyone, in the order they registered; for admins. */
  list(query: { limit?: number } = {}, { signal }: CallOptions = {}): PagedList<User> {
    return new PagedList(async (cursor) => resultOf(this.api.GET('/users', { params: { query: { ...query, cursor } }, signal })));
  }

  /**
   * Changes one's profile, unless it has changed since it was read. A new password or e-mail needs `currentPassword`; a new password
   * ends this session too, once its access token runs out.
   */
  async update(user: User, patch: UserPatch, { signal }: CallOptions = {}): Promise<User> {
    const write = resultOf(this.api.PATCH('/users/{id}', { params: { path: { id: user.id } }, headers: ifMatch(user), body: patch, signal }));
    // A password cannot be read back, so that whose change it was stays open.
    return patch.password === undefined ? ownWrite(user, withoutSecrets(patch), write, async () => this.get(user.id, { signal })) : write;
  }

  /** Deletes oneself and all that is one's own, and ends the session. */
  async delete(user: User, { signal }: CallOptions = {}): Promise<void> {
    await gone(this.api.DELETE('/users/{id}', { params: { path: { id: user.id } }, headers: ifMatch(user), signal }));
    if (this.keeper.session?.userId === user.id) {
      this.keeper.change(null);
    }
  }

  /** Has the link sent again that verifies one's e-mail. */
  async requestVerification({ signal }: CallOptions = {}): Promise<void> {
    await this.api.POST('/users/{id}/verification', { params: { path: this.keeper.ownPath }, signal });
  }

  /** Where one is signed in, latest use first. */
  async sessions({ signal }: CallOptions = {}): Promise<SignIn[]> {
    return (await resultOf(this.api.GET('/users/{id}/sessions', { params: { path: this.keeper.ownPath }, signal }))).items;
  }

  /** Signs out elsewhere: its access token still holds for 15 minutes at most. */
  async endSession({ id: sessionId }: Pick<SignIn, 'id'>, { signal }: CallOptions = {}): Promise<void> {
    await gone(this.api.DELETE('/users/{id}/sessions/{sessionId}', { params: { path: { ...this.keeper.ownPath, sessionId } }, signal }));
  }

  /** Signs out everywhere, and here. */
  async endSessions({ signal }: CallOptions = {}): Promise<void> {
    await this.api.DELETE('/users/{id}/sessions', { params: { path: this.keeper.ownPath }, signal });
    this.keeper.change(null);
  }

  /** Counts and next dues; what a store that is down cannot give is null, and the store is named in `degraded`. */
  async dashboard({ signal }: CallOptions = {}): Promise<Dashboard> {
    return resultOf(this.api.GET('/dashboard/{id}', { params: { path: this.keeper.ownPath }, signal }));
  }
}

function withoutSecrets(patch: UserPatch): UserPatch {
  return { ...patch, currentPassword: undefined };
}
