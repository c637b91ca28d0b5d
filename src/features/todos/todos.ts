/** Where a todo stands. `open` and `in_progress` are active. */
export type TodoStatus = 'open' | 'in_progress' | 'done';

export type TodoPriority = 'low' | 'normal' | 'high';

/** A step of a todo. */
export interface ChecklistItem {
  readonly title: string;
  readonly done: boolean;
}

/** What a caller may write of a todo. */
export interface TodoContent {
  readonly title: string;
  readonly description: string | null;
  readonly status: TodoStatus;
  readonly priority: TodoPriority;
  /** A calendar date, an instant in UTC with milliseconds, or null. A date ends with that day in the user's time zone. */
  readonly due: string | null;
  readonly tags: readonly string[];
  readonly checklist: readonly ChecklistItem[];
}

/** A todo. `version` counts its writes from 1, without gaps. */
export interface Todo extends TodoContent {
  readonly id: string;
  readonly userId: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly completedAt: string | null;
  /** When it was moved to the archive; null while it is listed. */
  readonly archivedAt: string | null;
  readonly version: number;
}

/** A user's aggregate: how many todos stand where. */
export interface TodoCounts {
  readonly open: number;
  readonly inProgress: number;
  readonly done: number;
  readonly archived: number;
}

/** A new todo of its content. */
export function newTodo(identity: { id: string; createdAt: string; userId: string }, content: TodoContent): Todo {
  const { id, createdAt, userId } = identity;
  const completedAt = content.status === 'done' ? createdAt : null;
  return { id, userId, ...content, createdAt, updatedAt: createdAt, completedAt, archivedAt: null, version: 1 };
}

/**
 * The next version of a todo: becoming done sets `completedAt`, leaving done clears it, staying done keeps it. An archived todo comes back
 * from the archive.
 */
export function nextTodo(todo: Todo, content: Partial<TodoContent>, now: string): Todo {
  const next = { ...todo, ...content };
  const completedAt = next.status === 'done' ? (todo.status === 'done' ? todo.completedAt : now) : null;
  return { ...next, completedAt, archivedAt: null, updatedAt: now, version: todo.version + 1 };
}

/** The version of a todo that is in the archive from `archivedAt` on. */
export function archivedTodo(todo: Todo, archivedAt: string): Todo {
  return { ...todo, archivedAt, version: todo.version + 1 };
}
