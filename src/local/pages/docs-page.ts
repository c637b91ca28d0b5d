import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { currentContext } from '../../common/http/request-context.js';
import { pageHeaders } from './page-headers.js';

/** What Swagger UI consists of, by its media type. */
const assets: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
  'favicon-32x32.png': 'image/png',
};

const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ...pageHeaders,
};

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Duet API</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="docs/favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script type="module" src="docs/start.js"></script>
  </body>
</html>
`;

/**
 * Serves Swagger UI for the published contract at `/docs`: nothing from another host, no token kept over a reload, and a policy that runs no script but these.
 * What is pressed as it is prefilled works, because what an earlier answer gave (tokens, ids) takes the place of the contract's examples: see docs-start.js.
 */
export function serveDocs(app: NestExpressApplication): void {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const express = app.getHttpAdapter().getInstance();
  express.get('/docs', (request: Request, response: Response) => {
    // Its links are relative, so that they hold behind a base path; they would not with a slash at the end.
    if (request.path.endsWith('/')) {
      response.redirect(`${currentContext()?.basePath ?? ''}/docs`);
      return;
    }
    response.set(securityHeaders).type('text/html').send(page);
  });
  express.get('/docs/start.js', async (_request: Request, response: Response) => {
    response
      .set(securityHeaders)
      .type('text/javascript')
      .send(await readFile(new URL('./docs-start.js', import.meta.url), 'utf8'));
  });
  for (const [name, type] of Object.entries(assets)) {
    express.get(`/docs/${name}`, async (_request: Request, response: Response) => {
      response
        .set(securityHeaders)
        .type(type)
        .send(await readFile(join(folder, name)));
    });
  }
}
