import * as z from 'zod';

/** What `GET /` answers. */
export const serviceSchema = z
  .object({
    name: z.literal('duet'),
    version: z.string().meta({ example: '1.0.0' }),
    links: z.object({
      health: z.string().meta({ example: '/health' }),
      docs: z.string().meta({ example: '/docs' }),
      openapi: z.string().meta({ example: '/openapi.json' }),
    }),
  })
  .meta({ id: 'Service' });

export type ServiceDescriptor = z.infer<typeof serviceSchema>;

/** What `GET /openapi.json` answers, as far as it describes itself. */
export const openApiDocumentSchema = z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }).meta({ id: 'OpenApiDocument' });
