import type { INestApplication } from '@nestjs/common';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { readPublishedDocument } from '../../features/docs/published-document.js';

/** Serves Swagger UI at `/docs` for the published contract, with "Authorize" kept over reloads. */
export async function serveDocs(app: INestApplication): Promise<void> {
  const document = JSON.parse(await readPublishedDocument()) as OpenAPIObject;
  SwaggerModule.setup('docs', app, document, {
    raw: false,
    customSiteTitle: 'Duet API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
  });
}
