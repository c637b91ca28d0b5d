import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestListener } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { configure } from '@vendia/serverless-express';
import type { Context } from 'aws-lambda';
import { memoize } from '../common/async.js';
import { parseConfig } from '../config/config.js';
import { readEnvironment, readTraceHeader } from '../config/environment.js';
import { createApp } from '../create-app.js';
import type { InvocationIds } from '../platform/observability/request.middleware.js';
import { Postgres } from '../platform/postgres/postgres.js';
import { assertHttpEvent, type HttpEvent, isWarmUp, readableEvent } from './http-event.js';

/** An answer in the shape that the event's source expects. */
export type HttpResult = object;

interface Service {
  readonly app: NestExpressApplication;
  readonly serve: (event: HttpEvent, context: Context) => Promise<HttpResult>;
}

// Not the adapter's own notion of the current invocation, which is one for the process: on Lambda Managed Instances they overlap.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-nodejs-runtime.html
const invocations = new AsyncLocalStorage<InvocationIds>();

const start = memoize(async (): Promise<Service> => {
  const app = await createApp(parseConfig(readEnvironment(), ['postgres', 'signing-key']), { readInvocation: () => invocations.getStore() ?? {} });
  const proxy = configure<HttpEvent, HttpResult>({ app: app.getHttpAdapter().getInstance() as RequestListener });
  // The adapter's function takes a third parameter, which Node 24's runtime would refuse as a callback handler's; it is never called.
  return { app, serve: async (event, context) => proxy(event, context, () => {}) as Promise<HttpResult> };
});

/**
 * Serves one HTTP request of API Gateway (HTTP API v2, REST v1), a function URL or an ALB.
 *
 * The application is assembled once an environment, by the first request or warm-up ping. A start that failed is not kept: the next event
 * tries again.
 *
 * @throws UnknownEventError for any other event; the environment lives on.
 */
export const handler = async (event: unknown, context: Context): Promise<HttpResult | undefined> => {
  if (isWarmUp(event)) {
    await start();
    return undefined;
  }
  assertHttpEvent(event);
  const ids = idsOf(event, context);
  const { serve } = await start();
  return invocations.run(ids, async () => serve(readableEvent(event), context));
};

// With provisioned concurrency an environment is made ready long before its first request, which then should find it so.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
if (readEnvironment()['AWS_LAMBDA_INITIALIZATION_TYPE'] === 'provisioned-concurrency') {
  void start().then(
    ({ app }) => app.get(Postgres).connectSoon(),
    // The request that comes meets the failure itself, or a start that succeeds.
    () => undefined,
  );
}

// Before anything is waited for: the variable holds the trace of one invocation, and none where they overlap. There, the runtime client has it in the context.
function idsOf(event: HttpEvent, { awsRequestId, xRayTraceId }: Context & { readonly xRayTraceId?: string }): InvocationIds {
  // Only payload 2.0 keeps a named stage in the path: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
  return { awsRequestId, traceHeader: xRayTraceId ?? readTraceHeader(), stage: event.version === '2.0' ? event.requestContext.stage : undefined };
}
