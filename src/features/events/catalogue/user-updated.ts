import type { EventDefinition } from '../domain-event.js';
import { type UserData, userData, userResource } from './user-data.js';

/** `user.updated` */
export const userUpdated: EventDefinition<UserData> = {
  name: 'user.updated',
  version: 1,
  description: 'A user was changed, be it only in their password; data is the user as they are now.',
  data: userData,
  resource: userResource,
};
