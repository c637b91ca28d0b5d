import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/http/caller.js';
import { decodeIdCursor, encodeCursor } from '../../common/resources/cursor.js';
import { DuetError } from '../../common/errors/errors.js';
import { fingerprintOf } from '../../common/resources/idempotency-key.js';
import { RecordsRepository } from './records.repository.js';
import type { CreatedRecord, UserRecord } from './records.js';
import type { RecordChange, RecordList, RecordsQuery } from './records.schemas.js';

/** The documents users keep, one each. */
@Injectable()
export class RecordsService {
  constructor(private readonly records: RecordsRepository) {}

  /** Stores the caller's own record: once for an idempotency key. */
  async create(caller: Caller, record: UserRecord, idempotencyKey: string | undefined): Promise<CreatedRecord> {
    assertOwn(caller, record.user_id);
    return this.records.create(record, idempotencyKey === undefined ? undefined : { key: idempotencyKey, fingerprint: fingerprintOf('createRecord', record) });
  }

  /** One record when the query names its user, a page of all otherwise. Who may ask for which is the route's rule. */
  async read(caller: Caller, { user_id, limit, cursor }: RecordsQuery): Promise<UserRecord | RecordList> {
    return user_id === undefined ? this.list(caller, limit, cursor) : this.get(user_id);
  }

  /** Sets one attribute of the caller's own record. */
  async change(caller: Caller, { user_id, updatedKey, updatedValue }: RecordChange): Promise<UserRecord> {
    assertOwn(caller, user_id);
    const changed = await this.records.setAttribute(user_id, updatedKey, updatedValue);
    return found(changed);
  }

  /** @throws DuetError `record.not_found` when there is none. */
  async delete(userId: string): Promise<void> {
    if (!(await this.records.delete(userId))) {
      throw new DuetError('record.not_found');
    }
  }

  /** Makes sure that nothing is left of a user's record; for the deletion of users, as often as it takes. */
  async purge(userId: string): Promise<void> {
    await this.records.purge(userId);
  }

  private async get(userId: string): Promise<UserRecord> {
    return found(await this.records.find(userId));
  }

  private async list({ userId }: Caller, limit: number, cursor: string | undefined): Promise<RecordList> {
    const binding = ['records', userId];
    const { items, next } = await this.records.list(limit, cursor === undefined ? undefined : decodeIdCursor(cursor, binding));
    return { items: [...items], nextCursor: next === null ? null : encodeCursor(next, binding) };
  }
}

// The body names the owner, so the access guard, which reads paths and queries, cannot tell.
function assertOwn(caller: Caller, userId: string): void {
  if (caller.userId !== userId) {
    throw new DuetError('access.denied', 'You may only reach what is yours.');
  }
}

function found(record: UserRecord | null): UserRecord {
  if (record === null) {
    throw new DuetError('record.not_found');
  }
  return record;
}
