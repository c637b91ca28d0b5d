import { stringify } from 'node:querystring';
import type { Context } from 'aws-lambda';
import type { InvocationIds } from '../../common/http.js';
import { EventRequest } from './event-request.js';
import type { EventResponse } from './event-response.js';

/**
 * An HTTP request as Lambda brings it: of an HTTP API or a function URL (payload 2.0), of a REST API (1.0), or of an ALB.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
 */
export interface HttpEvent {
  readonly version?: string;
  readonly rawPath?: string;
  readonly rawQueryString?: string;
  readonly cookies?: readonly string[];
  readonly path?: string;
  readonly httpMethod?: string;
  readonly requestContext: {
    readonly stage?: string;
    readonly http?: { readonly method: string; readonly sourceIp?: string };
    readonly identity?: { readonly sourceIp?: string };
    readonly elb?: object;
  };
  readonly pathParameters?: { readonly proxy?: string } | null;
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>> | null;
  readonly queryStringParameters?: Readonly<Record<string, string>> | null;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
}

/** An answer in the shape that the event's source expects. */
export interface HttpResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly cookies?: readonly string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** Thrown for an event that is no HTTP request; names what was received, and no value of it. */
export class UnknownEventError extends Error {
  override readonly name = 'UnknownEventError';

  constructor(event: unknown) {
    super(
      `Not an HTTP event: expected API Gateway (v1 or v2), a function URL or an ALB, received ${typeof event === 'object' && event !== null ? `an object with ${describeKeys(event)}` : typeof event}`,
    );
  }
}

/** @throws UnknownEventError unless the event is one of the four kinds of HTTP event. */
export function assertHttpEvent(event: unknown): asserts event is HttpEvent {
  const { requestContext, httpMethod, path, rawPath } = (event ?? {}) as Record<string, unknown>;
  const context = (typeof requestContext === 'object' && requestContext !== null ? requestContext : undefined) as { http?: { method?: unknown } } | undefined;
  const versionTwo = typeof context?.http?.method === 'string' && typeof rawPath === 'string';
  const versionOneOrAlb = typeof httpMethod === 'string' && typeof path === 'string';
  if (context === undefined || !(versionTwo || versionOneOrAlb)) {
    throw new UnknownEventError(event);
  }
}

/** The request of an event; `traceHeader` is the invocation's, for when the request itself brings none. */
export function requestOf(event: HttpEvent, { awsRequestId }: Pick<Context, 'awsRequestId'>, traceHeader: string | undefined): EventRequest {
  const { requestContext } = event;
  const body = event.body ? Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8') : undefined;
  const headers = headersOf(event);
  // What arrives is what counts: the body has been put together, and may have been encoded, on the way.
  delete headers['transfer-encoding'];
  if (body === undefined) {
    delete headers['content-length'];
  } else {
    headers['content-length'] = String(body.length);
  }
  const query = queryOf(event);
  const invocation: InvocationIds = {
    awsRequestId,
    traceHeader,
    // Only payload 2.0 keeps a named stage in the path.
    stage: event.version === '2.0' ? requestContext.stage : undefined,
  };
  return new EventRequest({
    method: requestContext.http?.method ?? event.httpMethod ?? '',
    url: query === '' ? pathOf(event) : `${pathOf(event)}?${query}`,
    headers,
    // An ALB names the client in X-Forwarded-For alone, which is not believed.
    ip: requestContext.http?.sourceIp ?? requestContext.identity?.sourceIp,
    body,
    invocation,
  });
}

/** The function's result for an answer to the event's request. */
export function resultOf(event: HttpEvent, { statusCode, headers, body }: EventResponse): HttpResult {
  const isBase64Encoded = typeof body !== 'string';
  const content = { statusCode, body: isBase64Encoded ? Buffer.from(body).toString('base64') : body, isBase64Encoded };
  const all = Object.entries(headers);
  if (event.requestContext.http !== undefined) {
    const cookies = headers['set-cookie'];
    return {
      ...content,
      headers: Object.fromEntries(all.filter(([name]) => name !== 'set-cookie').map(([name, value]) => [name, String(value)])),
      ...(cookies !== undefined && { cookies: listOf(cookies) }),
    };
  }
  // An ALB takes headers in the form in which it gave them.
  return event.requestContext.elb !== undefined && event.headers
    ? { ...content, headers: Object.fromEntries(all.map(([name, value]) => [name, listOf(value)[0] ?? ''])) }
    : { ...content, multiValueHeaders: Object.fromEntries(all.map(([name, value]) => [name, listOf(value)])) };
}

const listOf = (value: number | string | readonly string[]): readonly string[] => (typeof value === 'object' ? value : [String(value)]);

function headersOf({ headers, multiValueHeaders, cookies }: HttpEvent): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(multiValueHeaders ?? headers ?? {})) {
    const key = name.toLowerCase();
    found[key] = typeof value === 'string' ? value : value.join(key === 'cookie' ? '; ' : ',');
  }
  if (cookies !== undefined) {
    found['cookie'] = cookies.join('; ');
  }
  return found;
}

function pathOf({ rawPath, path, pathParameters }: HttpEvent): string {
  const sent = rawPath ?? (pathParameters?.proxy ? `/${pathParameters.proxy}` : path) ?? '/';
  // Decoded on the way, it may hold what would end it.
  return sent.replaceAll(/[?#]/g, encodeURIComponent);
}

/** The query as it stands in a URL. A REST API gives it decoded; an ALB as the client wrote it, whether or not that can be decoded. */
function queryOf({ requestContext, rawQueryString, queryStringParameters, multiValueQueryStringParameters }: HttpEvent): string {
  if (requestContext.http !== undefined) {
    return rawQueryString ?? '';
  }
  const parameters = multiValueQueryStringParameters ?? queryStringParameters ?? {};
  const asIs = requestContext.elb === undefined ? undefined : { encodeURIComponent: (text: string) => text };
  return stringify(parameters, undefined, undefined, asIs);
}

function describeKeys(event: object): string {
  const keys = Object.keys(event);
  return keys.length === 0 ? 'no fields' : `the fields ${keys.slice(0, 10).join(', ')}`;
}
