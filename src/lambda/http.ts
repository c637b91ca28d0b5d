import 'reflect-metadata';
import type { Context } from 'aws-lambda';
import { memoize } from '../common/async.js';
import { parseConfig } from '../config/config.js';
import { readEnvironment, readTraceHeader } from '../config/environment.js';
import { createApp } from '../create-app.js';
import { EventAdapter } from '../platform/http-events/event-adapter.js';
import { assertHttpEvent, type HttpResult, requestOf, resultOf } from '../platform/http-events/http-event.js';

// Only a guess, made before there is a router, and no harm when it is wrong: whether the first request will ask PostgreSQL.
const postgresPaths = /\/(auth\/\w+|users(\/[^/]+)?|dashboard\/[^/]+)\/?$/;

const start = memoize(async (connectSoon: boolean): Promise<EventAdapter> => {
  const adapter = new EventAdapter();
  await createApp(parseConfig(readEnvironment()), adapter, { connectSoon });
  return adapter;
});

/**
 * Serves one HTTP request of API Gateway (HTTP API v2, REST v1), a function URL or an ALB.
 *
 * The application is assembled once an environment, by the first request. A start that failed is not kept: the next
 * request tries again.
 *
 * @throws UnknownEventError for any other event; the environment lives on.
 */
export const handler = async (event: unknown, context: Context): Promise<HttpResult> => {
  assertHttpEvent(event);
  const adapter = await start(postgresPaths.test(event.rawPath ?? event.path ?? ''));
  return resultOf(event, await adapter.serve(requestOf(event, context, readTraceHeader())));
};

// With provisioned concurrency an environment is made ready long before its first request, which then should find it so.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
if (readEnvironment()['AWS_LAMBDA_INITIALIZATION_TYPE'] === 'provisioned-concurrency') {
  // A failure is for the request that comes; it tries again.
  start(true).catch(() => undefined);
}
