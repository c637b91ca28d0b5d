import type { FieldProblem, Problem, ProblemCode } from '../types.js';

/** What a failed call was about. */
export interface FailedCall {
  readonly method: string;
  readonly url: string;
  /** Whether the request, or an earlier attempt of it, may have been carried out although no answer says so. */
  readonly uncertain?: boolean;
  readonly idempotencyKey?: string;
}

/** The base of every error this client makes of a call. A call that its caller cancels rejects with the signal's own `reason` instead. */
export abstract class DuetError extends Error {
  readonly method: string;
  readonly url: string;
  /**
   * Whether the request may have been carried out all the same: it is a write, and its answer or that of an earlier attempt was lost.
   * Look before doing it again, or repeat it with the same {@link idempotencyKey}.
   */
  readonly uncertain: boolean;
  /** The key the request was sent with, if it creates something: sent again with it, the creation cannot happen twice. */
  readonly idempotencyKey: string | undefined;

  constructor(message: string, { method, url, uncertain = false, idempotencyKey }: FailedCall, options?: ErrorOptions) {
    super(message, options);
    this.method = method;
    this.url = url;
    this.uncertain = uncertain;
    this.idempotencyKey = idempotencyKey;
  }
}

/**
 * Duet answered with a problem (RFC 9457). Decide by `code`, which is stable; show `message`, which is for people.
 *
 * @example
 * ```ts
 * import { DuetProblemError } from 'duet-client';
 *
 * const failure = await duet.todos.create({ title: '' }).catch((error: unknown) => error);
 * if (failure instanceof DuetProblemError) {
 *   console.log(failure.code, failure.status, failure.errors[0]?.pointer); // request.invalid 400 /title
 * }
 * ```
 */
export class DuetProblemError extends DuetError {
  override readonly name = 'DuetProblemError';
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** Each value that is not valid; empty when the problem is of another kind. */
  readonly errors: readonly FieldProblem[];
  /** Names the request in the service's logs: pass it on when asking for help. */
  readonly requestId: string;
  /** How long the service asks to wait before another try, if it does. */
  readonly retryAfterMs: number | undefined;

  constructor(problem: Problem, call: FailedCall, retryAfterMs?: number) {
    const { code, status, title, detail, errors = [], requestId } = problem;
    const fields = errors.map((error) => `${error.pointer} ${error.detail}`).join('; ');
    super(`${title}: ${detail}${fields === '' ? '' : ` (${fields})`}`, call);
    this.code = code;
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Why no answer of Duet's came:
 * - `invalid_url`: `baseUrl` is not one;
 * - `unreachable`: no connection, or it broke;
 * - `timeout`: no whole answer within `timeoutMs`;
 * - `unavailable`: something in front of Duet answered that Duet cannot be reached now;
 * - `not_duet`: what answered is not Duet.
 */
export type ConnectionFailure = 'invalid_url' | 'unreachable' | 'timeout' | 'unavailable' | 'not_duet';

/** No answer of Duet's came; `message` says what to do about it. */
export class DuetConnectionError extends DuetError {
  override readonly name = 'DuetConnectionError';

  constructor(
    readonly reason: ConnectionFailure,
    message: string,
    call: FailedCall,
    options?: ErrorOptions,
  ) {
    super(`${message}${advice(call)}`, call, options);
  }
}

function advice({ uncertain = false, idempotencyKey }: FailedCall): string {
  if (!uncertain) {
    return '';
  }
  return idempotencyKey === undefined
    ? ' The request may have been carried out: look before you send it again.'
    : ' The request may have been carried out: send it again with the same idempotencyKey, which cannot do it twice.';
}

/** The call is about the user who is signed in, and none is. */
export class DuetSignedOutError extends Error {
  override readonly name = 'DuetSignedOutError';

  constructor() {
    super('Nobody is signed in: call signIn({ email, password }) first.');
  }
}
