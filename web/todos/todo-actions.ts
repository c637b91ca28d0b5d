import { useMemo, useSyncExternalStore } from 'react';
import type { Mirror, MirroredTodo, MirrorOperation } from '../../client/mirror/index.js';
import type { TodoPatch } from '../../client/index.js';
import { useSession } from '../app/contexts.js';
import { showToast } from '../design/toasts.js';

/** How many writes the service takes at once. */
const batchSize = 50;

/** Todos that no longer show, while their deletion can still be undone. */
let leaving: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function changeLeaving(change: (ids: Set<string>) => void): void {
  const next = new Set(leaving);
  change(next);
  leaving = next;
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The keys of todos that are as good as deleted. */
export function useLeaving(): ReadonlySet<string> {
  return useSyncExternalStore(subscribe, () => leaving);
}

/** What a person does with todos; each can be undone for as long as its message shows. */
export interface TodoActions {
  complete(todo: MirroredTodo, done: boolean): void;
  remove(todos: readonly MirroredTodo[]): void;
  /** Patches several todos alike, or each in its own way. */
  change(todos: readonly MirroredTodo[], patch: TodoPatch | ((todo: MirroredTodo) => TodoPatch), text: string): void;
}

export function useTodoActions(): TodoActions {
  const { mirror } = useSession();
  return useMemo(() => actionsOf(mirror), [mirror]);
}

function actionsOf(mirror: Mirror): TodoActions {
  /** Those that are still there, by the ids that they have now. */
  const present = (todos: readonly MirroredTodo[]): MirroredTodo[] => {
    const now = new Map(mirror.getSnapshot().todos.map(({ key, id }) => [key, id]));
    return todos.flatMap((todo) => (now.has(todo.key) ? [{ ...todo, id: now.get(todo.key) ?? todo.id }] : []));
  };
  const write = (operations: readonly MirrorOperation[]): void => {
    for (let at = 0; at < operations.length; at += batchSize) {
      const [first, ...others] = operations.slice(at, at + batchSize);
      if (others.length > 0 && first !== undefined) {
        mirror.batch([first, ...others]);
      } else if (first?.op === 'patch') {
        mirror.patch(first.id, first.patch);
      } else if (first?.op === 'delete') {
        mirror.delete(first.id);
      }
    }
  };
  const change: TodoActions['change'] = (todos, patch, text) => {
    write(todos.map((todo) => ({ op: 'patch', id: todo.id, patch: typeof patch === 'function' ? patch(todo) : patch })));
    const undo = (): void => write(present(todos).map(({ id, status, priority, due, tags }) => ({ op: 'patch', id, patch: { status, priority, due, tags } })));
    showToast({ text, action: { label: 'Undo', run: undo } });
  };
  return {
    change,
    complete(todo, done) {
      change([todo], { status: done ? 'done' : 'open' }, `${done ? 'Done' : 'Open again'}: ${todo.title}`);
    },
    remove(todos) {
      const show = (): void => changeLeaving((keys) => todos.forEach(({ key }) => keys.delete(key)));
      changeLeaving((keys) => todos.forEach(({ key }) => keys.add(key)));
      showToast({
        text: todos.length === 1 ? `Deleted: ${todos[0]?.title ?? ''}` : `${todos.length} todos deleted`,
        action: { label: 'Undo', run: show },
        onGone: () => {
          write(present(todos).map(({ id }) => ({ op: 'delete', id })));
          show();
        },
      });
    },
  };
}
