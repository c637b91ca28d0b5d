import { errorCatalogue, type ErrorCode } from '../../common/errors/error-catalogue.js';
import { DuetError, type DuetErrorOptions } from '../../common/errors/errors.js';
import { problemBody } from '../../common/errors/problem.js';

/** Who sends an example's request, unless it is a user who is signed in. */
const senders = { admin: 'sent by an administrator', stranger: 'sent without a token', late: 'sent with an expired token', idle: 'sent an hour after sign-in' };

/** A request, and the problem that answers it. A test sends each (test/http/protocol/error-examples.spec.ts). */
export interface ErrorExample {
  readonly request: {
    readonly method: string;
    /** `{userId}` stands for the caller's own id. */
    readonly path: string;
    readonly as?: keyof typeof senders;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  /** What led to it, where the request alone does not say. */
  readonly after?: string;
  /** Where the answer says more than the catalogue. */
  readonly detail?: string;
  readonly errors?: DuetErrorOptions['errors'];
}

const someId = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';

/** One true example for each code. */
export const errorExamples: Readonly<Record<ErrorCode, ErrorExample>> = {
  'cursor.invalid': {
    request: { method: 'GET', path: '/users/me/todos?cursor=damaged' },
    errors: [{ pointer: '/cursor', detail: 'is damaged, or was made for another caller or other filters' }],
  },
  'record.full': {
    request: { method: 'PATCH', path: '/dynamo', body: { user_id: '{userId}', updatedKey: 'fifth', updatedValue: '…' } },
    after: 'four attributes of 95,000 bytes each',
    errors: [{ pointer: '/updatedValue', detail: 'would make the record larger than 400 KB' }],
  },
  'request.invalid': {
    request: { method: 'POST', path: '/users/me/todos', body: { title: 'Water the plants', priority: 'urgent' } },
    detail: 'One value is not valid; see errors.',
    errors: [{ pointer: '/priority', detail: 'Invalid option: expected one of "low"|"normal"|"high"' }],
  },
  'request.malformed': { request: { method: 'POST', path: '/users/me/todos', body: '{"title":' }, detail: 'The body is not valid JSON.' },
  'token.invalid': { request: { method: 'POST', path: '/auth/verify', as: 'stranger', body: { token: 'unknown' } } },
  'auth.invalid_credentials': {
    request: { method: 'POST', path: '/auth/login', as: 'stranger', body: { email: 'somebody@example.com', password: 'not the right password' } },
  },
  'auth.invalid_refresh_token': { request: { method: 'POST', path: '/auth/refresh', as: 'stranger', body: { refreshToken: 'unknown' } } },
  'auth.invalid_token': { request: { method: 'GET', path: '/users/me', as: 'late' } },
  'auth.token_missing': { request: { method: 'GET', path: '/users/me', as: 'stranger' } },
  'access.denied': { request: { method: 'GET', path: `/users/${someId}` }, detail: 'You may only reach what is yours.' },
  'auth.email_unverified': {
    request: { method: 'POST', path: '/auth/login', as: 'stranger', body: { email: 'new@example.com', password: 'correct horse battery staple' } },
    after: 'someone has registered as new@example.com, with REQUIRE_VERIFIED_EMAIL=true',
  },
  'auth.reauthentication_required': { request: { method: 'DELETE', path: '/users/me', as: 'idle' } },
  'user.wrong_password': {
    request: { method: 'PATCH', path: '/users/me', body: { email: 'new@example.com', currentPassword: 'not the right password' } },
  },
  'record.not_found': { request: { method: 'DELETE', path: '/dynamo?user_id={userId}' } },
  'route.not_found': { request: { method: 'GET', path: '/todo' } },
  'session.not_found': { request: { method: 'DELETE', path: `/users/me/sessions/${someId}` } },
  'todo.not_found': { request: { method: 'GET', path: `/todos/${someId}` } },
  'user.not_found': { request: { method: 'GET', path: `/users/${someId}`, as: 'admin' } },
  'route.method_not_allowed': { request: { method: 'DELETE', path: '/counter' }, detail: 'This path takes GET, HEAD, POST.' },
  'request.timeout': { request: { method: 'POST', path: '/counter' }, after: 'the request’s header began, and did not end within the server’s time' },
  'record.exists': { request: { method: 'POST', path: '/dynamo', body: { user_id: '{userId}', colour: 'blue' } }, after: 'the same request' },
  'user.email_taken': {
    request: { method: 'POST', path: '/users', as: 'stranger', body: { email: 'TAKEN@example.com', name: 'Ada', password: 'correct horse battery staple' } },
    after: 'someone has registered as taken@example.com',
  },
  'sync.expired': { request: { method: 'GET', path: '/users/me/changes?since=…' }, after: 'the token was given 30 days ago' },
  'version.stale': { request: { method: 'PATCH', path: '/users/me', headers: { 'If-Match': '"41"' }, body: { name: 'Ada' } } },
  'batch.too_large': {
    request: { method: 'POST', path: '/users/me/todos/batch', body: '{"operations":[…]}' },
    after: 'the operations patch 15 todos of 70,000 bytes each',
  },
  'request.too_large': { request: { method: 'POST', path: '/users/me/todos', body: '… (102,401 bytes)' } },
  'request.unsupported_media_type': {
    request: { method: 'POST', path: '/users/me/todos', headers: { 'Content-Type': 'text/plain' }, body: 'Water the plants' },
    detail: 'Send the body as application/json, in UTF-8.',
  },
  'idempotency.key_reused': {
    request: { method: 'POST', path: '/users/me/todos', headers: { 'Idempotency-Key': 'monday' }, body: { title: 'Water the garden' } },
    after: 'the key created another todo',
  },
  'rate_limit.exceeded': {
    request: { method: 'POST', path: '/auth/login', as: 'stranger', body: { email: 'somebody@example.com', password: 'not the right password' } },
    after: 'ten failures for this account from this address',
    detail: 'Too many tries: wait 900 seconds.',
  },
  'request.header_too_large': { request: { method: 'GET', path: '/?q=… (16,384 bytes)', as: 'stranger' } },
  'service.internal': { request: { method: 'GET', path: '/users/me' }, after: 'a fault of the service' },
  'mail.unavailable': {
    request: { method: 'POST', path: '/auth/forgot', as: 'stranger', body: { email: 'ada@example.com' } },
    after: 'MAIL_URL is not set, on Lambda',
  },
  'service.busy': {
    request: { method: 'POST', path: '/users/me/todos', body: { title: 'Water the plants' } },
    after: 'more requests at once than the service can serve in time',
  },
  'store.unavailable': { request: { method: 'GET', path: '/counter', as: 'stranger' }, after: 'DynamoDB has become unreachable' },
};

/** The problem of a code's example. */
export function exampleProblem(code: ErrorCode): ReturnType<typeof problemBody> {
  const { detail, errors } = errorExamples[code];
  return problemBody(new DuetError(code, detail, { errors }), '019e3a5c-7b1e-7c3a-9d52-000000000000');
}

/** `docs/errors.md`: every code with its status, cause, remedy and example. */
export function errorsPage(): string {
  const codes = Object.keys(errorCatalogue) as ErrorCode[];
  const row = (code: ErrorCode) => `| [\`${code}\`](#${code.replace('.', '')}) | ${errorCatalogue[code].status} | ${errorCatalogue[code].title} |`;
  return [
    '# Errors',
    '',
    'Generated from `src/common/errors/error-catalogue.ts` by `npm run openapi`: do not edit.',
    '',
    'Every error is a problem detail (RFC 9457, `application/problem+json`). Programs decide by `code`, which is stable; `requestId` names the request in the logs.',
    'The one exception is the 503 of `GET /health`, which has the shape of its 200.',
    '',
    '| code | status | title |',
    '| --- | --- | --- |',
    ...codes.map(row),
    ...codes.flatMap(section),
    '',
  ].join('\n');
}

function section(code: ErrorCode): string[] {
  const { status, cause, remedy } = errorCatalogue[code];
  const { request, after } = errorExamples[code];
  const { method, path, as, headers = {}, body } = request;
  const sent = [
    `${method} ${path}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : ['', typeof body === 'string' ? body : JSON.stringify(body)]),
  ];
  const circumstances = [as === undefined ? '' : senders[as], after === undefined ? '' : `after: ${after}`].filter((text) => text !== '');
  return [
    '',
    `## ${code}`,
    '',
    `Status ${status}. ${cause}`,
    '',
    `**What to do:** ${remedy}`,
    '',
    `**Example**${circumstances.length === 0 ? '' : ` (${circumstances.join('; ')})`}:`,
    '',
    '```http',
    ...sent,
    '```',
    '',
    '```json',
    JSON.stringify(exampleProblem(code), null, 2),
    '```',
  ];
}
