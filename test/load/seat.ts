import type { CounterLedger, UserJournal } from './journal.js';
import { leave, nextOperation, type Operation } from './traffic.js';

/** One of the users who are there at the same time. Where one is to leave, someone else takes the seat after them. */
export class Seat {
  private leaver: UserJournal | undefined;

  /**
   * @param shared what all seats share
   * @param successor who comes after the first, who then deletes their account
   * @param leavesAtMs when that is, by `performance.now()`
   */
  constructor(
    private user: UserJournal,
    private readonly shared: { readonly random: () => number; readonly counter: CounterLedger },
    private readonly successor?: UserJournal,
    private readonly leavesAtMs = Number.POSITIVE_INFINITY,
  ) {}

  /** What is sent next; call it when the answer to the last is known, or given up. */
  next(): Operation {
    const { user, successor } = this;
    if (successor !== undefined && this.leaver === undefined && performance.now() >= this.leavesAtMs) {
      return leave(user, () => {
        this.leaver = user;
        this.user = successor;
      });
    }
    return nextOperation(user, this.shared);
  }

  /** Who sits here at the end. */
  get occupant(): UserJournal {
    return this.user;
  }

  /** Who has left, if anyone. */
  get left(): UserJournal | undefined {
    return this.leaver;
  }
}
