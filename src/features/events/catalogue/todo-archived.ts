import { todoSchema } from '../../todos/todos.schemas.js';
import type { EventDefinition } from '../domain-event.js';

/** `todo.archived` */
export const todoArchived: EventDefinition = {
  name: 'todo.archived',
  version: 1,
  description: 'A todo that had long been done was moved to the archive; data is the todo.',
  data: todoSchema,
};
