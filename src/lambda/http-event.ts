/** What Duet reads of an HTTP event itself; the adapter reads the rest. */
export interface HttpEvent {
  readonly version?: string;
  readonly rawPath?: string;
  readonly path?: string;
  readonly requestContext: { readonly stage?: string; readonly http?: object; readonly elb?: object };
  readonly headers?: Readonly<Record<string, string>> | null;
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

/** The event with header names in lower case, as Node gives them; a missing set of headers is an empty one. */
export function withLowerCaseHeaders(event: HttpEvent): HttpEvent {
  const { headers, multiValueHeaders } = event;
  // The adapter takes multi-value headers where there are any, and lowers their names itself.
  return multiValueHeaders
    ? event
    : { ...event, headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])) };
}

function describeKeys(event: object): string {
  const keys = Object.keys(event);
  return keys.length === 0 ? 'no fields' : `the fields ${keys.slice(0, 10).join(', ')}`;
}
