import { userSchema } from '../../users/users.schemas.js';
import type { EventDefinition } from '../domain-event.js';

/** `user.updated` */
export const userUpdated: EventDefinition = {
  name: 'user.updated',
  version: 1,
  description: 'A user was changed, be it only in their password; data is the user as they are now.',
  data: userSchema,
};
