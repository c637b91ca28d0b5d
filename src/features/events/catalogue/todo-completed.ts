import { todoSchema } from '../../todos/todos.schemas.js';
import type { EventDefinition } from '../domain-event.js';

/** `todo.completed` */
export const todoCompleted: EventDefinition = {
  name: 'todo.completed',
  version: 1,
  description: 'A todo became done; data is the todo as it is now.',
  data: todoSchema,
};
