import type { Operation } from './history.js';

/** What an object may do, one operation at a time. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /**
   * The state after an operation, which with an unknown output may be any; undefined when the operation cannot give this output in this state.
   * Must not change the state that it is given.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** The same text for states that behave alike. */
  key(state: State): string;
}

/** `inconclusive`: the search was given up, so neither is shown. */
export type Verdict = 'linearizable' | 'violation' | 'inconclusive';

export interface Judged<Input, Output> {
  readonly verdict: Verdict;
  /** Of a violation: the answered operations that the longest order found leaves out. */
  readonly unexplained: readonly Operation<Input, Output>[];
}

/** The beginning or the end of an operation, in a list that is doubly linked so that both can be taken out and put back at their places. */
interface Entry<Input, Output> {
  readonly operation: Operation<Input, Output>;
  readonly bit: bigint;
  /** The end of the operation that begins here; undefined at an end. */
  readonly end: Entry<Input, Output> | undefined;
  previous: Entry<Input, Output> | undefined;
  next: Entry<Input, Output> | undefined;
}

/**
 * Whether some order of the operations, in which none comes before one that was answered when it was sent, explains every output.
 *
 * The search of Wing and Gong ("Testing and verifying concurrent objects", 1993) with the memo of Lowe ("Testing for linearizability", 2017): in depth, and no
 * set of operations with the same state after them is looked at twice. An operation with an unknown outcome may come at any place after it was sent, or nowhere.
 *
 * @param maxSteps how many states to try before it is given up.
 */
export function judge<State, Input, Output>(
  { initial, step, key }: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  maxSteps = 200_000,
): Judged<Input, Output> {
  const head = linked(operations);
  const seen = new Set<string>();
  const taken: { readonly entry: Entry<Input, Output>; readonly before: State }[] = [];
  let done = 0n;
  let longest = { length: 0, done };
  let state = initial;
  let entry = head.next;
  for (let steps = 0; entry !== undefined; steps += 1) {
    if (steps > maxSteps) {
      return { verdict: 'inconclusive', unexplained: [] };
    }
    if (entry.end !== undefined) {
      const after = step(state, entry.operation.input, entry.operation.output);
      const memo = after === undefined ? undefined : `${(done | entry.bit).toString(36)} ${key(after)}`;
      if (after !== undefined && memo !== undefined && !seen.has(memo)) {
        seen.add(memo);
        taken.push({ entry, before: state });
        done |= entry.bit;
        if (taken.length > longest.length) {
          longest = { length: taken.length, done };
        }
        state = after;
        takeOut(entry);
        takeOut(entry.end);
        entry = head.next;
      } else {
        entry = entry.next;
      }
      continue;
    }
    if (entry.operation.answered === Infinity) {
      // Ends that are not known come last: all operations with an answer have been explained.
      return { verdict: 'linearizable', unexplained: [] };
    }
    // Everything that could come before this answer has been tried in vain: the last choice was wrong.
    const last = taken.pop();
    if (last === undefined) {
      const isLeftOut = ({ answered }: Operation, index: number): boolean => answered !== Infinity && (longest.done & (1n << BigInt(index))) === 0n;
      return { verdict: 'violation', unexplained: operations.filter(isLeftOut) };
    }
    state = last.before;
    done &= ~last.entry.bit;
    putBack(last.entry.end as Entry<Input, Output>);
    putBack(last.entry);
    entry = last.entry.next;
  }
  return { verdict: 'linearizable', unexplained: [] };
}

/** Beginnings and ends in the order of their times, after a head that stands for none. */
function linked<Input, Output>(operations: readonly Operation<Input, Output>[]): { next: Entry<Input, Output> | undefined } {
  const entries = operations.flatMap((operation, index): (Entry<Input, Output> & { at: number })[] => {
    const bit = 1n << BigInt(index);
    const end = { operation, bit, end: undefined, previous: undefined, next: undefined, at: operation.answered };
    return [{ operation, bit, end, previous: undefined, next: undefined, at: operation.sent }, end];
  });
  // Two unknown ends are at the same time, in any order.
  entries.sort((a, b) => (a.at === b.at ? 0 : a.at - b.at));
  const head: Entry<Input, Output> = {
    operation: entries[0]?.operation as Operation<Input, Output>,
    bit: 0n,
    end: undefined,
    previous: undefined,
    next: entries[0],
  };
  entries.forEach((entry, index) => {
    entry.previous = entries[index - 1] ?? head;
    entry.next = entries[index + 1];
  });
  return head;
}

function takeOut<Input, Output>(entry: Entry<Input, Output>): void {
  if (entry.previous !== undefined) {
    entry.previous.next = entry.next;
  }
  if (entry.next !== undefined) {
    entry.next.previous = entry.previous;
  }
}

/** Undoes {@link takeOut}; in the reverse order of the takings, the neighbours are where they were. */
function putBack<Input, Output>(entry: Entry<Input, Output>): void {
  if (entry.previous !== undefined) {
    entry.previous.next = entry;
  }
  if (entry.next !== undefined) {
    entry.next.previous = entry;
  }
}
