import { todoSchema } from '../../todos/todos.schemas.js';
import type { EventDefinition } from '../domain-event.js';

/** `todo.deleted` */
export const todoDeleted: EventDefinition = {
  name: 'todo.deleted',
  version: 1,
  description: 'A todo was deleted, by its user or with its user; data is the todo as it was.',
  data: todoSchema,
};
