import type { Answer } from '../../support/service.js';

/** One operation of a client on one object, with what came of it. Times count the beginnings and ends of all operations, so that no two are alike. */
export interface Operation<Input = unknown, Output = unknown> {
  readonly client: number;
  /** What it is about, such as `todo <id>` or `counter`: a history is judged object by object. */
  readonly object: string;
  readonly input: Input;
  readonly sent: number;
  /** Infinity when the outcome is unknown: it may have happened at any time after it was sent, or never. */
  readonly answered: number;
  /** Undefined when the outcome is unknown. */
  readonly output: Output | undefined;
}

/** What an answer says of the operation: that it was done or refused (`known`), that it was not tried (`failed`), or neither. */
export type Outcome = 'known' | 'failed' | 'unknown';

/**
 * Which answer is which. An answer that is in neither list (500, say, or 400 to what is valid) is a fault of the service or of the workload.
 * No answer at all, when the connection broke, is `unknown`: the request may have arrived.
 */
const outcomes: Readonly<Record<number, Outcome>> = {
  200: 'known',
  201: 'known',
  204: 'known',
  // What is not there, is there already, or has another version: answers about the object's state.
  404: 'known',
  409: 'known',
  412: 'known',
  // Refused before anything is read or written.
  429: 'failed',
  // A store did not answer in time: the write may have arrived, or may still arrive.
  503: 'unknown',
};

/** What became of an operation that was answered so; null: not at all. @throws Error for an answer that no operation of a workload may get. */
export function outcomeOf(answer: Answer | null): Outcome {
  const outcome = answer === null ? 'unknown' : outcomes[answer.status];
  if (outcome === undefined) {
    throw new Error(`An operation was answered with ${answer?.status}: ${answer?.text}`);
  }
  return outcome;
}

/** What one request was about: an operation on each object that it reads or writes. */
export interface Effect {
  readonly object: string;
  readonly input: unknown;
  /** What the answer says about this object; not asked for when there is none. */
  output(answer: Answer): unknown;
  /** Whether it only reads: with an unknown outcome it then says nothing. */
  readonly reads?: boolean;
}

/** Writes down what concurrent clients ask and are answered. */
export class Recorder {
  readonly operations: Operation[] = [];
  /** How many requests were sent, and of how many the outcome is unknown. */
  requests = 0;
  unknown = 0;
  private clock = 0;

  /** Sends a request and records it as an operation on each of the objects that `effects` names for its answer (null: none came). */
  async record(client: number, send: () => Promise<Answer | null>, effects: (answer: Answer | null) => readonly Effect[]): Promise<Answer | null> {
    const sent = this.clock++;
    const answer = await send();
    const answered = this.clock++;
    const outcome = outcomeOf(answer);
    this.requests += 1;
    this.unknown += outcome === 'unknown' ? 1 : 0;
    for (const { object, input, output, reads = false } of outcome === 'failed' ? [] : effects(answer)) {
      if (outcome === 'known' && answer !== null) {
        this.operations.push({ client, object, input, sent, answered, output: output(answer) });
      } else if (!reads) {
        this.operations.push({ client, object, input, sent, answered: Infinity, output: undefined });
      }
    }
    return outcome === 'known' ? answer : null;
  }
}

/** The operations of a history by their object. */
export function byObject(operations: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> {
  const parts = new Map<string, Operation[]>();
  for (const operation of operations) {
    const part = parts.get(operation.object);
    if (part === undefined) {
      parts.set(operation.object, [operation]);
    } else {
      part.push(operation);
    }
  }
  return parts;
}
