import { Injectable } from '@nestjs/common';
import { Log } from '../../platform/observability/log.js';
import { type DeadRow, OutboxRepository } from './outbox.repository.js';

/** A longer list is not for a person to read. */
const maxListed = 100;

/** What an operator can do about events and mails that were given up: see what they are, have them tried again, or drop them. */
@Injectable()
export class DeadDeliveriesService {
  constructor(
    private readonly outbox: OutboxRepository,
    private readonly log: Log,
  ) {}

  /** The oldest hundred, and how many there are. */
  async list(): Promise<{ readonly rows: readonly DeadRow[]; readonly total: number }> {
    const [rows, { dead }] = await Promise.all([this.outbox.findDead(maxListed), this.outbox.backlog()]);
    return { rows, total: Math.max(dead, rows.length) };
  }

  /**
   * Has one of them, or without an id all, tried again from the first try on; gives their kinds. Later changes of the same user may have been
   * published in the meantime: receivers see by the version in the data which is newer.
   */
  async retry(id?: string): Promise<string[]> {
    const retried = await this.outbox.retryDead(id);
    for (const { id: outboxId, kind } of retried) {
      this.log.info('a dead outbox row is to be tried again', { outboxId, kind: shorten(kind) });
    }
    return retried.map(({ kind }) => kind);
  }

  /**
   * Has every user who was deleted since then erased once more: for an operator who has restored a table to that time, with which their todos
   * came back. It does no harm where nothing is left. Gives how many users that are.
   */
  async eraseAgain(since: Date): Promise<number> {
    const users = await this.outbox.eraseAgain(since);
    this.log.info('deleted users are to be erased again', { users, since: since.toISOString() });
    return users;
  }

  /** Drops one for good, so that it is never published or sent; gives its kind, or null when there is no dead one of this id. The log keeps which it was. */
  async discard(id: string): Promise<string | null> {
    const row = await this.outbox.discardDead(id);
    if (row === null) {
      return null;
    }
    this.log.warn('a dead outbox row was discarded: it will never be published or sent', { outboxId: row.id, kind: shorten(row.kind) });
    return row.kind;
  }
}

// As stored it may be anything.
const shorten = (kind: string): string => kind.slice(0, 100);
