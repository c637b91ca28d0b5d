import { type CatalogueEntry, errorCatalogue, type ErrorCode } from './error-catalogue.js';

/** One thing wrong with a request: a JSON pointer (RFC 6901) into body, query, path or header fields, and a sentence. */
export interface FieldProblem {
  readonly pointer: string;
  readonly detail: string;
}

/** What an error says beyond its code. */
export interface DuetErrorOptions {
  /** Response headers, such as `Allow`, beside those of the code. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: readonly FieldProblem[];
  /** What led to it, for the log only. */
  readonly cause?: unknown;
}

/** An error that a caller may see. Its code says what it means; status and title are the catalogue's. */
export class DuetError extends Error {
  readonly status: number;
  readonly title: string;
  /** Response headers that belong to the error. */
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly FieldProblem[] | undefined;

  /** @param detail a sentence for the caller; left out, the catalogue's cause. */
  constructor(
    readonly code: ErrorCode,
    detail?: string,
    { headers, errors, ...options }: DuetErrorOptions = {},
  ) {
    const entry: CatalogueEntry = errorCatalogue[code];
    super(detail ?? entry.cause, options);
    this.name = new.target.name;
    this.status = entry.status;
    this.title = entry.title;
    this.headers = { ...entry.headers, ...headers };
    this.errors = errors;
  }
}

/** The request does not fit its schema. */
export class ValidationError extends DuetError {
  constructor(errors: readonly FieldProblem[]) {
    super('request.invalid', errors.length === 1 ? 'One value is not valid; see errors.' : `${errors.length} values are not valid; see errors.`, { errors });
  }
}

/** A cursor that was damaged, or made for another caller or other filters. */
export class InvalidCursorError extends DuetError {
  constructor(parameter = 'cursor') {
    super('cursor.invalid', undefined, { errors: [{ pointer: `/${parameter}`, detail: 'is damaged, or was made for another caller or other filters' }] });
  }
}

/** Too many tries; `Retry-After` in seconds (RFC 9110, section 10.2.3). */
export class RateLimitedError extends DuetError {
  constructor(retryAfterSeconds: number) {
    super('rate_limit.exceeded', `Too many tries: wait ${retryAfterSeconds} seconds.`, { headers: { 'Retry-After': String(retryAfterSeconds) } });
  }
}

/** The stores the service stands on, as they are named in health, dashboard and errors. */
export type StoreName = 'postgres' | 'dynamodb';

/** A store did not answer in time, or is busy beyond the retries. The cause is for the log only. */
export class StoreUnavailableError extends DuetError {
  constructor(
    readonly store: StoreName | 'secrets',
    options?: Pick<DuetErrorOptions, 'cause'>,
  ) {
    super('store.unavailable', undefined, options);
  }
}

/** The request's time was over before its work was done, and no store was at fault: the service itself has too much to do. */
export class ServiceBusyError extends DuetError {
  constructor(options?: Pick<DuetErrorOptions, 'cause'>) {
    super('service.busy', undefined, options);
  }
}
