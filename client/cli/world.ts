/** What the command line has around it; tests give their own. */
export interface World {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether standard output is a terminal: then there may be colours. */
  readonly terminal: boolean;
  /** Whether standard error is a terminal: then there may be progress bars. */
  readonly progressTerminal: boolean;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Asks for a password without echo; undefined where there is no terminal to ask at. */
  readonly askPassword?: (question: string) => Promise<string>;
  /** Aborted when the tour is to end early; the user that it made is deleted nevertheless. */
  readonly interruption: AbortSignal;
}

/** What a command gives: for machines, and for people. */
export interface Result {
  readonly data: unknown;
  readonly text: string;
}

/** A command line that makes no sense: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something that the command could not do, and that is no defect: exit code 1, and the message says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
