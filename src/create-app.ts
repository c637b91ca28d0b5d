import type { INestApplication } from '@nestjs/common';
import { setImmediate as turn } from 'node:timers/promises';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import type { HttpRequest, HttpResponse, RoutingAdapter } from './common/http.js';
import { ProblemFilter } from './common/problem.filter.js';
import { ValidationPipe } from './common/validation.pipe.js';
import type { Config } from './config/config.js';
import { Log } from './platform/observability/log.js';
import { requestMiddleware } from './platform/observability/request.middleware.js';
import { Postgres } from './platform/postgres/postgres.js';

/** What differs between the ways Duet is run. */
export interface CreateAppOptions {
  /** The first request is known, and needs PostgreSQL: connect while the rest of the application starts. */
  readonly connectSoon?: boolean;
  /** Adds what stands before all routes; called when the application has been made, and has no route yet. */
  readonly prepare?: (app: INestApplication) => Promise<void>;
}

/**
 * Assembles the application on an HTTP adapter, ready to serve: the one way it is put together, for the local server, Lambda and tests.
 * No store is contacted. A failure is thrown, never an exit.
 */
export async function createApp(
  config: Config,
  adapter: AbstractHttpAdapter & RoutingAdapter,
  { connectSoon, prepare }: CreateAppOptions = {},
): Promise<INestApplication> {
  const log = new Log(config);
  // Bodies are read behind routing and the access guard; see BodyInterceptor.
  const app = await NestFactory.create(AppModule.forRoot(config, log), adapter, { logger: log, abortOnError: false, bodyParser: false });
  if (connectSoon) {
    app.get(Postgres).connectSoon();
    await turn();
  }
  const filter = new ProblemFilter(
    (path) => adapter.methodsAt(path),
    (error, { status, code }) => log.error('request failed', { status, code, error }),
  );
  app.use(
    requestMiddleware({
      log,
      // CloudWatch reads them off a function's output; on a laptop they would be noise.
      metricsNamespace: config.lambda ? config.metrics.namespace : undefined,
      basePath: config.http.basePath,
      storeTimeoutMs: config.storeTimeouts.requestMs,
    }),
  );
  app.use(defaultHeaders);
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(filter);
  await prepare?.(app);
  await app.init();
  adapter.setLastResort((error, request, response) => filter.answer(error, request, response));
  return app;
}

function defaultHeaders(_request: HttpRequest, response: HttpResponse, next: () => void): void {
  // Answers are a user's own: caches may keep them only to revalidate by entity tag.
  response.setHeader('Cache-Control', 'private, no-cache');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  next();
}
