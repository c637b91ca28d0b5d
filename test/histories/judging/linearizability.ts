import type { Operation } from './history.js';

/** What an object may do, one operation at a time. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /**
   * The state after an operation, which with an unknown output may be any; undefined when the operation cannot give this output in this state.
   * Must not change the state that it is given.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Whether the operation can give this output neither in this state nor in any that may follow it. */
  isPast?(state: State, input: Input, output: Output | undefined): boolean;
  /** The same text for states that behave alike. */
  key(state: State): string;
}

/** The rules of an object that may also change by itself, or whose answers leave open what happened: each operation leads to any of several states. */
export interface NondeterministicModel<State, Input, Output> {
  readonly initial: State;
  /** The states that an operation with this output may lead to; none when it cannot give it. */
  steps(state: State, input: Input, output: Output | undefined): readonly State[];
  key(state: State): string;
}

/** The same as a {@link Model}, whose states are the sets of those that are possible. */
export function nondeterministic<State, Input, Output>({
  initial,
  steps,
  key,
}: NondeterministicModel<State, Input, Output>): Model<readonly State[], Input, Output> {
  return {
    initial: [initial],
    step: (states, input, output) => {
      const possible = new Map(states.flatMap((state) => steps(state, input, output)).map((state) => [key(state), state]));
      return possible.size === 0 ? undefined : [...possible.values()];
    },
    key: (states) => states.map(key).sort().join('|'),
  };
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
  /** The bit of what has to come before it; 0 for nothing. */
  readonly behind: bigint;
  /** The end of the operation that begins here; undefined at an end. */
  readonly end: Entry<Input, Output> | undefined;
  previous: Entry<Input, Output> | undefined;
  next: Entry<Input, Output> | undefined;
}

/**
 * Whether some order of the operations, in which none comes before one that was answered when it was sent, explains every output.
 *
 * The search of Wing and Gong ("Testing and verifying concurrent objects", 1993) with the memo of Lowe ("Testing for linearizability", 2017): in depth, and no
 * set of operations with the same state after them is looked at twice. An operation with an unknown outcome may come at any place after it was sent, or nowhere;
 * of several that ask the same, the one that was sent first comes first, since whatever the others can explain, it can.
 * Nothing is chosen that leaves another's answer behind ({@link Model.isPast}): it takes a counter of 100 operations from more than 200,000 steps to some 300.
 *
 * @param maxSteps how many states to try before it is given up.
 */
export function judge<State, Input, Output>(
  { initial, step, isPast, key }: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  maxSteps = 200_000,
): Judged<Input, Output> {
  const head = linked(operations);
  const seen = new Set<string>();
  const leavesBehind = (chosen: Entry<Input, Output>, after: State): boolean => {
    if (isPast === undefined) {
      return false;
    }
    for (let entry = head.next; entry !== undefined; entry = entry.next) {
      const { input, output, answered } = entry.operation;
      if (entry !== chosen && entry.end !== undefined && answered !== Infinity && isPast(after, input, output)) {
        return true;
      }
    }
    return false;
  };
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
      const after = (done & entry.behind) !== entry.behind ? undefined : step(state, entry.operation.input, entry.operation.output);
      const memo = after === undefined || leavesBehind(entry, after) ? undefined : `${(done | entry.bit).toString(36)} ${key(after)}`;
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
  const behind = sameBefore(operations);
  const entries = operations.flatMap((operation, index): (Entry<Input, Output> & { at: number })[] => {
    const both = { operation, bit: 1n << BigInt(index), behind: behind[index] ?? 0n, previous: undefined, next: undefined };
    const end = { ...both, end: undefined, at: operation.answered };
    return [{ ...both, end, at: operation.sent }, end];
  });
  // Two unknown ends are at the same time, in any order.
  entries.sort((a, b) => (a.at === b.at ? 0 : a.at - b.at));
  const head: Entry<Input, Output> = {
    operation: entries[0]?.operation as Operation<Input, Output>,
    bit: 0n,
    behind: 0n,
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

/** For each operation with an unknown outcome the bit of the one before it that asks the same. */
function sameBefore(operations: readonly Operation[]): readonly bigint[] {
  const behind = operations.map(() => 0n);
  const last = new Map<string, bigint>();
  const unknown = [...operations.entries()].filter(([, { answered }]) => answered === Infinity).sort(([, a], [, b]) => a.sent - b.sent);
  for (const [index, { input }] of unknown) {
    const asked = JSON.stringify(input);
    behind[index] = last.get(asked) ?? 0n;
    last.set(asked, 1n << BigInt(index));
  }
  return behind;
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
