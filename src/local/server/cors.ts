import { readFile } from 'node:fs/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request } from 'express';
import type { Config } from '../../config/config.js';
import { isLoopback } from '../../config/variables.js';

/** What pages may send and read: the list that API Gateway is configured from, too. */
interface CorsRules {
  readonly methods: string[];
  readonly allowedHeaders: string[];
  readonly exposedHeaders: string[];
  /** How long a browser may keep the answer to a preflight, in seconds. */
  readonly maxAge: number;
}

const rulesFile = new URL('../../../infra/cors.json', import.meta.url);

/**
 * Lets pages of other origins call this server (https://fetch.spec.whatwg.org/#http-cors-protocol), as API Gateway does in production: those of
 * `CORS_ORIGINS`, or those that this machine serves itself. No cookies are involved, so credentials are not allowed.
 */
export async function allowOrigins(app: NestExpressApplication, { origins }: Config['cors']): Promise<void> {
  const rules = JSON.parse(await readFile(rulesFile, 'utf8')) as CorsRules;
  app.enableCors((request: Request, respond: (error: null, options: object) => void) => {
    const origin = request.get('Origin');
    respond(null, {
      ...rules,
      origin: origin !== undefined && (origins?.includes(origin) ?? isLocal(origin)) ? [origin] : [],
      // An OPTIONS request that is no preflight is for the routes, which answer 405.
      preflightContinue: origin === undefined || request.get('Access-Control-Request-Method') === undefined,
    });
  });
}

function isLocal(origin: string): boolean {
  return URL.canParse(origin) && isLoopback(new URL(origin).hostname);
}
