import 'reflect-metadata';
import type { RequestListener } from 'node:http';
import { configure, getCurrentInvoke } from '@vendia/serverless-express';
import type { Context } from 'aws-lambda';
import { remembered } from '../common/remembered.js';
import { parseConfig } from '../config/config.js';
import { readEnvironment, readTraceHeader } from '../config/environment.js';
import { createApp } from '../create-app.js';
import type { InvocationIds } from '../platform/observability/request.middleware.js';
import { assertHttpEvent, type HttpEvent, readable } from './http-event.js';
import { ServerlessAdapter } from './serverless-adapter.js';

/** An answer in the shape that the event's source expects. */
export type HttpResult = object;

type Serve = (event: HttpEvent, context: Context) => Promise<HttpResult>;

// Only a guess, made before there is a router, and no harm when it is wrong: whether the first request will ask PostgreSQL.
const postgresPaths = /\/(auth\/\w+|users(\/[^/]+)?|dashboard\/[^/]+)\/?$/;

const start = remembered(async (connectSoon: boolean): Promise<Serve> => {
  const app = await createApp(parseConfig(readEnvironment()), { adapter: new ServerlessAdapter(), connectSoon, readInvocation });
  const proxy = configure<HttpEvent, HttpResult>({ app: app.getHttpAdapter().getInstance() as RequestListener });
  // The adapter's function takes a third parameter, which Node 24's runtime would refuse as a callback handler's; it is never called.
  return async (event, context) => proxy(event, context, () => {}) as Promise<HttpResult>;
});

/**
 * Serves one HTTP request of API Gateway (HTTP API v2, REST v1), a function URL or an ALB.
 *
 * The application is assembled once an environment, by the first request. A start that failed is not remembered: the next
 * request tries again.
 *
 * @throws UnknownEventError for any other event; the environment lives on.
 */
export const handler = async (event: unknown, context: Context): Promise<HttpResult> => {
  assertHttpEvent(event);
  const serve = await start(postgresPaths.test(event.rawPath ?? event.path ?? ''));
  return serve(readable(event), context);
};

// With provisioned concurrency an environment is made ready long before its first request, which then should find it so.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
if (readEnvironment()['AWS_LAMBDA_INITIALIZATION_TYPE'] === 'provisioned-concurrency') {
  // A failure is for the request that comes; it tries again.
  start(true).catch(() => undefined);
}

function readInvocation(): InvocationIds {
  const { event, context } = getCurrentInvoke() as { event?: HttpEvent; context?: Context };
  // Only payload 2.0 keeps a named stage in the path: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
  return { awsRequestId: context?.awsRequestId, traceHeader: readTraceHeader(), stage: event?.version === '2.0' ? event.requestContext.stage : undefined };
}
