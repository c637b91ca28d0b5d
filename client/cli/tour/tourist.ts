import { type DuetClient, type DuetClientOptions, DuetProblemError, type Service, type Todo } from '../../index.js';

/** Something was not as promised. */
export class BrokenPromiseError extends Error {
  override readonly name = 'BrokenPromiseError';

  constructor(
    message: string,
    /** Whether what follows makes no sense any more; by default, the step knows. */
    readonly fatal?: boolean,
  ) {
    super(message);
  }
}

/** What the steps hand on. */
export class Tourist {
  readonly name = 'Ada Lovelace';
  readonly email = `ada-${crypto.randomUUID()}@example.com`;
  password = `demo ${crypto.randomUUID()}`;
  /** Whether there may be an account to erase. */
  registered = false;
  todos: { plants: Todo; taxes: Todo; call: Todo } | undefined;

  constructor(
    readonly duet: DuetClient,
    readonly url: string,
    readonly service: Service,
    /** Shown each request. */
    readonly onExchange?: DuetClientOptions['onExchange'],
  ) {}

  /** @throws BrokenPromiseError when the step that makes them has failed. */
  get made(): { plants: Todo; taxes: Todo; call: Todo } {
    return this.todos ?? fail('there are no todos to go on with');
  }
}

/** One thing shown and checked; what it says in the end is shown beside its name. */
export interface Step {
  readonly name: string;
  /** Whether all that follows builds on it. */
  readonly needed?: boolean;
  /** Whether it is played even after a failure. */
  readonly always?: boolean;
  play(tourist: Tourist): Promise<string>;
}

/** @throws BrokenPromiseError */
export function fail(message: string, fatal?: boolean): never {
  throw new BrokenPromiseError(message, fatal);
}

/** @throws BrokenPromiseError unless it is what was promised. */
export function check(what: string, actual: unknown, promised: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(promised)) {
    fail(`${what}: promised is ${JSON.stringify(promised)}, and came ${JSON.stringify(actual)}`);
  }
}

/** The problem a call meets; `none` when it goes through, and every other error as it is. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    if (error instanceof DuetProblemError) {
      return error.code;
    }
    throw error;
  }
}
