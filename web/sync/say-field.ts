import type { Todo, TodoPatch } from '../../client/index.js';
import { formatDue } from '../time/format.js';

/** The fields of a todo that a person writes, as they are called in the app. */
export const fieldNames: Readonly<Record<keyof TodoPatch, string>> = {
  title: 'Title',
  description: 'Description',
  status: 'Status',
  priority: 'Priority',
  due: 'Due',
  tags: 'Tags',
  checklist: 'Checklist',
};
const statuses = { open: 'Open', in_progress: 'In progress', done: 'Done' };

/** A field of a todo as people read it. */
export function say(todo: Pick<Todo, keyof TodoPatch>, name: keyof TodoPatch, timeZone: string): string {
  switch (name) {
    case 'due':
      return todo.due === null ? 'None' : formatDue(todo.due, new Date(), timeZone);
    case 'tags':
      return todo.tags.length === 0 ? 'None' : todo.tags.join(', ');
    case 'checklist':
      return todo.checklist.length === 0 ? 'None' : todo.checklist.map(({ title, done }) => `${done ? '✓' : '○'} ${title}`).join('\n');
    case 'status':
      return statuses[todo.status];
    case 'priority':
      return `${todo.priority.charAt(0).toUpperCase()}${todo.priority.slice(1)}`;
    case 'description':
      return todo.description ?? 'None';
    case 'title':
      return todo.title;
  }
}
