import * as z from 'zod';
import { idSchema } from '../../common/ids.js';
import { limitOf } from '../../common/resources/paging.js';
import { todoContentSchema, todoPatchSchema, todoSchema } from '../todos/todos.schemas.js';

/** The query of the change feed. */
export const changesQuerySchema = z.strictObject({
  since: z.string().max(200).optional().meta({ description: '`next` of an earlier page; left out, the feed begins at the beginning.' }),
  limit: limitOf(100),
});

export type ChangesQuery = z.output<typeof changesQuerySchema>;

/** A page of the change feed. */
export const changesSchema = z
  .object({
    changes: z
      .array(
        z.discriminatedUnion('state', [
          z.object({ id: idSchema, state: z.literal('present'), todo: todoSchema }),
          z.object({ id: idSchema, state: z.enum(['deleted', 'archived']) }),
        ]),
      )
      .max(100),
    next: z.string().meta({ description: 'Send it as `since` for what follows, now or later; it is good for 30 days.', example: 'WzQyLDAsMTc5NTUxNTYwMF0' }),
    more: z.boolean().meta({ description: 'Whether something follows now.' }),
  })
  .meta({ id: 'Changes' });

const ifVersion = z.int().min(1).optional().meta({ description: 'Write only if this is still the version.' });

const operationSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('create'), todo: todoContentSchema }),
  z.strictObject({ op: z.literal('patch'), id: idSchema, patch: todoPatchSchema, ifVersion }),
  z.strictObject({ op: z.literal('delete'), id: idSchema, ifVersion }),
]);

/** The body of a batch. */
export const batchSchema = z
  .strictObject({ operations: z.array(operationSchema).min(1, 'must hold at least 1 operation').max(50, 'must hold at most 50 operations') })
  .superRefine(({ operations }, context) => {
    const seen = new Set<string>();
    for (const [index, operation] of operations.entries()) {
      if (operation.op !== 'create') {
        if (seen.has(operation.id)) {
          context.addIssue({ code: 'custom', path: ['operations', index, 'id'], message: 'stands in an earlier operation' });
        }
        seen.add(operation.id);
      }
    }
  })
  .meta({
    id: 'Batch',
    description: 'Operations that are made together, all or none. Each todo at most once.',
    example: { operations: [{ op: 'create', todo: { title: 'Water the plants' } }] },
  });

export type Batch = z.output<typeof batchSchema>;

/** What a batch answers, in the order of its operations. */
export const batchResultSchema = z
  .object({
    results: z.array(z.object({ id: idSchema, todo: todoSchema.nullable().meta({ description: 'The todo as it is now; null when it was deleted.' }) })),
  })
  .meta({ id: 'BatchResult' });
