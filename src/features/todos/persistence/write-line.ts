import type { Replay } from '../../../common/resources/idempotency-key.js';
import type { WriteDecision, WriteTargets } from '../todos.repository.js';
import type { Todo } from '../todos.js';

/** A write of a user's list that waits for its turn in this process. */
export interface WaitingWrite {
  readonly targets: WriteTargets;
  readonly decide: (todos: ReadonlyMap<string, Todo>) => WriteDecision<unknown>;
  /** Returns its answer, or throws; set by the turn that made the write, which may be that of a write before it. */
  outcome?: () => Replay<unknown>;
}

/** So few that a lost reply leaves few outcomes unknown. */
const mostTogether = 10;

/**
 * The first write without an outcome, and those behind it that can be in one transaction with it: each touches no todo and no idempotency key
 * of a write before it, so that it finds them as they are read.
 */
export function writableTogether(line: Iterable<WaitingWrite>): WaitingWrite[] {
  const touched = new Set<string>();
  return [...line]
    .filter(({ outcome, targets: { ids, keyed } }) => {
      if (outcome !== undefined) {
        return false;
      }
      const touches = [...ids.map((id) => `todo ${id}`), ...(keyed === undefined ? [] : [`key ${keyed.key}`])];
      const isFree = touches.every((name) => !touched.has(name));
      touches.forEach((name) => touched.add(name));
      return isFree;
    })
    .slice(0, mostTogether);
}
