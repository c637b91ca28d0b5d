import type { Model } from './linearizability.js';

/** The visit counter: each visit gets the number it is. `at` is where it stood when the history began. */
export type CounterInput = 'visit' | 'read';
export const counter = (at: number): Model<number, CounterInput, number> => ({
  initial: at,
  step: (count, input, output) => {
    const after = input === 'visit' ? count + 1 : count;
    return output === undefined || output === after ? after : undefined;
  },
  key: String,
});

/** An answer about one todo: its status of HTTP, and of the todo what it carries. */
export interface TodoOutput {
  readonly status: number;
  readonly version?: number;
  readonly title?: string;
}
export type TodoInput =
  | { readonly op: 'create'; readonly title: string }
  | { readonly op: 'read' }
  | { readonly op: 'patch'; readonly title: string; readonly ifVersion?: number }
  | { readonly op: 'delete'; readonly ifVersion?: number };
type TodoState = 'none' | 'gone' | { readonly version: number; readonly title: string };

/** One todo from its creation: a register with versions, conditional writes and an end. The creation may be replayed by its key, also after the end. */
export const todo: Model<TodoState, TodoInput, TodoOutput> = {
  initial: 'none',
  step: (state, input, output) => {
    if (input.op === 'create') {
      const isFirst = output === undefined || (output.status === 201 && output.version === 1 && output.title === input.title);
      return isFirst ? (state === 'none' ? { version: 1, title: input.title } : state) : undefined;
    }
    if (typeof state === 'string') {
      return output === undefined || output.status === 404 ? state : undefined;
    }
    if (input.op === 'read') {
      return output?.status === 200 && output.version === state.version && output.title === state.title ? state : undefined;
    }
    if (input.ifVersion !== undefined && input.ifVersion !== state.version) {
      return output === undefined || output.status === 412 ? state : undefined;
    }
    if (input.op === 'delete') {
      return output === undefined || output.status === 204 ? 'gone' : undefined;
    }
    const after = { version: state.version + 1, title: input.title };
    return output === undefined || (output.status === 200 && output.version === after.version && output.title === after.title) ? after : undefined;
  },
  key: (state) => (typeof state === 'string' ? state : `${state.version} ${state.title}`),
};

/** What one idempotency key stands for: the id of the one todo that was made with it. */
export const keyedCreation: Model<string | null, { readonly op: 'create' }, string> = {
  initial: null,
  // One that was not answered may have made a todo whose id is not known yet: the next answer names it, so it need not be kept apart.
  step: (id, _, output) => (output === undefined || id === null || id === output ? (output ?? id) : undefined),
  key: String,
};

export type ListInput =
  | { readonly op: 'create'; readonly key?: string }
  | { readonly op: 'patch'; readonly id: string; readonly status: TodoStatus }
  | { readonly op: 'delete'; readonly id: string }
  | { readonly op: 'count' };
export type TodoStatus = 'open' | 'in_progress' | 'done';
export type ListOutput = { readonly id: string } | { readonly done: boolean } | Counts;
export interface Counts {
  readonly open: number;
  readonly inProgress: number;
  readonly done: number;
}
interface ListState {
  /** By id, or by their key while the id is not known; `gone` keeps a replay from counting it again. */
  readonly todos: Readonly<Record<string, TodoStatus | 'gone'>>;
  /** What each idempotency key stands for, by the name in `todos`. */
  readonly keys: Readonly<Record<string, string>>;
  /** How many were made whose ids are never known. */
  readonly nameless: number;
}

/** A user's list as the dashboard counts it: the counts move with the todo that they count. It begins with `counts`. */
export const list = (counts: Counts): Model<ListState, ListInput, ListOutput> => ({
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
      case 'count': {
        const having = (status: TodoStatus): number => Object.values(todos).filter((each) => each === status).length;
        const shown = output as Counts;
        const fits =
          shown.open === counts.open + state.nameless + having('open') &&
          shown.inProgress === counts.inProgress + having('in_progress') &&
          shown.done === counts.done + having('done');
        return fits ? state : undefined;
      }
    }
  },
  key: ({ todos, keys, nameless }) => JSON.stringify([nameless, ...[todos, keys].map((map) => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))]),
});

export type RecordInput =
  { readonly op: 'create'; readonly value: number } | { readonly op: 'read' } | { readonly op: 'patch'; readonly value: number } | { readonly op: 'delete' };
export interface RecordOutput {
  readonly status: number;
  readonly value?: number;
}

/** A user's one record: made once, changed, deleted, made again. */
export const record: Model<number | null, RecordInput, RecordOutput> = {
  initial: null,
  step: (value, input, output) => {
    const gives = (status: number, after: number | null, shown?: number): number | null | undefined =>
      output === undefined || (output.status === status && (shown === undefined || output.value === shown)) ? after : undefined;
    switch (input.op) {
      case 'create':
        return value === null ? gives(201, input.value, input.value) : gives(409, value);
      case 'read':
        return value === null ? gives(404, null) : gives(200, value, value);
      case 'patch':
        return value === null ? gives(404, null) : gives(200, input.value, input.value);
      case 'delete':
        return value === null ? gives(404, null) : gives(204, null);
    }
  },
  key: String,
};
