import { todoSchema } from '../../todos/todos.schemas.js';
import type { EventDefinition } from '../domain-event.js';

/** `todo.updated` */
export const todoUpdated: EventDefinition = {
  name: 'todo.updated',
  version: 1,
  description: 'A todo was changed, other than by becoming done; data is the todo as it is now.',
  data: todoSchema,
};
