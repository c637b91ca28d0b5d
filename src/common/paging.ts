import * as z from 'zod';

/** The query parameter `limit` of every list. */
export const limitSchema = z
  .string()
  .regex(/^([1-9]\d?|100)$/, 'must be a whole number from 1 to 100')
  .transform(Number)
  .default(25)
  // In a URL everything is text; published is the number that it means.
  .meta({ type: 'integer', pattern: undefined, minimum: 1, maximum: 100, default: 25, description: 'How many at most.' });

/** The query parameter `cursor` of every list. */
export const cursorSchema = z.string().max(2_000).optional().meta({ description: '`nextCursor` of the page before.' });

/** A page's `nextCursor`. */
export const nextCursorSchema = z.string().nullable().meta({ description: 'Send it as `cursor` for what follows; null exactly when nothing does.' });
