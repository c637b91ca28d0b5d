import * as z from 'zod';

const identity = {
  service: z.literal('duet'),
  version: z.string().meta({ example: '1.0.0' }),
  timestamp: z.iso.datetime({ precision: 3 }).meta({ description: 'When this was found out.', example: '2026-11-21T09:30:00.000Z' }),
};

const status = z.enum(['up', 'down']);
const responseTimeMs = z.number().min(0).meta({ description: 'How long the probe took, or was waited for: at most one second.', example: 4 });
const message = z.string().optional().meta({ description: 'Given when it is down.', example: 'unreachable' });

const postgresHealth = z.object({ status, responseTimeMs, message }).meta({ id: 'PostgresHealth' });
const dynamodbHealth = z
  .object({
    status,
    responseTimeMs,
    counterValue: z.int().min(0).nullable().meta({ description: 'The visit counter, read to find out; null when it is down.', example: 42 }),
    message,
  })
  .meta({ id: 'DynamoDbHealth' });
const someOf = z.object({ postgres: postgresHealth.optional(), dynamodb: dynamodbHealth.optional() });

/** What `GET /health` answers: Terminus's shape, and who answers. */
export const readinessSchema = z
  .object({
    status: z.enum(['ok', 'error', 'shutting_down']).meta({ description: '`ok` when every store is up.' }),
    info: someOf.meta({ description: 'The stores that are up.' }),
    error: someOf.meta({ description: 'The stores that are down.' }),
    details: z.object({ postgres: postgresHealth, dynamodb: dynamodbHealth }).meta({ description: 'Both.' }),
    ...identity,
  })
  .meta({ id: 'Readiness', description: 'Whether the stores can be reached.' });

/** What `GET /health/live` answers. */
export const livenessSchema = z.object({ status: z.literal('ok'), ...identity }).meta({ id: 'Liveness', description: 'That the process serves.' });

/** What the service answers of its stores. */
export type Readiness = z.output<typeof readinessSchema>;

/** What the service answers of itself. */
export type Liveness = z.output<typeof livenessSchema>;
