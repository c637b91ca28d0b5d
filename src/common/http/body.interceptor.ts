import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { applyDecorators, type CallHandler, type ExecutionContext, Injectable, type NestInterceptor, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiConsumes } from '@nestjs/swagger';
import bodyParser from 'body-parser';
import type { Request, Response } from 'express';
import { from, type Observable, switchMap } from 'rxjs';
import { DuetError, ValidationError } from '../errors/errors.js';
import { findRepeatedName } from './json-names.js';
import { findAlteredNumber } from '../numbers.js';
import { outsideStoreBudget } from './request-context.js';
import { findTextProblem } from '../text/text.js';

/** The longest body taken, in bytes, after decompression. */
const bodyLimitBytes = 102_400;

/** The media type of RFC 7396. */
const mergePatchMediaType = 'application/merge-patch+json';

const acceptedTypesKey = 'duet:body-types';
const defaultTypes = ['application/json'];

/** A route whose body is a JSON merge patch (RFC 7396); plain JSON is taken for the same. */
export const AcceptsMergePatch = (): MethodDecorator =>
  applyDecorators(SetMetadata(acceptedTypesKey, [mergePatchMediaType, ...defaultTypes]), ApiConsumes(mergePatchMediaType, ...defaultTypes));

const readRaw = bodyParser.raw({ limit: bodyLimitBytes, type: () => true });
const methodsWithBody = new Set(['POST', 'PUT', 'PATCH']);

/**
 * Reads the body of a matched, authorised request: media type, size, JSON, and what cannot be kept as sent: some text, a name that stands twice, numbers that parsing would alter.
 *
 * It stands behind routing and the access guard on purpose: an unknown path is 404 and a missing token 401 before a byte of
 * the body is parsed, and requests without a body never meet a parser.
 */
@Injectable()
export class BodyInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    if (!methodsWithBody.has(request.method)) {
      return next.handle();
    }
    const accepted = this.reflector.get<string[] | undefined>(acceptedTypesKey, context.getHandler()) ?? defaultTypes;
    return from(readBody(request, http.getResponse<Response>(), accepted)).pipe(switchMap(() => next.handle()));
  }
}

async function readBody(request: Request, response: Response, accepted: readonly string[]): Promise<void> {
  const { headers } = request;
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] === undefined || headers['content-length'] === '0')) {
    request.body = undefined;
    return;
  }
  assertMediaType(headers['content-type'], accepted);
  const bytes = await outsideStoreBudget(async () => readBytes(request, response, accepted));
  // A decoder would put U+FFFD in place of other bytes, and another text would be stored than was sent (RFC 8259, section 8.1).
  if (!isUtf8(bytes)) {
    throw new DuetError('request.malformed', 'The body is not valid UTF-8.');
  }
  const text = new TextDecoder().decode(bytes);
  if (bytes.length > 0 && text === '') {
    throw new DuetError('request.malformed', 'The body is a byte order mark and nothing else.');
  }
  request.body = text === '' ? undefined : parseJson(text);
  const problem = findTextProblem(request.body) ?? findRepeatedName(text) ?? findAlteredNumber(text);
  if (problem !== undefined) {
    throw new ValidationError([problem]);
  }
}

/** The whole body as it was before it was encoded for the way. */
async function readBytes(request: Request, response: Response, accepted: readonly string[]): Promise<Buffer> {
  // serverless-express brings the whole body with a stream that counts as read; the parser reads streams.
  const source = Buffer.isBuffer(request.body) ? (Object.assign(Readable.from([request.body]), { headers: request.headers }) as unknown as Request) : request;
  await new Promise<void>((resolve, reject) => {
    readRaw(source, response, (error?: unknown) => (error === undefined ? resolve() : reject(translate(error, accepted))));
  });
  return Buffer.isBuffer(source.body) ? source.body : Buffer.alloc(0);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DuetError('request.malformed', 'The body is not valid JSON.', { cause });
  }
}

function assertMediaType(contentType: string | undefined, accepted: readonly string[]): void {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  if (!accepted.includes(type) || (charset !== undefined && !/^"?utf-8"?$/.test(charset))) {
    throw unsupported(accepted);
  }
}

function unsupported(accepted: readonly string[]): DuetError {
  return new DuetError('request.unsupported_media_type', `Send the body as ${accepted.join(' or ')}, in UTF-8.`);
}

// body-parser names its errors in `type`: https://github.com/expressjs/body-parser#errors
function translate(error: unknown, accepted: readonly string[]): Error {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  switch (type) {
    case 'entity.too.large':
      return new DuetError('request.too_large');
    case 'encoding.unsupported':
      return unsupported(accepted);
    case 'request.aborted':
    case 'request.size.invalid':
      return new DuetError('request.malformed', 'The body ended before its Content-Length.');
    default:
      // zlib's own errors have no type: a body that is not what its Content-Encoding says.
      return error instanceof Error && 'code' in error ? new DuetError('request.malformed', 'The body cannot be decompressed.') : (error as Error);
  }
}
