import type { CounterLedger, UserJournal } from './journal.js';
import { leave, nextOperation, type Operation } from './traffic.js';

/** One of the users who are there at the same time. Where one is to leave, someone else takes the seat after them. */
export class Seat {
  private leaver: UserJournal | undefined;

  /** @param departure when the first gives up their account, and who comes after them */
  constructor(
    private user: UserJournal,
    private readonly shared: { readonly random: () => number; readonly counter: CounterLedger },
    private readonly departure?: { readonly isDue: () => boolean; readonly successor: UserJournal },
  ) {}

  /** What is sent next; call it when the answer to the last is known, or given up. */
  next(): Operation {
    const { user, departure } = this;
    if (departure !== undefined && this.leaver === undefined && departure.isDue()) {
      return leave(user, () => {
        this.leaver = user;
        this.user = departure.successor;
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
