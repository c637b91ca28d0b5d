import type { EventDefinition } from '../domain-event.js';
import { type TodoData, todoData, todoResource } from './todo-data.js';

/** `todo.completed` */
export const todoCompleted: EventDefinition<TodoData> = {
  name: 'todo.completed',
  version: 1,
  description: 'A todo became done; data is the todo as it is now.',
  data: todoData,
  resource: todoResource,
};
