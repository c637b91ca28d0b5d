import type { EventDefinition } from '../domain-event.js';
import { type TodoData, todoData, todoResource } from './todo-data.js';

/** `todo.archived` */
export const todoArchived: EventDefinition<TodoData> = {
  name: 'todo.archived',
  version: 1,
  description: 'A todo that had long been done was moved to the archive; data is the todo.',
  data: todoData,
  resource: todoResource,
};
