/** A row taken for work: until its lease ends, no other worker takes it. */
export interface ClaimedRow {
  /** The event's id. */
  readonly id: string;
  readonly userId: string;
  /** As stored: it may be one we do not know. */
  readonly kind: string;
  /** As stored: it may be malformed. */
  readonly payload: unknown;
  readonly occurredAt: string;
  /** Attempts at the row's present step, this one included. */
  readonly attempts: number;
  /** Proof of the claim; each claim has its own. */
  readonly lease: string;
}

/** What waits in the outbox. */
export interface OutboxBacklog {
  readonly pending: number;
  readonly dead: number;
  /** How long the oldest pending row has been waiting, in seconds; 0 when nothing waits. */
  readonly oldestPendingSeconds: number;
}

/** A row that was given up, as far as an operator may see it: its payload is someone's data. */
export interface DeadRow {
  readonly id: string;
  /** As stored: it may be one we do not know. */
  readonly kind: string;
  readonly userId: string;
  readonly attempts: number;
  readonly lastError: string | null;
  /** How long ago the change was, in seconds. */
  readonly ageSeconds: number;
}

/** The claim ended before the work did: another worker may have the row. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';

  constructor(id: string) {
    super(`The lease on outbox row ${id} has ended`);
  }
}

/**
 * The outbox as its workers see it. A row's steps: a deletion is first erased, then published; a mail is sent; any other is published. A row is taken with
 * a lease of its own, in a short transaction: no lock is held while the work is done, however long that takes, and what a worker that
 * died had taken is free again when the lease ends. All times are the database's, so that workers' clocks do not matter.
 */
export abstract class OutboxRepository {
  /** Takes a deletion that is due to be erased, of one user or of any. It waits for no other row of the user. */
  abstract claimErasure(userId?: string): Promise<ClaimedRow | null>;

  /** Takes rows that are due to be published, of each user at most the oldest that is pending. */
  abstract claimOldestOfEachUser(limit: number): Promise<ClaimedRow[]>;

  /** Takes mails that are due to be sent. They wait for nothing else of the user, and nothing waits for them. */
  abstract claimMails(limit: number): Promise<ClaimedRow[]>;

  /** Whether a deletion of the user is yet to be erased. */
  abstract erasureIsPending(userId: string): Promise<boolean>;

  /** Makes the lease last anew. @throws LeaseLostError */
  abstract renew(row: ClaimedRow): Promise<void>;

  /** The user's data are erased: from now on the deletion is publishable. @throws LeaseLostError */
  abstract markErased(row: ClaimedRow): Promise<void>;

  /** The row is published or sent, and its payload is emptied. A deletion empties the user's other rows too. @throws LeaseLostError */
  abstract markDone(row: ClaimedRow): Promise<void>;

  /** Has the row tried again in `pauseMs`. @throws LeaseLostError */
  abstract postpone(row: ClaimedRow, pauseMs: number, reason: string): Promise<void>;

  /** Gives an unfinished row back at once, and does not count the attempt. @throws LeaseLostError */
  abstract release(row: ClaimedRow): Promise<void>;

  /** Gives the row up. It stays, with its payload, for an operator (`docs/consistency.md`). A deletion empties the user's other rows. @throws LeaseLostError */
  abstract markDead(row: ClaimedRow, reason: string): Promise<void>;

  abstract backlog(): Promise<OutboxBacklog>;

  /** The rows that were given up, the oldest first. */
  abstract findDead(limit: number): Promise<DeadRow[]>;

  /** Has what was deleted since then erased and published once more; gives how many users that are. */
  abstract eraseAgain(since: Date): Promise<number>;

  /** Makes the dead row of this id, or without an id each dead row, pending again as if it had never been tried; gives the rows. */
  abstract retryDead(id?: string): Promise<Pick<DeadRow, 'id' | 'kind'>[]>;

  /** Deletes a dead row for good; null when there is none of this id. */
  abstract discardDead(id: string): Promise<Pick<DeadRow, 'id' | 'kind'> | null>;

  /** Deletes at most `limit` rows that have been done for `days`; gives how many. */
  abstract deleteDone(days: number, limit: number): Promise<number>;
}
