import * as z from 'zod';
import { idSchema } from '../../common/ids.js';
import { cursorSchema, limitSchema, nextCursorSchema } from '../../common/resources/paging.js';
import { findUnstorable, nameProblem } from './records.js';

const valuesNote =
  'Names are 1 to 65,535 bytes long. Numbers must be exact in 64-bit floating point and of a magnitude from 1e-130 to 9.99e125 (or 0): send others as strings.';

/** The names of attributes as JSON Schema can tell of them; bytes it cannot count. */
const attributeNames = { propertyNames: { type: 'string' as const, minLength: 1, maxLength: 65_535 } };

/** A record as it is sent. */
export const newRecordSchema = z
  .looseObject({ user_id: idSchema })
  .superRefine((record, context) => {
    const unstorable = findUnstorable(record);
    if (unstorable !== undefined) {
      context.addIssue({ code: 'custom', path: [...unstorable.path], message: unstorable.reason });
    }
  })
  .meta({
    id: 'NewRecord',
    description: `The caller's own record: besides user_id any attributes, of any JSON value. ${valuesNote}`,
    ...attributeNames,
    example: { user_id: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c', plan: 'free', seats: 3 },
  });

/** A change of one attribute. */
export const recordChangeSchema = z
  .strictObject({
    user_id: idSchema,
    updatedKey: z
      .string()
      .refine((name) => nameProblem(name) === undefined, { error: (issue) => nameProblem(String(issue.input)) })
      .refine((name) => name !== 'user_id', 'must not be user_id: a record keeps its user')
      .refine((name) => name !== '__proto__', 'is not a name that can be used')
      .meta({
        minLength: 1,
        maxLength: 65_535,
        not: { enum: ['user_id', '__proto__'] },
        description: 'The name of a top-level attribute, which is added if it is new.',
        example: 'plan',
      }),
    updatedValue: z
      .unknown()
      .superRefine((value, context) => {
        const unstorable = value === undefined ? { path: [], reason: 'is required' } : findUnstorable(value);
        if (unstorable !== undefined) {
          context.addIssue({ code: 'custom', path: [...unstorable.path], message: unstorable.reason });
        }
      })
      .meta({ description: `The attribute's new value; null is a value too. ${valuesNote}`, example: 'team' }),
  })
  .meta({ id: 'RecordChange' });

export type RecordChange = z.output<typeof recordChangeSchema>;

const exampleRecord = { user_id: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c', plan: 'team', seats: 3 };

/** A record as it is stored. */
export const recordSchema = z.looseObject({ user_id: idSchema }).meta({
  id: 'UserRecord',
  description: 'A user’s record: `user_id` and whatever else was stored.',
  example: exampleRecord,
});

/** A page of all records. */
const recordListSchema = z
  .object({
    items: z.array(recordSchema),
    nextCursor: nextCursorSchema,
  })
  .meta({ id: 'RecordList', example: { items: [exampleRecord], nextCursor: null } });

export type RecordList = { readonly items: readonly z.output<typeof recordSchema>[]; readonly nextCursor: string | null };

/** What reading answers: one record, or a page of them. */
export const recordsAnswerSchema = z.union([recordListSchema, recordSchema]);

/** One record with `user_id`, a page of all without. */
export const recordsQuerySchema = z
  .strictObject({
    user_id: idSchema.optional().meta({ description: 'Whose record; left out, an admin gets the list.' }),
    limit: limitSchema,
    cursor: cursorSchema,
  })
  .refine(({ user_id, cursor }) => user_id === undefined || cursor === undefined, {
    path: ['cursor'],
    error: 'does not go with user_id: one record has no pages',
  });

export type RecordsQuery = z.output<typeof recordsQuerySchema>;

/** Names the one record. */
export const recordQuerySchema = z.strictObject({ user_id: idSchema.meta({ description: 'Whose record.' }) });
