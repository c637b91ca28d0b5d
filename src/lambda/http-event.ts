/** What Duet reads of an HTTP event itself; the adapter reads the rest. */
export interface HttpEvent {
  readonly version?: string;
  readonly rawPath?: string;
  readonly path?: string;
  readonly requestContext: { readonly stage?: string; readonly http?: object; readonly elb?: object };
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly queryStringParameters?: Readonly<Record<string, string>> | null;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>> | null;
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

/** The event as the adapter can read it: with header names in lower case, as Node gives them, and a query that can be decoded. */
export function readable(event: HttpEvent): HttpEvent {
  const { headers, multiValueHeaders, requestContext } = event;
  return {
    ...event,
    // The adapter takes multi-value headers where there are any, and lowers their names itself; a missing set of headers is an empty one.
    ...(!multiValueHeaders && { headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])) }),
    ...(requestContext.elb && withDecodableQuery(event)),
  };
}

/** An ALB leaves the query as the client wrote it, and the adapter fails on what is no valid encoding: that is taken as it stands, as Express does. */
function withDecodableQuery({ queryStringParameters, multiValueQueryStringParameters }: HttpEvent): Partial<HttpEvent> {
  const pairs = Object.entries(multiValueQueryStringParameters ?? {});
  return {
    queryStringParameters: Object.fromEntries(Object.entries(queryStringParameters ?? {}).map(([name, value]) => [decodable(name), decodable(value)])),
    ...(multiValueQueryStringParameters && {
      multiValueQueryStringParameters: Object.fromEntries(pairs.map(([name, values]) => [decodable(name), values.map(decodable)])),
    }),
  };
}

function decodable(text: string): string {
  try {
    decodeURIComponent(text);
    return text;
  } catch (error) {
    if (error instanceof URIError) return encodeURIComponent(text);
    throw error;
  }
}

function describeKeys(event: object): string {
  const keys = Object.keys(event);
  return keys.length === 0 ? 'no fields' : `the fields ${keys.slice(0, 10).join(', ')}`;
}
