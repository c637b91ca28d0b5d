import { userSchema } from '../../users/users.schemas.js';
import type { EventDefinition } from '../domain-event.js';

/** `user.registered` */
export const userRegistered: EventDefinition = {
  name: 'user.registered',
  version: 1,
  description: 'Someone registered; data is the user.',
  data: userSchema,
};
