import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import * as z from 'zod';
import { problemMediaType } from '../../common/problem.js';
import { serviceVersion } from './published-document.js';

/** Builds the OpenAPI 3.1 document of an assembled application from its routes and zod schemas: the source of `openapi.json`. */
export function buildOpenApiDocument(app: INestApplication): OpenAPIObject {
  const info = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Duet')
    .setVersion(serviceVersion)
    .setDescription(
      'A todo service over PostgreSQL and DynamoDB. Errors are problem details (RFC 9457); lists are pages with an opaque cursor; versions are entity tags.',
    )
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'The server this document came from')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The accessToken of POST /auth/login.' }, 'bearer')
    .build();
  const document = SwaggerModule.createDocument(app, info, {
    standardSchemaConverter: (schema: unknown, { schemaType }: { schemaType: 'input' | 'output' }) => toComponents(schema as z.ZodType, schemaType),
  } as Parameters<typeof SwaggerModule.createDocument>[2]);
  return tidy(document);
}

function toComponents(schema: z.ZodType, io: 'input' | 'output') {
  const {
    $defs = {},
    $schema: _,
    ...root
  } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any', override: keepDefault }) as Record<string, unknown> & {
    $defs?: Record<string, object>;
  };
  return { schema: root, components: $defs };
}

// zod leaves the default of a transformed value out of its input; one written in `meta` is meant for it.
function keepDefault({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: { default?: unknown } }): void {
  const value: unknown = z.globalRegistry.get(zodSchema)?.['default'];
  if (value !== undefined) {
    jsonSchema.default = value;
  }
}

interface ResponseWithMedia {
  content?: Record<string, { schema?: { $ref?: string } }>;
  'x-media-type'?: string;
}

// Swagger writes every response as application/json; problems have a media type of their own, and not every 503 is one.
function tidy(document: OpenAPIObject): OpenAPIObject {
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path as Record<string, { responses?: Record<string, ResponseWithMedia> }>)) {
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        delete response['x-media-type'];
        const json = response.content?.['application/json'];
        if (Number(status) >= 400 && json?.schema?.$ref === '#/components/schemas/Problem') {
          response.content = { [problemMediaType]: json };
        }
      }
    }
  }
  return document;
}
