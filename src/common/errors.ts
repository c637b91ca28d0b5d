/** What went wrong, in the domain's terms. The problem filter alone turns a kind into an HTTP status. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'absent'
  | 'method_not_allowed'
  | 'conflict'
  | 'stale'
  | 'too_large'
  | 'unsupported_media_type'
  | 'unprocessable'
  | 'limited'
  | 'unavailable';

/** One thing wrong with a request: a JSON pointer (RFC 6901) into body, query or path, and a sentence. */
export interface FieldProblem {
  readonly pointer: string;
  readonly detail: string;
}

/** The base of every error a caller may see: a stable code (`noun.reason`), a title for its kind and a sentence. */
export abstract class DuetError extends Error {
  abstract readonly kind: ErrorKind;
  abstract readonly code: string;
  abstract readonly title: string;
  /** Response headers that belong to the error, such as `Allow` or `Retry-After`. */
  readonly headers: Readonly<Record<string, string>> = {};
  readonly errors?: readonly FieldProblem[];
}

/** 400: the request does not fit its schema. */
export class ValidationError extends DuetError {
  readonly kind = 'invalid';
  readonly code = 'request.invalid';
  readonly title = 'The request is not valid';

  constructor(override readonly errors: readonly FieldProblem[]) {
    super(errors.length === 1 ? 'One value is not valid; see errors.' : `${errors.length} values are not valid; see errors.`);
  }
}

/** 400: the request could not be read at all. */
export class MalformedRequestError extends DuetError {
  readonly kind = 'invalid';
  readonly code = 'request.malformed';
  readonly title = 'The request cannot be read';
}

/** 400: a cursor that was damaged, or made for another caller or other filters. */
export class InvalidCursorError extends DuetError {
  readonly kind = 'invalid';
  readonly code = 'cursor.invalid';
  readonly title = 'The cursor is not valid';
  override readonly errors = [{ pointer: '/cursor', detail: 'is damaged, or was made for another caller or other filters' }];

  constructor() {
    super('The cursor is damaged, or was made for another caller or other filters: start again without it.');
  }
}

/** 401: no token was sent, or the one sent does not hold (RFC 6750, section 3). */
export class UnauthenticatedError extends DuetError {
  readonly kind = 'unauthenticated';
  readonly code: string;
  readonly title = 'Sign in first';
  override readonly headers: Readonly<Record<string, string>>;

  constructor(tokenSent: boolean) {
    super(tokenSent ? 'The access token is not valid, or has expired.' : 'This route needs an access token.');
    this.code = tokenSent ? 'auth.invalid_token' : 'auth.token_missing';
    this.headers = { 'WWW-Authenticate': tokenSent ? 'Bearer error="invalid_token"' : 'Bearer' };
  }
}

/** 403: the resource is someone else's, whether or not it exists. */
export class ForbiddenError extends DuetError {
  readonly kind = 'forbidden';
  readonly code = 'access.denied';
  readonly title = 'Not yours';

  constructor(detail = 'You may only reach what is yours.') {
    super(detail);
  }
}

/** 404: no route has this path. */
export class RouteNotFoundError extends DuetError {
  readonly kind = 'absent';
  readonly code = 'route.not_found';
  readonly title = 'No such route';

  constructor() {
    super('No route has this path.');
  }
}

/** 405: the path exists, the method does not; `Allow` lists those that do (RFC 9110, section 15.5.6). */
export class MethodNotAllowedError extends DuetError {
  readonly kind = 'method_not_allowed';
  readonly code = 'route.method_not_allowed';
  readonly title = 'Method not allowed';
  override readonly headers: Readonly<Record<string, string>>;

  constructor(allowed: readonly string[]) {
    super(`This path takes ${allowed.join(', ')}.`);
    this.headers = { Allow: allowed.join(', ') };
  }
}

/** 412: `If-Match` names another version than the present one. */
export class StaleVersionError extends DuetError {
  readonly kind = 'stale';
  readonly code = 'version.stale';
  readonly title = 'Changed in the meantime';

  constructor() {
    super('The resource has changed since the version in If-Match: read it again.');
  }
}

/** 413: the body is longer than the limit. */
export class PayloadTooLargeError extends DuetError {
  readonly kind = 'too_large';
  readonly code = 'request.too_large';
  readonly title = 'The body is too large';

  constructor(limit: number) {
    super(`The body may be at most ${limit.toLocaleString('en')} bytes long.`);
  }
}

/** 415: the body is of another type, charset or encoding than the route reads. */
export class UnsupportedMediaTypeError extends DuetError {
  readonly kind = 'unsupported_media_type';
  readonly code = 'request.unsupported_media_type';
  readonly title = 'Unsupported media type';

  constructor(accepted: readonly string[]) {
    super(`Send the body as ${accepted.join(' or ')}, in UTF-8.`);
  }
}

/** 422: an idempotency key came again with another payload. */
export class IdempotencyKeyReusedError extends DuetError {
  readonly kind = 'unprocessable';
  readonly code = 'idempotency.key_reused';
  readonly title = 'Idempotency key used before';

  constructor() {
    super('This Idempotency-Key was sent before with another request: use a new key for a new request.');
  }
}

/** 429: too many tries; `Retry-After` in seconds. */
export class RateLimitedError extends DuetError {
  readonly kind = 'limited';
  readonly code = 'rate_limit.exceeded';
  readonly title = 'Too many requests';
  override readonly headers: Readonly<Record<string, string>>;

  constructor(retryAfterSeconds: number) {
    super(`Too many tries: wait ${retryAfterSeconds} seconds.`);
    this.headers = { 'Retry-After': String(retryAfterSeconds) };
  }
}

/** The stores the service stands on, as they are named in health, dashboard and errors. */
export type StoreName = 'postgres' | 'dynamodb';

/** 503: a store did not answer in time, or is busy beyond the retries. The cause is for the log only. */
export class StoreUnavailableError extends DuetError {
  readonly kind = 'unavailable';
  readonly code = 'store.unavailable';
  readonly title = 'Temporarily unavailable';
  override readonly headers = { 'Retry-After': '1' };

  constructor(
    readonly store: StoreName | 'secrets',
    options?: ErrorOptions,
  ) {
    super('The service cannot do this at the moment: try again shortly.', options);
  }
}
