import { createServer } from 'node:http';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import type { Config } from '../../config/config.js';
import { createApp } from '../../create-app.js';
import { Log } from '../../platform/observability/log.js';
import { answerBrokenRequests } from './broken-requests.js';
import { allowOrigins } from './cors.js';
import { LocalWorkersModule } from './local-workers.module.js';

/** What a server takes at most. */
export interface ServerBounds {
  /** How long a request may take to arrive, header and body, in milliseconds; then it is answered 408. */
  readonly requestMs: number;
  /** How often that is looked at, in milliseconds. */
  readonly checkEveryMs: number;
  /** Open connections; more are closed as they come. */
  readonly connections: number;
}

const defaultBounds: ServerBounds = { requestMs: 10_000, checkEveryMs: 500, connections: 1_000 };

/** How long an idle connection is kept, in milliseconds. */
const keepAliveMs = 65_000;

/** What differs between servers. */
export interface ServerAppOptions {
  /** Serve what is for people: Swagger UI at `/docs`, and the app at `/app/` when it has been built. */
  readonly pages?: boolean;
  readonly bounds?: Partial<ServerBounds>;
}

/** The application on Express and an HTTP server, ready to listen. */
export async function createServerApp(config: Config, { pages = false, bounds = {} }: ServerAppOptions = {}): Promise<NestExpressApplication> {
  const adapter = new BoundedServerAdapter({ ...defaultBounds, ...bounds });
  const app = await createApp(config, {
    adapter,
    modules: [LocalWorkersModule],
    prepare: async (made) => {
      await allowOrigins(made, config.cors);
      if (config.mail.route.kind === 'files') {
        (await import('../pages/mail-page.js')).serveMails(made, config);
      }
      if (pages) {
        await servePages(made);
      }
    },
  });
  answerBrokenRequests(app.getHttpServer(), (requestId, { status }) => app.get(Log).info('request', { requestId, route: '(none)', status }));
  return app;
}

async function servePages(app: NestExpressApplication): Promise<void> {
  const [{ serveDocs }, { serveApp }] = await Promise.all([import('../pages/docs-page.js'), import('../pages/app-page.js')]);
  serveDocs(app);
  serveApp(app);
}

/** Express on a server that slow or many connections cannot hold up. */
class BoundedServerAdapter extends ExpressAdapter {
  constructor(private readonly bounds: ServerBounds) {
    super();
  }

  // Nest makes a server without options, and how often its times are checked can be set only there.
  override initHttpServer(): void {
    const { requestMs, checkEveryMs, connections } = this.bounds;
    const server = createServer(
      {
        headersTimeout: requestMs,
        requestTimeout: requestMs,
        connectionsCheckingInterval: checkEveryMs,
        // Longer than clients and load balancers keep idle connections (60 s is usual): they must close first, or a request meets a closing one.
        keepAliveTimeout: keepAliveMs,
      },
      this.getInstance(),
    );
    server.maxConnections = connections;
    this.httpServer = server;
  }
}
