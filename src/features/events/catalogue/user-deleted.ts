import { userSchema } from '../../users/users.schemas.js';
import type { EventDefinition } from '../domain-event.js';

/** `user.deleted` */
export const userDeleted: EventDefinition = {
  name: 'user.deleted',
  version: 1,
  description: 'A user was deleted and everything of theirs is erased; data is the user as they were.',
  data: userSchema,
};
