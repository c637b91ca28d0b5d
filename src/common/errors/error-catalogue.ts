/** What a code means. */
export interface CatalogueEntry {
  /** The HTTP status of every answer with the code. */
  readonly status: number;
  /** A few words for people. */
  readonly title: string;
  /** Why the service answers so: also the answer's `detail` where nothing more exact is known. */
  readonly cause: string;
  /** What the caller can do. */
  readonly remedy: string;
  /** Response headers that belong to the code. */
  readonly headers?: Readonly<Record<string, string>>;
}

// RFC 9110, section 15.5.2: a 401 names the scheme.
const authenticate = { 'WWW-Authenticate': 'Bearer' };

/** Every code that the service can answer with, in order of status. A code is stable: programs decide by it. */
export const errorCatalogue = {
  'cursor.invalid': {
    status: 400,
    title: 'The cursor is not valid',
    cause: 'The cursor is damaged, or was made for another caller or other filters.',
    remedy: 'Read the list again without the cursor.',
  },
  'record.full': {
    status: 400,
    title: 'The record is full',
    cause: 'With this value the record would be larger than 400 KB.',
    remedy: 'Store a shorter value, or shorten another attribute first.',
  },
  'request.invalid': {
    status: 400,
    title: 'The request is not valid',
    cause: 'A value in the body, the query, the path or a header does not fit the contract.',
    remedy: 'Correct each value that `errors` points at.',
  },
  'request.malformed': {
    status: 400,
    title: 'The request cannot be read',
    cause: 'The request is not valid HTTP, or its body is not valid JSON in UTF-8.',
    remedy: 'Send a whole, well-formed request.',
  },
  'token.invalid': {
    status: 400,
    title: 'The link does not hold',
    cause: 'The token is unknown, was used before, has expired, or a newer link was sent since.',
    remedy: 'Ask for a new link.',
  },
  'auth.invalid_credentials': {
    status: 401,
    title: 'Wrong e-mail or password',
    cause: 'There is no account with this e-mail and password.',
    remedy: 'Check both and sign in again. The answer does not say which of them is wrong.',
    headers: authenticate,
  },
  'auth.invalid_refresh_token': {
    status: 401,
    title: 'Sign in again',
    cause: 'The refresh token is not valid, was used before, or has expired.',
    remedy: 'Sign in with e-mail and password.',
    headers: authenticate,
  },
  'auth.invalid_token': {
    status: 401,
    title: 'Sign in first',
    cause: 'The access token is not valid, or has expired.',
    remedy: 'Get a new access token with the refresh token, or sign in again.',
    // RFC 6750, section 3.1.
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  },
  'auth.token_missing': {
    status: 401,
    title: 'Sign in first',
    cause: 'This route needs an access token.',
    remedy: 'Send `Authorization: Bearer <accessToken>`.',
    headers: authenticate,
  },
  'access.denied': {
    status: 403,
    title: 'Access denied',
    cause: 'The resource belongs to another user, whether or not it exists, or only an administrator may do this.',
    remedy: 'Ask for your own: `me` stands for your user id.',
  },
  'auth.email_unverified': {
    status: 403,
    title: 'Verify your e-mail first',
    cause: 'E-mail and password are right, but the link that was sent to verify the e-mail has not been followed.',
    remedy: 'Follow the link in the mail. Without it, reset the password: that verifies the e-mail too.',
  },
  'auth.reauthentication_required': {
    status: 403,
    title: 'Sign in again for this',
    cause: 'The password was given more than 10 minutes ago, and this cannot be undone.',
    remedy: 'Sign in with e-mail and password, and ask again with the new access token.',
  },
  'user.wrong_password': {
    status: 403,
    title: 'Wrong password',
    cause: 'The current password is not right.',
    remedy: 'Send the present password as `currentPassword`.',
  },
  'record.not_found': {
    status: 404,
    title: 'No such record',
    cause: 'This user has no record.',
    remedy: 'Create one with POST /dynamo.',
  },
  'route.not_found': {
    status: 404,
    title: 'No such route',
    cause: 'No route has this path.',
    remedy: 'Compare the path with the contract at /openapi.json.',
  },
  'session.not_found': {
    status: 404,
    title: 'No such session',
    cause: 'You have no session with this id, or it has ended.',
    remedy: 'List your sessions.',
  },
  'todo.not_found': {
    status: 404,
    title: 'No such todo',
    cause: 'You have no todo with this id.',
    remedy: 'List your todos: it may have been deleted.',
  },
  'user.not_found': {
    status: 404,
    title: 'No such user',
    cause: 'There is no such user, or the account has been deleted.',
    remedy: 'Check the id. A deleted account cannot be used again.',
  },
  'route.method_not_allowed': {
    status: 405,
    title: 'Method not allowed',
    cause: 'The path exists, but does not take this method.',
    remedy: 'Use one of the methods in the header `Allow`.',
  },
  'request.timeout': {
    status: 408,
    title: 'The request took too long',
    cause: 'The request did not arrive in time.',
    remedy: 'Send it again, all at once.',
  },
  'record.exists': {
    status: 409,
    title: 'There is a record already',
    cause: 'This user has a record, and can have one only.',
    remedy: 'Change it with PATCH /dynamo, or delete it first.',
  },
  'user.email_taken': {
    status: 409,
    title: 'E-mail taken',
    cause: 'Another account has this e-mail, perhaps in other letter case.',
    remedy: 'Sign in to that account, or use another e-mail.',
  },
  'sync.expired': {
    status: 410,
    title: 'Start the sync afresh',
    cause: 'The token is older than what the change feed still knows of deletions.',
    remedy: 'Drop the copy, and read the changes again without `since`.',
  },
  'version.stale': {
    status: 412,
    title: 'Changed in the meantime',
    cause: 'The resource has changed since the version in `If-Match`.',
    remedy: 'Read it again and repeat the change with its new `ETag`.',
  },
  'batch.too_large': {
    status: 413,
    title: 'The batch is too large',
    cause: 'Together the operations are more than can be written, or answered, at once.',
    remedy: 'Send fewer operations in a batch.',
  },
  'request.too_large': {
    status: 413,
    title: 'The body is too large',
    cause: 'The body is longer than 102,400 bytes, counted after decompression.',
    remedy: 'Send less in one request.',
  },
  'request.unsupported_media_type': {
    status: 415,
    title: 'Unsupported media type',
    cause: 'The route does not read bodies of this media type, charset or encoding.',
    remedy: 'Send JSON in UTF-8 with the `Content-Type` that `detail` names.',
  },
  'idempotency.key_reused': {
    status: 422,
    title: 'Idempotency key used before',
    cause: 'This `Idempotency-Key` was sent before with another request.',
    remedy: 'Use a new key for a new request.',
  },
  'rate_limit.exceeded': {
    status: 429,
    title: 'Too many requests',
    cause: 'There were too many tries from this address or for this account.',
    remedy: 'Wait as many seconds as `Retry-After` says.',
  },
  'request.header_too_large': {
    status: 431,
    title: 'The header is too large',
    cause: 'The path, the query and the header fields are too long together.',
    remedy: 'Shorten them.',
  },
  'service.internal': {
    status: 500,
    title: 'Internal error',
    cause: 'Something went wrong on our side. It has been logged under the requestId.',
    remedy: 'Report the `requestId`.',
  },
  'mail.unavailable': {
    status: 503,
    title: 'No mail can be sent',
    cause: 'This service is not set up to send mails.',
    remedy: 'Ask its operator.',
  },
  'service.busy': {
    status: 503,
    title: 'Too busy',
    cause: 'The service has too much to do at the moment: try again shortly.',
    remedy:
      'Try again after as many seconds as `Retry-After` says. Whether a write took effect is not known: look, or repeat it with the same `Idempotency-Key`.',
    headers: { 'Retry-After': '1' },
  },
  'store.unavailable': {
    status: 503,
    title: 'Temporarily unavailable',
    cause: 'The service cannot do this at the moment: try again shortly.',
    remedy:
      'Try again after as many seconds as `Retry-After` says. Whether a write took effect is not known: look, or repeat it with the same `Idempotency-Key`.',
    headers: { 'Retry-After': '1' },
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;

/** A code of the {@link errorCatalogue}: `noun.reason`. */
export type ErrorCode = keyof typeof errorCatalogue;
