import type { INestApplicationContext } from '@nestjs/common';
import type { Server } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Express, NextFunction, Request, Response } from 'express';
import { AppModule } from './app.module.js';
import { answerBrokenRequests } from './common/broken-requests.js';
import { ProblemFilter } from './common/problem.filter.js';
import { ValidationPipe } from './common/validation.pipe.js';
import type { Config } from './config/config.js';
import { Log } from './platform/observability/log.js';
import { Postgres } from './platform/postgres/postgres.js';
import { requestMiddleware, type ReadInvocation } from './platform/observability/request.middleware.js';

/** How long an idle connection is kept, in milliseconds. */
const keepAliveMs = 65_000;

/** What differs between the ways Duet is run. */
export interface CreateAppOptions {
  /** Serve Swagger UI at `/docs`: its files are on disk with `npm start`, never in a Lambda package. */
  readonly docs?: boolean;
  /** What requests come through where no server listens, as on Lambda. */
  readonly adapter?: AbstractHttpAdapter;
  /** The first request is known, and needs PostgreSQL: connect while the rest of the application starts. */
  readonly connectSoon?: boolean;
  /** Reads the ids of a Lambda invocation off a request. */
  readonly readInvocation?: ReadInvocation;
}

/**
 * Assembles the application, ready to serve but not listening: the one way it is put together, for the local server, Lambda and tests.
 * No store is contacted. A failure is thrown, never an exit.
 */
export async function createApp(config: Config, options: CreateAppOptions = {}): Promise<NestExpressApplication> {
  const log = new Log(config);
  const module = AppModule.forRoot(config, log);
  // Bodies are read behind routing and the access guard; see BodyInterceptor.
  const nestOptions = { logger: log, abortOnError: false, bodyParser: false };
  const app = await (options.adapter === undefined
    ? NestFactory.create<NestExpressApplication>(module, nestOptions)
    : NestFactory.create<NestExpressApplication>(module, options.adapter, nestOptions));
  if (options.connectSoon) {
    app.get(Postgres).connectSoon();
    await turn();
  }
  const express: Express = app.getHttpAdapter().getInstance();
  // Versions make the entity tags; Express's own would be of bytes, and of lists too.
  express.disable('etag').disable('x-powered-by');
  const filter = new ProblemFilter(
    (path) => methodsAt(express, path),
    (error, { status, code }) => log.error('request failed', { status, code, error }),
  );
  app.use(
    requestMiddleware({
      log,
      // CloudWatch reads them off a function's output; on a laptop they would be noise.
      metricsNamespace: config.lambda ? config.metrics.namespace : undefined,
      basePath: config.http.basePath,
      readInvocation: options.readInvocation ?? (() => ({})),
    }),
  );
  app.use(defaultHeaders);
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(filter);
  if (options.docs) {
    const { serveDocs } = await import('./features/docs/swagger-ui.js');
    await serveDocs(app);
  }
  await app.init();
  // Behind everything Nest has registered: the last resort for what fails outside its handling.
  express.use(filter.middleware);
  if (options.adapter === undefined) {
    const server: Server = app.getHttpServer();
    // Longer than clients and load balancers keep idle connections (60 s is usual): they must close first, or a request meets a closing one.
    server.keepAliveTimeout = keepAliveMs;
    answerBrokenRequests(server, (requestId, { status }) => log.info('request', { requestId, route: '(none)', status }));
  }
  return app;
}

/** Assembles the same application without HTTP, for functions that no request reaches. Whoever makes one closes it, unless the process is its life. */
export async function createWorker(config: Config): Promise<INestApplicationContext> {
  const log = new Log(config);
  return NestFactory.createApplicationContext(AppModule.forRoot(config, log), { logger: log, abortOnError: false });
}

function defaultHeaders(_request: Request, response: Response, next: NextFunction): void {
  // Answers are a user's own: caches may keep them only to revalidate by entity tag.
  response.setHeader('Cache-Control', 'private, no-cache');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  next();
}

interface RouteLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

// Express has no public list of the methods at a path; the layers of its router are the truth that requests meet.
function methodsAt(express: Express, path: string): string[] {
  const layers = (express as unknown as { router: { stack: RouteLayer[] } }).router.stack;
  const methods = new Set(
    layers
      .filter((layer) => layer.route !== undefined && matches(layer, path))
      .flatMap((layer) => Object.keys(layer.route?.methods ?? {}).map((method) => method.toUpperCase())),
  );
  if (methods.has('GET')) {
    methods.add('HEAD');
  }
  return [...methods].sort();
}

function matches(layer: RouteLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch (error) {
    // A parameter that cannot be percent-decoded matches no route.
    if (error instanceof URIError || (error instanceof Error && 'status' in error)) return false;
    throw error;
  }
}
