/** What a user was last answered of a todo of theirs. */
export interface KnownTodo {
  readonly id: string;
  readonly status: 'open' | 'in_progress' | 'done';
  readonly version: number;
}

/** A creation that can be sent again as it was. */
export interface Creation {
  readonly key: string;
  readonly body: string;
}

/** Who a user is, and the tokens they hold. */
export interface Credentials {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  accessToken: string;
  refreshToken: string;
}

/**
 * What one user sent and was answered. From it follows what must be stored afterwards: everything that was acknowledged, and of what got no answer
 * either all or nothing.
 */
export class UserJournal {
  readonly todos = new Map<string, KnownTodo>();
  readonly deleted = new Set<string>();
  /** Todos whose last write got no answer, and whether they may be gone by it. */
  readonly unsettled = new Map<string, 'changed' | 'deleted'>();
  readonly unsettledCreations: Creation[] = [];
  lastCreation: (Creation & { readonly todoId: string }) | undefined;
  /** The attribute of the record that changes; null without a record, undefined when a write of it got no answer. */
  recordPlan: string | null | undefined = null;
  /** When the access token was issued, by `performance.now()`. */
  tokenAt = performance.now();
  /** The refresh token may have been spent by a request that got no answer. */
  mustSignIn = false;
  /** The deletion of the user got no answer: sent again, it is done. */
  deletionUnsettled = false;

  constructor(readonly credentials: Credentials) {}

  get id(): string {
    return this.credentials.id;
  }

  /** Whether nothing is in doubt, so that counts are exact. */
  get certain(): boolean {
    return this.unsettled.size === 0 && this.unsettledCreations.length === 0;
  }

  /** How many todos there are by status, if nothing is in doubt. */
  counts(): Record<'total' | KnownTodo['status'], number> {
    const counts = { total: this.todos.size, open: 0, in_progress: 0, done: 0 };
    for (const { status } of this.todos.values()) {
      counts[status] += 1;
    }
    return counts;
  }
}

/** The hits on the counter, which all users share. */
export class CounterLedger {
  acknowledged = 0;
  /** Hits without a key that got no answer: each may have counted. */
  unknown = 0;
  /** Keys whose hit got no answer: sent again, each has counted once. */
  readonly unsettledKeys: string[] = [];

  /** @param before the counter's value before the first hit */
  constructor(readonly before: number) {}
}

/** Everything that is known of a run, for the invariants. */
export interface Journal {
  readonly users: readonly UserJournal[];
  /** Users who were deleted while others went on. */
  readonly leavers: readonly UserJournal[];
  readonly counter: CounterLedger;
}
