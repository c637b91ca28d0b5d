import type { EventDefinition } from '../domain-event.js';
import { type DeletedUserData, userResource } from './user-data.js';

/** `user.deleted` */
export const userDeleted: EventDefinition<DeletedUserData> = {
  name: 'user.deleted',
  version: 2,
  description: 'A user was deleted and everything of theirs is erased; data is only the id and the last version.',
  data: userResource,
  resource: userResource,
};
