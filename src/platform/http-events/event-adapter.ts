import { EventEmitter } from 'node:events';
import { StreamableFile } from '@nestjs/common';
import { AbstractHttpAdapter } from '@nestjs/core';
import type { HttpMiddleware, HttpRequest, HttpResponse, RoutingAdapter } from '../../common/http.js';
import type { EventRequest } from './event-request.js';
import { EventResponse } from './event-response.js';
import { Router } from './router.js';

type Next = (error?: unknown) => void;
/** A route's, as Nest makes it: it answers every error of the route itself. */
type RouteHandler = (request: EventRequest, response: EventResponse, next: Next) => unknown;
type ErrorHandler = (error: unknown, request: EventRequest, response: EventResponse, next: Next) => unknown;

/**
 * Nest over Lambda's events, in Express's place: no server, no socket and no stream stand between an event and its route. It serves what
 * Duet serves, which is JSON and text at literal paths with parameters, and answers as Express answers on a laptop: the tests of the
 * routes run on both. Whatever else Nest may ask of an adapter is refused by name.
 *
 * @see https://docs.nestjs.com/faq/http-adapter
 */
export class EventAdapter extends AbstractHttpAdapter<EventEmitter, EventRequest, EventResponse> implements RoutingAdapter {
  private readonly middlewares: HttpMiddleware[] = [];
  private readonly router: Router<RouteHandler>;
  private notFound: RouteHandler = refused('a request before the routes stand');
  private onError: ErrorHandler = (error, request, response) => this.lastResort(error, request, response);
  private lastResort: (error: unknown, request: HttpRequest, response: HttpResponse) => void = refused('an error before the routes stand');

  constructor() {
    const router = new Router<RouteHandler>();
    const add = (method: string) => (path: string, handler: RouteHandler) => router.add(method, path, handler);
    // What Nest registers routes with.
    super({ get: add('GET'), post: add('POST'), put: add('PUT'), patch: add('PATCH'), delete: add('DELETE') });
    this.router = router;
  }

  /** Serves one request; settles once its answer is whole, or nobody can answer it any more. */
  async serve(request: EventRequest): Promise<EventResponse> {
    return new Promise((resolve, reject) => {
      const response = new EventResponse(request.method === 'HEAD');
      response.once('finish', () => resolve(response)).once('close', () => reject(new Error('The request was given up without an answer')));
      this.enter(0, request, response);
    });
  }

  methodsAt(path: string): string[] {
    return this.router.methodsAt(path);
  }

  setLastResort(answer: (error: unknown, request: HttpRequest, response: HttpResponse) => void): void {
    this.lastResort = answer;
  }

  override use(middleware: HttpMiddleware): void {
    this.middlewares.push(middleware);
  }

  setNotFoundHandler(handler: RouteHandler): void {
    this.notFound = handler;
  }

  setErrorHandler(handler: ErrorHandler): void {
    this.onError = handler;
  }

  status(response: EventResponse, statusCode: number): void {
    response.statusCode = statusCode;
  }

  /** Answers as Express would: a text as itself, nothing as an empty body, all else as JSON. */
  reply(response: EventResponse, body: unknown, statusCode?: number): void {
    if (body instanceof StreamableFile) {
      throw new TypeError('On Lambda no file is served');
    }
    if (statusCode !== undefined) {
      response.statusCode = statusCode;
    }
    if (body === undefined || body === null) {
      response.removeHeader('Content-Type');
      response.end();
      return;
    }
    const isText = typeof body === 'string';
    const text = isText ? body : JSON.stringify(body);
    if (response.getHeader('Content-Type') === undefined) {
      response.setHeader('Content-Type', isText ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8');
    }
    response.setHeader('Content-Length', Buffer.byteLength(text));
    response.end(text);
  }

  end(response: EventResponse, message?: string): void {
    response.end(message);
  }

  isHeadersSent(response: EventResponse): boolean {
    return response.headersSent;
  }

  getHeader(response: EventResponse, name: string): unknown {
    return response.getHeader(name);
  }

  setHeader(response: EventResponse, name: string, value: string): void {
    response.setHeader(name, value);
  }

  appendHeader(response: EventResponse, name: string, value: string): void {
    const present = response.getHeader(name);
    response.setHeader(name, present === undefined ? value : [...(typeof present === 'object' ? present : [String(present)]), value]);
  }

  getRequestMethod(request: EventRequest): string {
    return request.method;
  }

  getRequestUrl(request: EventRequest): string {
    return request.url;
  }

  getRequestHostname(request: EventRequest): string | undefined {
    return request.headers.host;
  }

  getType(): string {
    return 'lambda-events';
  }

  isRouteOrderSensitive(): boolean {
    return true;
  }

  getRouteMatchingOptions(): { caseSensitive: boolean; ignoreTrailingSlash: boolean } {
    return { caseSensitive: false, ignoreTrailingSlash: true };
  }

  /** There is none: Nest only hands it on, and listens to its errors. */
  initHttpServer(): void {
    this.httpServer = new EventEmitter();
  }

  close(): void {
    // Nothing is open.
  }

  useStaticAssets = refused('static assets');
  setViewEngine = refused('views');
  render = refused('views');
  redirect = refused('redirects');
  registerParserMiddleware = refused('body parsers as middleware');
  enableCors = refused('CORS, which is API Gateway’s');
  createMiddlewareFactory = refused('middleware of single routes');
  applyVersionFilter = refused('versions of routes');

  private enter(at: number, request: EventRequest, response: EventResponse): void {
    const middleware = this.middlewares[at];
    try {
      if (middleware === undefined) {
        this.route(request, response);
      } else {
        middleware(request, response, (error) => (error === undefined ? this.enter(at + 1, request, response) : this.fail(error, request, response)));
      }
    } catch (error) {
      this.fail(error, request, response);
    }
  }

  private route(request: EventRequest, response: EventResponse): void {
    const match = this.router.find(request.method, request.path);
    if (match !== undefined) {
      request.params = match.params;
      request.route = { path: match.template };
    }
    this.settle(
      (match?.handler ?? this.notFound)(request, response, (error) => this.fail(error, request, response)),
      request,
      response,
    );
  }

  private fail(error: unknown, request: EventRequest, response: EventResponse): void {
    this.settle(
      this.onError(error, request, response, () => undefined),
      request,
      response,
    );
  }

  // Nest answers what its handlers throw; should answering fail itself, the request must still have an end.
  private settle(handled: unknown, request: EventRequest, response: EventResponse): void {
    if (handled instanceof Promise) {
      handled.catch((error: unknown) => this.lastResort(error, request, response)).catch(() => response.destroy());
    }
  }
}

function refused(what: string): () => never {
  return () => {
    throw new Error(`On Lambda there are no ${what}`);
  };
}
