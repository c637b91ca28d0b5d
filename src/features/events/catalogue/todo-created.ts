import type { EventDefinition } from '../domain-event.js';
import { type TodoData, todoData, todoResource } from './todo-data.js';

/** `todo.created` */
export const todoCreated: EventDefinition<TodoData> = {
  name: 'todo.created',
  version: 1,
  description: 'A todo was created; data is the todo.',
  data: todoData,
  resource: todoResource,
};
