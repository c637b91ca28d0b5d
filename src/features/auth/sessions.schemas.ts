import * as z from 'zod';
import { idSchema } from '../../common/ids.js';

const instant = z.string().meta({ format: 'date-time', example: '2026-11-20T09:30:00.000Z' });
const exampleSession = {
  id: '019e3a5c-8d2a-7b6e-8f41-6c1d9e7a3b05',
  createdAt: '2026-11-20T09:30:00.000Z',
  lastUsedAt: '2026-11-21T08:00:00.000Z',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  current: true,
};

/** A session's id in a path. */
export const sessionIdSchema = idSchema.meta({ description: 'A session’s id.', example: exampleSession.id });

const sessionSchema = z
  .object({
    id: idSchema,
    createdAt: instant.meta({ description: 'When the password was given.' }),
    lastUsedAt: instant.meta({ description: 'When its tokens were last refreshed; before that, when it began.' }),
    userAgent: z.string().nullable().meta({ description: 'The first 100 characters of the `User-Agent` at sign-in; null when there was none.' }),
    current: z.boolean().meta({ description: 'Whether the access token of this request belongs to it.' }),
  })
  .meta({ id: 'Session', description: 'A sign-in that can still be refreshed.', example: exampleSession });

/** Where a user is signed in. */
export const sessionListSchema = z.object({ items: z.array(sessionSchema) }).meta({ id: 'SessionList', example: { items: [exampleSession] } });

export type SessionList = z.output<typeof sessionListSchema>;
