import type { EventDefinition } from '../domain-event.js';
import { type UserData, userData, userResource } from './user-data.js';

/** `user.registered` */
export const userRegistered: EventDefinition<UserData> = {
  name: 'user.registered',
  version: 1,
  description: 'Someone registered; data is the user.',
  data: userData,
  resource: userResource,
};
