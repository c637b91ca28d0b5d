import * as z from 'zod';
import { idSchema } from '../../../common/ids.js';

/** A user as events carry them. It is the events' own, so that a change of the API does not change events unnoticed. */
export const userData = z.object({
  id: idSchema,
  email: z.string(),
  // Rows from before it was kept have none.
  emailVerified: z.boolean().default(false),
  name: z.string(),
  timeZone: z.string(),
  role: z.enum(['user', 'admin']),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  version: z.int().min(1),
});

export type UserData = z.output<typeof userData>;

/** What names a user, and orders their changes. */
export const userResource = userData.pick({ id: true, version: true });

/** A deleted user: no personal data, since what was erased must not live on in events. */
export type DeletedUserData = z.output<typeof userResource>;
