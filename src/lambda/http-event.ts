/**
 * What Duet reads of an HTTP event itself; the adapter reads the rest.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
 */
export interface HttpEvent {
  readonly version?: string;
  readonly rawPath?: string;
  readonly path?: string;
  readonly httpMethod?: string;
  readonly requestContext: { readonly stage?: string; readonly http?: object; readonly elb?: object };
  readonly headers?: Values<string | null> | null;
  readonly multiValueHeaders?: Values<readonly string[] | null> | null;
  readonly queryStringParameters?: Values<string> | null;
  readonly multiValueQueryStringParameters?: Values<readonly string[]> | null;
  readonly body?: string | null;
}

type Values<T> = Readonly<Record<string, T>>;

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

/**
 * Whether the event only keeps an environment warm: a schedule of EventBridge, or the ping of a warm-up plugin.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
 * @see https://github.com/juanjoDiaz/serverless-plugin-warmup#on-the-function-side
 * @see https://github.com/jeremydaly/lambda-warmer
 */
export function isWarmUp(event: unknown): boolean {
  const { source, warmer } = (event ?? {}) as Record<string, unknown>;
  return source === 'aws.events' || source === 'serverless-plugin-warmup' || warmer === true;
}

/** The event as the adapter can read it. Each step puts right what the adapter would fail on, or read otherwise than it was sent. */
export function readableEvent(event: HttpEvent): HttpEvent {
  const named = { ...event, ...readableHeaders(event), ...(event.requestContext.http && { version: '2.0' }) };
  return event.requestContext.elb ? { ...named, ...decodableQuery(event) } : { ...named, ...wholeQuery(event) };
}

// The adapter reads each header's value, and fails where there is none. It sets the length of a body that there is, in lower case, and
// leaves what is said of one that there is not: https://github.com/CodeGenieApp/serverless-express/blob/mainline/src/event-sources/utils.js
function readableHeaders({ headers, multiValueHeaders, body }: HttpEvent): Pick<HttpEvent, 'headers' | 'multiValueHeaders'> {
  const readable = <T>(values: Values<T | null>): Values<T> => {
    const named = Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name.toLowerCase(), value] as const]));
    return Object.fromEntries(named.filter(([name]) => name !== 'transfer-encoding' && (name !== 'content-length' || Boolean(body))));
  };
  return {
    ...((headers || !multiValueHeaders) && { headers: readable(headers ?? {}) }),
    ...(multiValueHeaders && { multiValueHeaders: readable(multiValueHeaders) }),
  };
}

// An ALB leaves the query as the client wrote it, and the adapter fails on what is no valid encoding: that is taken as it stands, as
// Express does. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#receive-event-from-load-balancer
function decodableQuery({ queryStringParameters, multiValueQueryStringParameters }: HttpEvent): Partial<HttpEvent> {
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

// Of payload 1.0 the adapter reads the multi-value query alone; what test consoles send often has only the other.
function wholeQuery({ queryStringParameters, multiValueQueryStringParameters }: HttpEvent): Partial<HttpEvent> {
  return queryStringParameters && !multiValueQueryStringParameters
    ? { multiValueQueryStringParameters: Object.fromEntries(Object.entries(queryStringParameters).map(([name, value]) => [name, [value]])) }
    : {};
}

function describeKeys(event: object): string {
  const keys = Object.keys(event);
  return keys.length === 0 ? 'no fields' : `the fields ${keys.slice(0, 10).join(', ')}`;
}
