import { todoSchema } from '../../todos/todos.schemas.js';
import type { EventDefinition } from '../domain-event.js';

/** `todo.created` */
export const todoCreated: EventDefinition = {
  name: 'todo.created',
  version: 1,
  description: 'A todo was created; data is the todo.',
  data: todoSchema,
};
