import { DuetError } from '../../../src/common/errors/errors.js';
import type { TodoChange, WriteDecision } from '../../../src/features/todos/todos.repository.js';
import { newTodo, nextTodo, type Todo, type TodoContent, type TodoStatus } from '../../../src/features/todos/todos.js';

export const stepsPerScene = 100;
export const usersPerScene = 2;
export const todosPerUser = 4;
const keysPerUser = 2;
const content: TodoContent = { title: 'Water the plants', description: null, status: 'open', priority: 'normal', due: null, tags: [], checklist: [] };

/** A write of one todo. */
export interface Operation {
  readonly op: 'create' | 'patch' | 'delete';
  readonly todo: number;
  readonly status: TodoStatus;
  readonly ifVersion?: number;
}
/** What is asked of both stores; users, todos and keys by their numbers. */
export type Step = { readonly user: number } & (
  | { readonly op: 'find'; readonly todo: number }
  | { readonly op: 'write'; readonly operations: readonly Operation[]; readonly key?: number }
  /** TTL removes it, if it is listed and done. */
  | { readonly op: 'expire'; readonly todo: number }
  /** A removal by TTL is delivered, perhaps again; `which` is a share of all there were. */
  | { readonly op: 'archive'; readonly which: number }
  | { readonly op: 'tombstone' }
  | { readonly op: 'purge' }
);

/** The steps of a scene. */
export function drawSteps(random: () => number): Step[] {
  const below = (count: number): number => Math.floor(random() * count);
  const draw = (): Step => {
    const user = below(usersPerScene);
    const at = random();
    if (at < 0.1) return { user, op: 'find', todo: below(todosPerUser) };
    if (at < 0.25) return { user, op: 'expire', todo: below(todosPerUser) };
    if (at < 0.4) return { user, op: 'archive', which: random() };
    if (at < 0.41) return { user, op: 'tombstone' };
    if (at < 0.42) return { user, op: 'purge' };
    const todos = Array.from({ length: todosPerUser }, (_, todo) => todo).filter(() => random() < 0.4);
    const operations = todos.map((todo): Operation => {
      const op = (['create', 'patch', 'patch', 'delete'] as const)[below(4)] ?? 'patch';
      const status = (['open', 'in_progress', 'done', 'done'] as const)[below(4)] ?? 'done';
      return { op, todo, status, ...(random() < 0.3 && { ifVersion: 1 + below(4) }) };
    });
    return { user, op: 'write', operations, ...(random() < 0.2 && { key: below(keysPerUser) }) };
  };
  return Array.from({ length: stepsPerScene }, draw);
}

/** All of the operations, or none: as a service would decide. */
export function decisionOf(operations: readonly Operation[], ids: readonly string[], userId: string, at: string) {
  return (todos: ReadonlyMap<string, Todo>): WriteDecision<unknown> => {
    const changes = operations.map(({ op, status, ifVersion }, index): TodoChange => {
      const id = ids[index] as string;
      if (op === 'create') {
        return { before: null, after: newTodo({ id, createdAt: at, userId }, { ...content, status }) };
      }
      const before = todos.get(id);
      if (before === undefined) {
        throw new DuetError('todo.not_found');
      }
      if (ifVersion !== undefined && ifVersion !== before.version) {
        throw new DuetError('version.stale');
      }
      return { before, after: op === 'delete' ? null : nextTodo(before, { status }, at) };
    });
    return { changes, result: changes.map(({ after }) => after) };
  };
}
