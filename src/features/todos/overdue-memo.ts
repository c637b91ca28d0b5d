import { type DueSpan, spanContains } from './due.js';

/** What earlier looks know of a user's overdue todos. */
export interface OverdueKnowledge {
  /** A due revision of the user's aggregate. */
  readonly revision: number;
  /** When it had been read for the first time, in milliseconds. */
  readonly readAt: number;
  /** A span that held more todos than are counted, as long as the revision is this one. */
  readonly cappedIn?: DueSpan;
}

/** A look that counted. */
export interface OverdueLook {
  readonly span: DueSpan;
  /** Not later than the count was sent, in milliseconds. */
  readonly beganAt: number;
  /** Not earlier than the revision had been read, in milliseconds. */
  readonly endedAt: number;
  /** The revision that was read beside the count; null when there is none to rely on. */
  readonly revision: number | null;
  /** Whether there were more than are counted. */
  readonly capped: boolean;
}

/**
 * How long ago a revision must have been read to be older than a count, in milliseconds. Beside a transaction a query is read-committed, not
 * serializable: for a moment, while a committed transaction is written to its items, the aggregate may be read as it left it, and the index after
 * that as it was before. That moment is some milliseconds.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-isolation
 */
export const settlingMs = 100;

/**
 * Remembers which users have more overdue todos than are counted, so that they are not counted again at every look.
 *
 * Every write to the `byDue` index moves the revision in its own transaction. So nothing has changed in the index between two readings of one
 * revision, and a count that was made between them still holds at the second. That is why a count is paired only with a revision that had
 * been read before the count was sent, and is relied on only by who reads the same revision again. Paired with one that was read beside or behind
 * it, a count from before a deletion could pass for one from after it, until the next write. So a first look leaves its revision alone,
 * a second one may add its count, and a third need not count.
 *
 * Looks may overlap in any way. Each pairs its count with what it recalled before it counted, whatever others have learnt meanwhile; so all that
 * is remembered is true of its own revision, and it does not matter whose word is the last: at worst someone counts once more. Who read the
 * revision while another counted, and then learns of that count, is told what held at a moment of the own look.
 *
 * A capped count holds in every span that contains its own: at any later time, and in other zones. Counts that are not capped cost little
 * and are not remembered.
 */
export class OverdueMemo {
  private readonly users = new Map<string, OverdueKnowledge>();

  /** At most so many users are remembered; those who learnt last. */
  constructor(private readonly mostUsers = 1_000) {}

  /** What is known of the user; to be recalled before the count is sent. */
  recall(userId: string): OverdueKnowledge | undefined {
    return this.users.get(userId);
  }

  /** Takes in a look that began with what `known` says. */
  learn(userId: string, known: OverdueKnowledge | undefined, { span, beganAt, endedAt, revision, capped }: OverdueLook): void {
    // Taken out in any case, so that the one who learnt longest ago stands first.
    this.users.delete(userId);
    if (!capped || revision === null) {
      return;
    }
    if (known?.revision !== revision) {
      this.users.set(userId, { revision, readAt: endedAt });
    } else {
      this.users.set(userId, beganAt - known.readAt < settlingMs ? known : { ...known, cappedIn: span });
    }
    const [oldest] = this.users.keys();
    if (oldest !== undefined && this.users.size > this.mostUsers) {
      this.users.delete(oldest);
    }
  }
}

/** Whether a span is known to hold more todos than are counted, provided that the revision is still the same. */
export function isKnownCapped(known: OverdueKnowledge | undefined, span: DueSpan): known is OverdueKnowledge {
  return known?.cappedIn !== undefined && spanContains(span, known.cappedIn);
}
