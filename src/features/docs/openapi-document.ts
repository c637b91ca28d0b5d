import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import * as z from 'zod';
import type { ErrorCode } from '../../common/error-catalogue.js';
import { problemMediaType } from '../../common/problem.js';
import { exampleProblem } from './error-examples.js';
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

interface DocumentedResponse {
  content?: Record<string, object>;
  'x-problems'?: readonly ErrorCode[];
}

// Swagger writes every response as application/json; problems have a media type of their own, and an example for each code.
function tidy(document: OpenAPIObject): OpenAPIObject {
  const used = new Set<ErrorCode>();
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path as Record<string, { responses?: Record<string, DocumentedResponse> }>)) {
      for (const response of Object.values(operation.responses ?? {})) {
        const codes = response['x-problems'];
        if (codes !== undefined) {
          delete response['x-problems'];
          codes.forEach((code) => used.add(code));
          const examples = Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]));
          response.content = { [problemMediaType]: { ...response.content?.['application/json'], examples } };
        }
      }
    }
  }
  document.components = { ...document.components, examples: Object.fromEntries([...used].sort().map((code) => [code, { value: exampleProblem(code) }])) };
  return document;
}
