import { type Model, nondeterministic } from '../linearizability.js';

/** An answer about one todo: its status of HTTP, and of the todo what it carries. */
export interface TodoOutput {
  readonly status: number;
  /** Not in a change feed's word that it is archived. */
  readonly version?: number;
  readonly title?: string;
  readonly archived?: boolean;
}
export type TodoInput =
  | { readonly op: 'create'; readonly title: string }
  | { readonly op: 'read' }
  /** As a copy shows it that applies the change feed; 404: not at all. */
  | { readonly op: 'mirror' }
  | { readonly op: 'patch'; readonly title: string; readonly status?: TodoStatus; readonly ifVersion?: number }
  | { readonly op: 'delete'; readonly ifVersion?: number };
export type TodoStatus = 'open' | 'in_progress' | 'done';

/** `expired`: removed by TTL, and not in the archive yet. */
interface Todo {
  readonly version: number;
  readonly title: string;
  readonly status: TodoStatus;
  readonly place: 'list' | 'expired' | 'archive';
}
type TodoState = 'none' | 'gone' | Todo;

/**
 * One todo from its creation: a register with versions, conditional writes and an end. Its creation may be replayed by its key, also after the end. One that is
 * done may be moved to the archive at any time; on the way there it is not found for a moment.
 */
export const todo: Model<readonly TodoState[], TodoInput, TodoOutput> = nondeterministic<TodoState, TodoInput, TodoOutput>({
  initial: 'none',
  steps: (state, input, output) => moved(state).flatMap((at) => after(at, input, output) ?? []),
  key: (state) => (typeof state === 'string' ? state : `${state.version} ${state.status} ${state.place} ${state.title}`),
});

/** Where the archive may have moved it by now; that is a new version of it. */
function moved(state: TodoState): readonly TodoState[] {
  if (typeof state === 'string' || state.status !== 'done' || state.place === 'archive') {
    return [state];
  }
  const { version } = state;
  return [state, ...(state.place === 'list' ? [{ ...state, place: 'expired' as const }] : []), { ...state, version: version + 1, place: 'archive' }];
}

function after(state: TodoState, input: TodoInput, output: TodoOutput | undefined): TodoState | undefined {
  if (input.op === 'create') {
    const isFirst = output === undefined || (output.status === 201 && output.version === 1 && output.title === input.title);
    return isFirst ? (state === 'none' ? { version: 1, title: input.title, status: 'open', place: 'list' } : state) : undefined;
  }
  if (typeof state === 'string') {
    return output === undefined || output.status === 404 ? state : undefined;
  }
  if (input.op === 'mirror') {
    // A removal by TTL is no change of the list: until the archive has it, a mirror shows it as it last heard of it. One that began afterwards has never heard of it.
    const mayBeMissing = state.place === 'expired' || state.place === 'archive';
    return (output?.status === 404 ? mayBeMissing : state.place === 'expired' || (output !== undefined && shows(state, output))) ? state : undefined;
  }
  if (state.place === 'expired') {
    return output === undefined || output.status === 404 ? state : undefined;
  }
  if (input.op === 'read') {
    return output?.status === 200 && shows(state, output) ? state : undefined;
  }
  if (input.ifVersion !== undefined && input.ifVersion !== state.version) {
    return output === undefined || output.status === 412 ? state : undefined;
  }
  if (input.op === 'delete') {
    return output === undefined || output.status === 204 ? 'gone' : undefined;
  }
  const next: Todo = { version: state.version + 1, title: input.title, status: input.status ?? state.status, place: 'list' };
  return output === undefined || (output.status === 200 && shows(next, output)) ? next : undefined;
}

const shows = (state: Todo, { version = state.version, title = state.title, archived = false }: TodoOutput): boolean =>
  version === state.version && title === state.title && archived === (state.place === 'archive');
