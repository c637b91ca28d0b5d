import type { IncomingHttpHeaders } from 'node:http';

/** The ids a Lambda invocation brings. */
export interface InvocationIds {
  readonly awsRequestId?: string | undefined;
  /** As `X-Amzn-Trace-Id`, for when the request itself brings no trace. */
  readonly traceHeader?: string | undefined;
  /** A named stage that stands in the path. */
  readonly stage?: string | undefined;
}

/** A request as the service reads it, whatever brings it: a socket through Express, or a Lambda event. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query, as sent; a base path is taken off it. */
  url: string;
  /** The path of {@link url}, as sent. */
  readonly path: string;
  /** By their names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The path's parameters, decoded. */
  readonly params: Readonly<Record<string, string | string[]>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** The client's address, as far as it is known for sure. */
  readonly ip?: string | undefined;
  /** The bytes of the whole body where they come at once; what they say, once the body is read. */
  body?: unknown;
  /** The route that serves it, once one is found. */
  readonly route?: { readonly path: string } | undefined;
  /** Of the invocation that brought it; a socket has none. */
  readonly invocation?: InvocationIds;
}

/** An answer as the service writes it: a part of Node's own. */
export interface HttpResponse {
  statusCode: number;
  readonly headersSent: boolean;
  getHeader(name: string): number | string | readonly string[] | undefined;
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  removeHeader(name: string): void;
  end(body?: string): unknown;
  destroy(): unknown;
  /** `finish`: answered whole; `close`: nothing can be answered any more. */
  once(event: 'finish' | 'close', listener: () => void): unknown;
}

/** What stands before all routes. */
export type HttpMiddleware = (request: HttpRequest, response: HttpResponse, next: (error?: unknown) => void) => void;

/** What the service asks of an HTTP adapter beside Nest's own contract. */
export interface RoutingAdapter {
  /** The methods served at a path, sorted, HEAD with GET; empty where no route matches. */
  methodsAt(path: string): readonly string[];
  /** Takes what fails outside Nest's handling; called once all routes stand. */
  setLastResort(answer: (error: unknown, request: HttpRequest, response: HttpResponse) => void): void;
}

/** The methods of a path's routes as an answer tells them: sorted, HEAD with GET. */
export function allowedMethods(ofRoutes: Iterable<string>): string[] {
  const methods = new Set(ofRoutes);
  if (methods.has('GET')) {
    methods.add('HEAD');
  }
  return [...methods].sort();
}

/** A header's value; several of one name are one value, as Node joins them. */
export function headerOf({ headers }: Pick<HttpRequest, 'headers'>, name: Lowercase<string>): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
