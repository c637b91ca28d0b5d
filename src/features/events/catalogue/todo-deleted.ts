import type { EventDefinition } from '../domain-event.js';
import { type TodoData, todoData, todoResource } from './todo-data.js';

/** `todo.deleted` */
export const todoDeleted: EventDefinition<TodoData> = {
  name: 'todo.deleted',
  version: 1,
  description: 'A todo was deleted, by its user or with its user; data is the todo as it was.',
  data: todoData,
  resource: todoResource,
};
