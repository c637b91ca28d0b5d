import { parse, type ParsedUrlQuery } from 'node:querystring';
import type { IncomingHttpHeaders } from 'node:http';
import type { HttpRequest, InvocationIds } from '../../common/http.js';

/** What an event says of its request. */
export interface EventRequestParts {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly ip?: string | undefined;
  /** The whole body; none is undefined. */
  readonly body?: Buffer | undefined;
  readonly invocation: InvocationIds;
}

/** A request that came whole, as an event. */
export class EventRequest implements HttpRequest {
  readonly method: string;
  url: string;
  readonly headers: IncomingHttpHeaders;
  readonly ip: string | undefined;
  readonly invocation: InvocationIds;
  params: Readonly<Record<string, string>> = {};
  body: unknown;
  route: { readonly path: string } | undefined;

  constructor({ method, url, headers, ip, body, invocation }: EventRequestParts) {
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.ip = ip;
    this.body = body;
    this.invocation = invocation;
  }

  get path(): string {
    return this.url.split('?', 1)[0] ?? '';
  }

  /** Read as Express does: a name that is repeated has a list of values. */
  get query(): ParsedUrlQuery {
    const at = this.url.indexOf('?');
    return parse(at === -1 ? '' : this.url.slice(at + 1));
  }
}
