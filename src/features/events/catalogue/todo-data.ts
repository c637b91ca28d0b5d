import * as z from 'zod';
import { idSchema } from '../../../common/ids.js';

/** A todo as events carry it. It is the events' own, so that a change of the API does not change events unnoticed. */
export const todoData = z.object({
  id: idSchema,
  userId: idSchema,
  title: z.string(),
  description: z.string().nullable(),
  status: z.enum(['open', 'in_progress', 'done']),
  priority: z.enum(['low', 'normal', 'high']),
  due: z.string().nullable(),
  tags: z.array(z.string()).readonly(),
  checklist: z.array(z.object({ title: z.string(), done: z.boolean() })).readonly(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  completedAt: z.iso.datetime().nullable(),
  archivedAt: z.iso.datetime().nullable(),
  version: z.int().min(1),
});

export type TodoData = z.output<typeof todoData>;

/** What names a todo, and orders its changes. */
export const todoResource = todoData.pick({ id: true, userId: true, version: true });
