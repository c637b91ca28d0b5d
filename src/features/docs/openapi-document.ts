import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import * as z from 'zod';
import type { ErrorCode } from '../../common/errors/error-catalogue.js';
import { problemMediaType } from '../../common/errors/problem.js';
import { exampleProblem } from './error-examples.js';
import { serviceVersion } from './published-document.js';

/** The groups of operations, in the order of `/docs`: pressing Execute from top to bottom deletes the account last. */
const tags = [
  { name: 'Service', description: 'What this is, and its contract.' },
  { name: 'Health', description: 'Whether it serves, and whether its stores can be reached.' },
  { name: 'Auth', description: 'Tokens: sign in, refresh, sign out.' },
  { name: 'Todos', description: 'A user’s todos.' },
  { name: 'Sync', description: 'What changed since, and several changes at once.' },
  { name: 'Counter', description: 'The public visit counter.' },
  { name: 'Records', description: 'One free-form record a user.' },
  { name: 'Dashboard', description: 'An account at a glance.' },
  { name: 'Sessions', description: 'Where an account is signed in.' },
  { name: 'Recovery', description: 'Links by mail: a new password, a verified e-mail.' },
  { name: 'Users', description: 'Registration and profiles.' },
];

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
    .addServer('http://localhost:3000', 'npm start')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The accessToken of POST /auth/login.' }, 'bearer')
    .build();
  info.tags = [...tags];
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
  } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any', override: settleDefault }) as Record<string, unknown> & {
    $defs?: Record<string, object>;
  };
  return { schema: root, components: $defs };
}

// zod leaves the default of a transformed value out of its input; one written in `meta` is meant for it. Other defaults of what is sent go into
// words: generators such as openapi-typescript take a property with a default for one that is always there, and would have a caller send it.
function settleDefault({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: { default?: unknown; description?: string } }): void {
  const value: unknown = z.globalRegistry.get(zodSchema)?.['default'];
  if (value !== undefined) {
    jsonSchema.default = value;
  } else if (jsonSchema.default !== undefined) {
    jsonSchema.description = [jsonSchema.description, `\`${JSON.stringify(jsonSchema.default)}\` if left out.`].filter(Boolean).join(' ');
    delete jsonSchema.default;
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
