import { type Api, gone, keyed, resultOf } from '../http/calls.js';
import { PagedList, type Page } from './pages.js';
import type { SessionKeeper } from '../http/session.js';
import type { CallOptions, CreateOptions, UserRecord } from '../types.js';

/** The one free-form document of the user who is signed in. */
export class Records {
  constructor(
    private readonly api: Api,
    private readonly keeper: SessionKeeper,
  ) {}

  /** Stores one's record, once; the problem is `record.exists` when there is another. */
  async create(attributes: Readonly<Record<string, unknown>>, options: CreateOptions = {}): Promise<UserRecord> {
    const body = { ...attributes, user_id: this.keeper.userId };
    return resultOf(this.api.POST('/dynamo', { headers: keyed(options), body, signal: options.signal }));
  }

  async get({ signal }: CallOptions = {}): Promise<UserRecord> {
    const query = { user_id: this.keeper.userId };
    return (await resultOf(this.api.GET('/dynamo', { params: { query }, signal }))) as UserRecord;
  }

  /** Everyone's, for admins. */
  list(query: { limit?: number } = {}, { signal }: CallOptions = {}): PagedList<UserRecord> {
    return new PagedList(async (cursor) => (await resultOf(this.api.GET('/dynamo', { params: { query: { ...query, cursor } }, signal }))) as Page<UserRecord>);
  }

  /**
   * Sets one attribute; the whole record comes back. Records have no versions, so this is never sent again when an answer is lost: it could
   * undo what others wrote in between.
   */
  async set(key: string, value: unknown, { signal }: CallOptions = {}): Promise<UserRecord> {
    return resultOf(this.api.PATCH('/dynamo', { body: { user_id: this.keeper.userId, updatedKey: key, updatedValue: value }, signal }));
  }

  async delete({ signal }: CallOptions = {}): Promise<void> {
    await gone(this.api.DELETE('/dynamo', { params: { query: { user_id: this.keeper.userId } }, signal }));
  }
}
