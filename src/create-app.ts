import type { ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { AppModule } from './app.module.js';
import { ProblemFilter } from './common/errors/problem.filter.js';
import { ValidationPipe } from './common/http/validation.pipe.js';
import type { Config } from './config/config.js';
import { Log } from './platform/observability/log.js';
import { requestMiddleware, type ReadInvocation } from './platform/observability/request.middleware.js';

/** What differs between the ways Duet is run. */
export interface CreateAppOptions {
  /** Decides which server requests come through; Express with Node's own where left out. */
  readonly adapter?: ExpressAdapter;
  /** Modules beside those with the routes. */
  readonly modules?: NonNullable<ModuleMetadata['imports']>;
  /** Reads the ids of the Lambda invocation in progress. */
  readonly readInvocation?: ReadInvocation;
  /** Adds what stands before all routes; called when the application has been made, and has no route yet. */
  readonly prepare?: (app: NestExpressApplication) => Promise<void>;
}

/**
 * Assembles the application on Express, ready to serve: the one way it is put together, for the local server, Lambda and tests.
 * No store is contacted. A failure is thrown, never an exit.
 */
export async function createApp(
  config: Config,
  { adapter = new ExpressAdapter(), modules = [], readInvocation, prepare }: CreateAppOptions = {},
): Promise<NestExpressApplication> {
  const log = new Log(config);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(config, log, modules), adapter, {
    logger: log,
    abortOnError: false,
    // Bodies are read behind routing and the access guard; see BodyInterceptor.
    bodyParser: false,
  });
  // Versions make the entity tags; Express's own would be of bytes, and of lists too.
  app.disable('etag').disable('x-powered-by');
  app.set('trust proxy', config.http.trustedProxies);
  const filter = new ProblemFilter((error, { status, code }) => log.error('request failed', { status, code, error }));
  app.use(
    requestMiddleware({
      log,
      // CloudWatch reads them off a function's output; on a laptop they would be noise.
      metricsNamespace: config.lambda ? config.metrics.namespace : undefined,
      basePath: config.http.basePath,
      storeTimeoutMs: config.storeTimeouts.requestMs,
      readInvocation,
    }),
  );
  app.use(defaultHeaders);
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(filter);
  await prepare?.(app);
  await app.init();
  // Behind every route: what fails outside Nest's handling. Express knows an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => filter.answer(error, request, response));
  return app;
}

function defaultHeaders(_request: Request, response: Response, next: NextFunction): void {
  // Answers are a user's own: caches may keep them only to revalidate by entity tag.
  response.setHeader('Cache-Control', 'private, no-cache');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  next();
}
