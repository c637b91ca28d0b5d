import * as z from 'zod';
import { idSchema } from '../../common/ids.js';
import { cursorSchema, limitSchema, nextCursorSchema } from '../../common/resources/paging.js';
import { boundedText, visibleText } from '../../common/text/text.js';

const exampleTodoId = '019e3a5c-9c40-7f1d-8a6b-5d2c4e7f9a10';

const status = z.enum(['open', 'in_progress', 'done']);
const priority = z.enum(['low', 'normal', 'high']);

const date = z.iso.date('must be a date such as 2026-12-31');
// RFC 3339 asks for seconds and an offset; the year must stay in four digits once it is in UTC, or keys would not sort.
const instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/, 'must be an instant such as 2026-12-31T18:00:00Z')
  .refine(
    (text) => z.iso.date().safeParse(text.slice(0, 10)).success && /^\d{4}-/.test(isoOf(text)),
    'must be an instant that exists, in the years 0000 to 9999',
  )
  .overwrite(isoOf)
  .meta({ format: 'date-time', example: '2026-12-31T18:00:00.000Z' });

function isoOf(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? 'invalid' : new Date(time).toISOString();
}

const dateOrInstant = z
  .union([date, instant], 'must be a date such as 2026-12-31, or an instant such as 2026-12-31T18:00:00Z')
  .meta({ description: 'A date, which ends with that day in the user’s time zone, or an instant.', example: '2026-12-31' });

const checklistItem = z.strictObject({ title: visibleText(1, 200), done: z.boolean().default(false) });
// A set: what stands twice is kept once, in the order first given.
const tags = z
  .array(visibleText(1, 50))
  .max(20, 'must hold at most 20 tags')
  .overwrite((given) => {
    const normalized = given.map((tag) => tag.normalize('NFC'));
    return given.filter((_, index) => normalized.indexOf(normalized[index] ?? '') === index);
  });
const checklist = z.array(checklistItem).max(50, 'must hold at most 50 items');

const writable = {
  title: visibleText(1, 200).meta({ example: 'Water the plants' }),
  description: boundedText(0, 10_000).nullable(),
  status,
  priority,
  due: dateOrInstant.nullable(),
  tags,
  checklist,
};

/** The body of POST and PUT: what is left out takes its default. */
export const todoContentSchema = z
  .strictObject({
    title: writable.title,
    description: writable.description.default(null),
    status: writable.status.default('open'),
    priority: writable.priority.default('normal'),
    due: writable.due.default(null),
    tags: writable.tags.default([]),
    checklist: writable.checklist.default([]),
  })
  .meta({
    id: 'TodoContent',
    example: { title: 'Water the plants', due: '2026-12-31', priority: 'high', tags: ['home'], checklist: [{ title: 'Ferns', done: false }] },
  });

/** The body of PATCH, a merge patch (RFC 7396): null clears or empties where that is possible. */
export const todoPatchSchema = z
  .strictObject({
    title: writable.title.optional(),
    description: writable.description.optional(),
    status: writable.status.optional(),
    priority: writable.priority.optional(),
    due: writable.due.optional(),
    tags: tags.nullable().optional(),
    checklist: checklist.nullable().optional(),
  })
  .meta({ id: 'TodoPatch', example: { status: 'done', due: null } });

export type TodoPatch = z.output<typeof todoPatchSchema>;

/** A todo's id. */
export const todoIdSchema = idSchema.meta({ format: 'uuid', example: exampleTodoId });

/** A todo for examples. */
export const exampleTodo = {
  id: exampleTodoId,
  userId: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c',
  title: 'Water the plants',
  description: null,
  status: 'open',
  priority: 'high',
  due: '2026-12-31',
  tags: ['home'],
  checklist: [{ title: 'Ferns', done: false }],
  createdAt: '2026-11-20T09:30:00.000Z',
  updatedAt: '2026-11-20T09:30:00.000Z',
  completedAt: null,
  archivedAt: null,
  version: 1,
};

/** A todo as it is answered. */
export const todoSchema = z
  .object({
    id: todoIdSchema,
    userId: idSchema,
    title: boundedText(1, 200),
    description: boundedText(0, 10_000).nullable(),
    status,
    priority,
    due: dateOrInstant.nullable(),
    tags: z.array(boundedText(1, 50)).max(20),
    checklist: z.array(z.object({ title: boundedText(1, 200), done: z.boolean() })).max(50),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    completedAt: z.iso.datetime().nullable(),
    archivedAt: z.iso.datetime().nullable().meta({ description: 'When it was moved to the archive; null while it is listed.' }),
    version: z.int().min(1),
  })
  .meta({ id: 'Todo', description: 'A todo. Its `version` grows by one with each change.', example: exampleTodo });

/** A page of todos. */
export const todoListSchema = z
  .object({ items: z.array(todoSchema), nextCursor: nextCursorSchema })
  .meta({ id: 'TodoList', example: { items: [exampleTodo], nextCursor: null } });

/** The query of the list. */
export const todoQuerySchema = z
  .strictObject({
    // One value comes as text, a repeated one as a list; published is the list.
    status: z
      .union([status.transform((one) => [one]), z.array(status).max(10)], 'must be open, in_progress or done')
      .meta({ anyOf: undefined, type: 'array', maxItems: 10, items: { type: 'string', enum: status.options }, description: 'Repeat it for more than one.' })
      .optional(),
    priority: priority.optional(),
    tag: boundedText(1, 50).optional().meta({ description: 'Todos that have this tag.' }),
    q: boundedText(1, 200).optional().meta({ description: 'A part of title or description, in any case.' }),
    archived: z.enum(['true', 'false']).optional().meta({ description: '`true` lists the archive instead, newest first.' }),
    dueBefore: dateOrInstant.optional().meta({ description: 'Due before this date or instant, such as 2026-12-31.', example: undefined }),
    dueAfter: dateOrInstant.optional().meta({ description: 'Due on this date or at this instant, or after.', example: undefined }),
    sort: z.enum(['-createdAt', 'createdAt', 'due']).optional(),
    limit: limitSchema,
    cursor: cursorSchema,
  })
  .superRefine((query, context) => {
    for (const [name, text] of Object.entries(query)) {
      if (typeof text === 'string' && text.includes('\0')) {
        context.addIssue({ code: 'custom', path: [name], message: 'must not contain the NUL character' });
      }
    }
    if (query.archived === 'true') {
      const refused = [query.sort === 'due' && 'sort', query.sort === 'createdAt' && 'sort', query.dueBefore && 'dueBefore', query.dueAfter && 'dueAfter'];
      for (const name of refused.filter((refusal) => typeof refusal === 'string')) {
        context.addIssue({ code: 'custom', path: [name], message: 'does not go with archived=true: the archive is listed newest first' });
      }
    }
  });

export type TodoQuery = z.output<typeof todoQuerySchema>;
