import type { Model } from '../linearizability.js';
import type { TodoStatus } from './todo.js';

/** One write of several that are made together. */
export type BatchWrite =
  { readonly op: 'create' } | { readonly op: 'patch'; readonly id: string; readonly status: TodoStatus } | { readonly op: 'delete'; readonly id: string };
export type ListInput =
  | { readonly op: 'create'; readonly key?: string }
  | { readonly op: 'patch'; readonly id: string; readonly status: TodoStatus }
  | { readonly op: 'delete'; readonly id: string }
  | { readonly op: 'batch'; readonly writes: readonly BatchWrite[] }
  | { readonly op: 'count' };
/** Of a batch, the ids of its todos in the order of its writes. */
export type ListOutput = { readonly id: string } | { readonly done: boolean; readonly ids?: readonly string[] | undefined } | Counts;
export interface Counts {
  readonly open: number;
  readonly inProgress: number;
  readonly done: number;
  readonly archived: number;
}
interface ListState {
  /** By id, or by their key while the id is not known; `gone` keeps a replay from counting it again. */
  readonly todos: Readonly<Record<string, TodoStatus | 'gone'>>;
  /** What each idempotency key stands for, by the name in `todos`. */
  readonly keys: Readonly<Record<string, string>>;
  /** How many were made whose ids are never known. */
  readonly nameless: number;
}

/** A user's list as the dashboard counts it: the counts move with the todo that they count. What is done may be in the archive. */
export const list: Model<ListState, ListInput, ListOutput> = {
  initial: { todos: {}, keys: {}, nameless: 0 },
  step: (state, input, output) => {
    const { todos, keys } = state;
    switch (input.op) {
      case 'create': {
        const { key } = input;
        const id = output === undefined ? undefined : (output as { id: string }).id;
        if (key === undefined) {
          return id === undefined ? { ...state, nameless: state.nameless + 1 } : { ...state, todos: { [id]: 'open', ...todos } };
        }
        const known = keys[key];
        if (known === undefined) {
          const name = id ?? key;
          return { ...state, todos: { [name]: 'open', ...todos }, keys: { ...keys, [key]: name } };
        }
        if (id === undefined || id === known) {
          return state;
        }
        if (known !== key) {
          return undefined;
        }
        const { [key]: status = 'open', ...others } = todos;
        return { ...state, todos: { ...others, [id]: status }, keys: { ...keys, [key]: id } };
      }
      case 'patch':
      case 'delete': {
        const there = (todos[input.id] ?? 'gone') !== 'gone';
        if (output !== undefined && (output as { done: boolean }).done !== there) {
          // A conditional write may be refused with the todo there; that is for the todo's own model to judge.
          return (output as { done: boolean }).done ? undefined : state;
        }
        return there ? { ...state, todos: { ...todos, [input.id]: input.op === 'delete' ? 'gone' : input.status } } : state;
      }
      case 'batch': {
        const { done, ids } = (output ?? {}) as { readonly done?: boolean; readonly ids?: readonly string[] };
        const isPossible = input.writes.every((write) => write.op === 'create' || (todos[write.id] ?? 'gone') !== 'gone');
        if (done === false || !isPossible) {
          return done === true ? undefined : state;
        }
        return input.writes.reduce((at, write, index) => {
          const id = ids?.[index];
          return list.step(at, write, write.op === 'create' && id !== undefined ? { id } : undefined) ?? at;
        }, state);
      }
      case 'count': {
        if (output === undefined) {
          return state;
        }
        const having = (status: TodoStatus): number => Object.values(todos).filter((each) => each === status).length;
        const shown = output as Counts;
        const fits =
          shown.open === state.nameless + having('open') && shown.inProgress === having('in_progress') && shown.done + shown.archived === having('done');
        return fits ? state : undefined;
      }
    }
  },
  key: ({ todos, keys, nameless }) => JSON.stringify([nameless, ...[todos, keys].map((map) => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))]),
};

/** What one idempotency key stands for: the id of the one todo that was made with it. */
export const keyedCreation: Model<string | null, { readonly op: 'create' }, string> = {
  initial: null,
  // One that was not answered may have made a todo whose id is not known yet: the next answer names it, so it need not be kept apart.
  step: (id, _, output) => (output === undefined || id === null || id === output ? (output ?? id) : undefined),
  key: String,
};
