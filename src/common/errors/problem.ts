import type { Response } from 'express';
import * as z from 'zod';
import { type ErrorCode, errorCatalogue } from './error-catalogue.js';
import type { DuetError } from './errors.js';
import { currentContext } from '../http/request-context.js';

/** The body of every error (RFC 9457), as published. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'urn:duet:problem:<code>' }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    code: z.enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]]).meta({ description: 'Stable: programs decide by it.' }),
    requestId: z.string().meta({ description: 'The same as X-Request-Id: name it when asking for help.' }),
    errors: z
      .array(z.object({ pointer: z.string().meta({ description: 'JSON pointer (RFC 6901) to what is wrong.' }), detail: z.string() }))
      .optional()
      .meta({ description: 'Each value that is not valid.' }),
  })
  .meta({ id: 'Problem', description: 'What went wrong (RFC 9457).' });

/** The media type of {@link problemSchema}. */
export const problemMediaType = 'application/problem+json';

/** The JSON of an error as the answer to the present request. */
export function problemBody(
  { code, title, status, message, errors }: DuetError,
  requestId = currentContext()?.requestId ?? 'unknown',
): z.input<typeof problemSchema> {
  return { type: `urn:duet:problem:${code}`, title, status, detail: message, code, requestId, ...(errors && { errors: [...errors] }) };
}

/** Answers with a problem, unless an answer has begun: then the connection is cut, so that no half answer passes for a whole one. */
export function sendProblem(response: Response, error: DuetError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const requestId = response.getHeader('X-Request-Id');
  for (const name of ['ETag', 'Location', 'Idempotency-Replayed']) {
    response.removeHeader(name);
  }
  const body = JSON.stringify(problemBody(error, typeof requestId === 'string' ? requestId : undefined));
  response.statusCode = error.status;
  const headers = {
    ...error.headers,
    'Cache-Control': 'no-store',
    'Content-Type': `${problemMediaType}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
  };
  for (const [name, value] of Object.entries(headers)) {
    response.setHeader(name, value);
  }
  response.end(body);
}
