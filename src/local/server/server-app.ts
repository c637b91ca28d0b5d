import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { createApp } from '../../create-app.js';
import { Log } from '../../platform/observability/log.js';
import { answerBrokenRequests } from './broken-requests.js';
import { ServerAdapter } from './express-adapter.js';

/** How long an idle connection is kept, in milliseconds. */
const keepAliveMs = 65_000;

/** What differs between servers. */
export interface ServerAppOptions {
  /** Serve Swagger UI at `/docs`. */
  readonly docs?: boolean;
}

/** The application on Express and an HTTP server, ready to listen. */
export async function createServerApp(config: Config, { docs = false }: ServerAppOptions = {}): Promise<INestApplication<Server>> {
  const app: INestApplication<Server> = await createApp(config, new ServerAdapter(), {
    ...(docs && { prepare: async (made) => (await import('./swagger-ui.js')).serveDocs(made) }),
  });
  const server = app.getHttpServer();
  // Longer than clients and load balancers keep idle connections (60 s is usual): they must close first, or a request meets a closing one.
  server.keepAliveTimeout = keepAliveMs;
  answerBrokenRequests(server, (requestId, { status }) => app.get(Log).info('request', { requestId, route: '(none)', status }));
  return app;
}
