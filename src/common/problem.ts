import * as z from 'zod';
import { currentContext } from './request-context.js';
import type { DuetError, ErrorKind, FieldProblem } from './errors.js';
import type { HttpResponse } from './http.js';

/** The body of every error (RFC 9457), as published. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'urn:duet:problem:<code>', example: 'urn:duet:problem:request.invalid' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable: programs decide by it.', example: 'request.invalid' }),
    requestId: z.string().meta({ description: 'The same as X-Request-Id: name it when asking for help.' }),
    errors: z
      .array(z.object({ pointer: z.string().meta({ description: 'JSON pointer (RFC 6901) to what is wrong.' }), detail: z.string() }))
      .optional()
      .meta({ description: 'Each value that is not valid.' }),
  })
  .meta({ id: 'Problem', description: 'What went wrong (RFC 9457).' });

/** The media type of {@link problemSchema}. */
export const problemMediaType = 'application/problem+json';

const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  absent: 404,
  method_not_allowed: 405,
  conflict: 409,
  stale: 412,
  too_large: 413,
  unsupported_media_type: 415,
  unprocessable: 422,
  limited: 429,
  unavailable: 503,
};

/** A problem before it is written: what the filter knows of an error. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: readonly FieldProblem[];
}

/** The problem that tells of a domain error. */
export function problemOf(error: DuetError): Problem {
  const { kind, code, title, message: detail, headers, errors } = error;
  return { status: statusOfKind[kind], code, title, detail, headers, errors };
}

/** What an unforeseen error looks like from outside: nothing of the inside. */
export const internalProblem: Problem = {
  status: 500,
  code: 'service.internal',
  title: 'Internal error',
  detail: 'Something went wrong on our side. It has been logged under the requestId.',
};

/** The JSON of a problem in the present request. */
export function problemBody(problem: Problem, requestId = currentContext()?.requestId ?? 'unknown'): z.input<typeof problemSchema> {
  const { status, code, title, detail, errors } = problem;
  return { type: `urn:duet:problem:${code}`, title, status, detail, code, requestId, ...(errors && { errors: [...errors] }) };
}

/** Answers with a problem, unless an answer has begun: then the connection is cut, so that no half answer passes for a whole one. */
export function sendProblem(response: HttpResponse, problem: Problem): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const requestId = response.getHeader('X-Request-Id');
  for (const name of ['ETag', 'Location', 'Idempotency-Replayed']) {
    response.removeHeader(name);
  }
  const body = JSON.stringify(problemBody(problem, typeof requestId === 'string' ? requestId : undefined));
  response.statusCode = problem.status;
  const headers = {
    ...problem.headers,
    'Cache-Control': 'no-store',
    'Content-Type': `${problemMediaType}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
  };
  for (const [name, value] of Object.entries(headers)) {
    response.setHeader(name, value);
  }
  response.end(body);
}
