import type { EventDefinition } from '../domain-event.js';
import { type TodoData, todoData, todoResource } from './todo-data.js';

/** `todo.updated` */
export const todoUpdated: EventDefinition<TodoData> = {
  name: 'todo.updated',
  version: 1,
  description: 'A todo was changed, other than by becoming done; data is the todo as it is now.',
  data: todoData,
  resource: todoResource,
};
