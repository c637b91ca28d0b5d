import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { errorCatalogue, type ErrorCode } from '../errors/error-catalogue.js';
import { problemSchema } from '../errors/problem.js';

type HeaderName = 'ETag' | 'Location' | 'Idempotency-Replayed';

const quotaHeaders = ['RateLimit', 'RateLimit-Policy'] as const;

const headerDocs: Readonly<
  Record<HeaderName | (typeof quotaHeaders)[number] | 'X-Request-Id' | 'WWW-Authenticate' | 'Retry-After', { description: string; schema: object }>
> = {
  'X-Request-Id': { description: 'Names this request in the logs.', schema: { type: 'string' } },
  ETag: { description: 'The version, quoted: send it as `If-Match` or `If-None-Match`.', schema: { type: 'string', pattern: '^"\\d+"$' } },
  Location: { description: 'The path of what was created.', schema: { type: 'string' } },
  'Idempotency-Replayed': {
    description: '`true` when this is the stored answer to an earlier request with the same key.',
    schema: { type: 'string', enum: ['true'] },
  },
  RateLimit: { description: 'What is left of the quota, and the seconds until it is full again.', schema: { type: 'string' } },
  'RateLimit-Policy': { description: 'The quotas of this route.', schema: { type: 'string' } },
  'WWW-Authenticate': { description: 'How to authenticate (RFC 6750).', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds to wait before the next try.', schema: { type: 'integer', minimum: 0 } },
};

const problemDescriptions: Readonly<Record<number, string>> = {
  400: 'Something in the request is not valid; `errors` points at each value.',
  401: 'No access token, or one that does not hold; at sign-in, wrong credentials.',
  403: 'Someone else’s, whether or not it exists.',
  404: 'There is no such resource.',
  409: 'In conflict with what is there.',
  410: 'The token has expired: start afresh without it.',
  412: 'Changed since the version in `If-Match`, or in `ifVersion`.',
  413: 'The body is longer than 102,400 bytes.',
  415: 'The body’s media type, charset or encoding is not supported.',
  422: 'The `Idempotency-Key` was used with another payload.',
  429: 'Too many tries.',
  500: 'A fault of the service, logged under the `requestId`.',
  503: 'A store is unreachable.',
};

/** What a route answers, for the published contract. */
export interface OperationDocs {
  readonly id: string;
  readonly summary: string;
  readonly description: string;
  /** Whether the route needs an access token: adds the scheme and 401. */
  readonly auth?: boolean;
  readonly success: { readonly status: number; readonly description: string; readonly schema?: z.ZodType; readonly headers?: readonly HeaderName[] };
  /** Whether every answer carries the route's quota, or only those that used some of it; left out, none does. */
  readonly quota?: 'always' | 'when used';
  /** Answers of failure that are no problem details. */
  readonly failures?: readonly { readonly status: number; readonly description: string; readonly schema: z.ZodType }[];
  /** The codes that the route can answer with, besides those of a missing or bad token and `service.internal`. */
  readonly problems: readonly ErrorCode[];
  readonly requestHeaders?: readonly ('If-Match' | 'If-None-Match' | 'Idempotency-Key')[];
}

/** What a route that reads a body can answer to it. */
export const bodyProblems = ['request.invalid', 'request.malformed', 'request.too_large', 'request.unsupported_media_type'] as const satisfies ErrorCode[];

/** What a route that needs a store can answer for its sake. */
export const storeProblems = ['service.busy', 'store.unavailable'] as const satisfies ErrorCode[];

const tokenProblems = ['auth.token_missing', 'auth.invalid_token'] as const satisfies ErrorCode[];

// Without examples: Swagger UI sends an example as it stands, and these make a request mean something else.
const requestHeaderDocs = {
  'If-Match': { description: 'Write only if this is still the version, as given in `ETag`, such as `"3"`.', schema: { type: 'string' } },
  'If-None-Match': { description: 'Answer 304 without a body if this is still the version, such as `"3"`.', schema: { type: 'string' } },
  'Idempotency-Key': {
    description: 'Makes the request safe to send again: the first result is replayed for 24 hours. Any text of yours, such as a UUID.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
  },
} as const;

/** Publishes a route in `openapi.json`: its answers, their headers, every problem it can give, the headers it reads. */
export function Operation({
  id,
  summary,
  description,
  auth = true,
  success,
  quota,
  failures = [],
  problems,
  requestHeaders = [],
}: OperationDocs): MethodDecorator {
  const codes: ErrorCode[] = [...problems, ...(auth ? tokenProblems : []), 'service.internal'];
  const statuses = [...new Set(codes.map((code) => errorCatalogue[code].status))].sort((a, b) => a - b);
  const headers = (...names: readonly (keyof typeof headerDocs)[]) => documentHeaders(['X-Request-Id', ...names], quota);
  const conditional = requestHeaders.includes('If-None-Match') ? [ApiResponse({ status: 304, description: 'Not changed.', headers: headers('ETag') })] : [];
  return applyDecorators(
    ApiOperation({ operationId: id, summary, description, ...(!auth && { security: [] }) }),
    ...(auth ? [ApiBearerAuth('bearer')] : []),
    ...requestHeaders.map((name) => ApiHeader({ name, required: false, ...requestHeaderDocs[name] } as Parameters<typeof ApiHeader>[0])),
    ApiResponse({
      status: success.status,
      description: success.description,
      headers: headers(...(success.headers ?? [])),
      ...(success.schema && { standardSchema: success.schema }),
    }),
    ...conditional,
    ...failures.map(({ status, description: text, schema }) => ApiResponse({ status, description: text, headers: headers(), standardSchema: schema })),
    ...statuses.map((status) =>
      ApiResponse({
        status,
        description: problemDescriptions[status] ?? 'A problem.',
        headers: headers(...problemHeaders(status)),
        standardSchema: problemSchema,
        // The media type and an example a code are set when the document is built: see openapi-document.ts.
        'x-problems': codes.filter((code) => errorCatalogue[code].status === status),
      } as Parameters<typeof ApiResponse>[0]),
    ),
  );
}

function problemHeaders(status: number): readonly ('WWW-Authenticate' | 'Retry-After')[] {
  if (status === 429 || status === 503) {
    return ['Retry-After'];
  }
  return status === 401 ? ['WWW-Authenticate'] : [];
}

/** What an answer's headers are, and whether a client can count on each. */
function documentHeaders(names: readonly (keyof typeof headerDocs)[], quota: OperationDocs['quota']): Record<string, object> {
  const always = names.filter((name) => name !== 'Idempotency-Replayed');
  const required = new Set<string>([...always, ...(quota === 'always' ? quotaHeaders : [])]);
  return Object.fromEntries(
    [...names, ...(quota === undefined ? [] : quotaHeaders)].map((name) => [name, { ...headerDocs[name], required: required.has(name) }]),
  );
}
