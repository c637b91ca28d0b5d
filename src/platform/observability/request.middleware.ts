import type { Request, RequestHandler } from 'express';
import { v7 } from 'uuid';
import { runInContext, type RequestContext } from '../../common/http/request-context.js';
import { stripBasePath } from '../../common/http/base-path.js';
import type { Log } from './log.js';
import { emitRequestMetrics } from './request-metrics.js';

/** How much of a user agent a log line keeps, in characters. */
const userAgentLength = 100;

/** The ids a Lambda invocation brings. */
export interface InvocationIds {
  readonly awsRequestId?: string | undefined;
  /** As `X-Amzn-Trace-Id`, for when the request itself brings no trace. */
  readonly traceHeader?: string | undefined;
  /** A named stage that stands in the path. */
  readonly stage?: string | undefined;
}

/** Reads the ids of the invocation in progress. */
export type ReadInvocation = () => InvocationIds;

export interface RequestMiddlewareOptions {
  readonly log: Log;
  /** Where metrics go; undefined: nowhere. */
  readonly metricsNamespace: string | undefined;
  readonly basePath: string;
  /** How long the stores may take for one request, in milliseconds. */
  readonly storeTimeoutMs: number;
  /** Undefined where no Lambda invocation brings the requests. */
  readonly readInvocation: ReadInvocation | undefined;
}

/**
 * The outermost layer: gives the request its id and context, strips the base path, and writes one line when the answer is
 * done, which on Lambda carries the metrics too. The line names the route's template, never the path: paths hold ids, queries hold text.
 */
export function requestMiddleware({ log, metricsNamespace, basePath, storeTimeoutMs, readInvocation }: RequestMiddlewareOptions): RequestHandler {
  let coldStart = true;
  return (request, response, next) => {
    const startedAt = performance.now();
    const { awsRequestId, traceHeader, stage } = readInvocation?.() ?? {};
    const stripped = stripBasePath(request, [basePath, stage === undefined || stage === '$default' ? '' : `/${stage}`]);
    const context: RequestContext = {
      requestId: acceptableId(request.get('X-Request-Id')) ?? awsRequestId ?? v7(),
      traceId: traceIdOf(request, traceHeader),
      awsRequestId,
      deadline: startedAt + storeTimeoutMs,
      basePath: stripped,
    };
    const cold = coldStart;
    coldStart = false;
    response.setHeader('X-Request-Id', context.requestId);
    runInContext(context, () => {
      let done = false;
      const finish = (aborted: boolean): void => {
        if (done) return;
        done = true;
        const route = `${request.method} ${routeTemplate(request)}`;
        const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
        const status = response.statusCode;
        runInContext(context, () => {
          const fields = { status, durationMs, userAgent: request.headers['user-agent']?.slice(0, userAgentLength), ...(aborted && { aborted }) };
          if (metricsNamespace === undefined) {
            log.info('request', { route, ...fields });
          } else {
            emitRequestMetrics(metricsNamespace, { route, status, durationMs, coldStart: cold }, log.lineFor('info', 'request', fields));
          }
        });
      };
      response.once('finish', () => finish(false));
      response.once('close', () => finish(true));
      next();
    });
  };
}

/** An id from outside is kept when it cannot forge or flood a log line. */
function acceptableId(header: string | undefined): string | undefined {
  return header !== undefined && /^[\w.:-]{1,128}$/.test(header) ? header : undefined;
}

// W3C: version-traceid-parentid-flags; X-Ray: Root=1-...;Parent=...
function traceIdOf(request: Request, traceHeader = ''): string | undefined {
  return (
    /^[\da-f]{2}-([\da-f]{32})-/.exec(request.get('traceparent') ?? '')?.[1] ?? /Root=([\w-]{1,64})/.exec(request.get('X-Amzn-Trace-Id') ?? traceHeader)?.[1]
  );
}

function routeTemplate(request: Request): string {
  const path: unknown = request.route?.path;
  return typeof path === 'string' ? path.replaceAll(/:(\w+)/g, '{$1}') : '(none)';
}
