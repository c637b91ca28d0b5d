import { type Api, gone, ifMatch, keyed, ownWrite, resultOf } from '../http/calls.js';
import { PagedList } from './pages.js';
import type { SessionKeeper } from '../http/session.js';
import type { CallOptions, CreateOptions, Todo, TodoContent, TodoOperation, TodoPatch, TodoQuery, TodoResult } from '../types.js';

const defaults = { description: null, status: 'open', priority: 'normal', due: null, tags: [], checklist: [] } as const;

/** The todos of the user who is signed in. */
export class Todos {
  constructor(
    private readonly api: Api,
    private readonly keeper: SessionKeeper,
  ) {}

  /** Creates a todo, once: the request carries a key, under which the service replays its first result. */
  async create(content: TodoContent, options: CreateOptions = {}): Promise<Todo> {
    const path = this.keeper.ownPath;
    return resultOf(this.api.POST('/users/{id}/todos', { params: { path }, headers: keyed(options), body: content, signal: options.signal }));
  }

  /** The todos, newest first if the query says nothing else. */
  list(query: TodoQuery = {}, { signal }: CallOptions = {}): PagedList<Todo> {
    const path = this.keeper.ownPath;
    return new PagedList(async (cursor) => resultOf(this.api.GET('/users/{id}/todos', { params: { path, query: { ...query, cursor } }, signal })));
  }

  async get(id: string, { signal }: CallOptions = {}): Promise<Todo> {
    return resultOf(this.api.GET('/todos/{id}', { params: { path: { id } }, signal }));
  }

  /**
   * Changes parts of a todo, unless it has changed since it was read: then the problem is `version.stale`.
   *
   * @example
   * ```ts
   * const done = await duet.todos.update(todo, { status: 'done' });
   * console.log(done.status, done.version); // done 2
   *
   * const late = await duet.todos.update(todo, { title: 'Too late' }).catch((error: DuetProblemError) => error.code);
   * console.log(late); // version.stale
   * ```
   */
  async update(todo: Todo, patch: TodoPatch, { signal }: CallOptions = {}): Promise<Todo> {
    const params = { path: { id: todo.id } };
    const write = resultOf(this.api.PATCH('/todos/{id}', { params, headers: ifMatch(todo), body: patch, signal }));
    return ownWrite(todo, patch, write, async () => this.get(todo.id, { signal }));
  }

  /**
   * Makes up to 50 writes, all or none, each todo at most once; answers each in order. It is made once: the request carries a key. A problem
   * has the code of the first operation that fails, and names each of them in its `errors`, as `/operations/3`.
   *
   * @example
   * ```ts
   * const [made, changed] = await duet.todos.batch([
   *   { op: 'create', todo: { title: 'Call Grace' } },
   *   { op: 'patch', id: todo.id, patch: { status: 'done' }, ifVersion: todo.version },
   * ]);
   * console.log(made?.todo?.title, changed?.todo?.status); // Call Grace done
   * ```
   */
  async batch(operations: readonly TodoOperation[], options: CreateOptions = {}): Promise<TodoResult[]> {
    const path = this.keeper.ownPath;
    const body = { operations: [...operations] };
    return (await resultOf(this.api.POST('/users/{id}/todos/batch', { params: { path }, headers: keyed(options), body, signal: options.signal }))).results;
  }

  /** Replaces a todo, unless it has changed since it was read; fields left out return to their defaults. */
  async replace(todo: Todo, content: TodoContent, { signal }: CallOptions = {}): Promise<Todo> {
    const params = { path: { id: todo.id } };
    const write = resultOf(this.api.PUT('/todos/{id}', { params, headers: ifMatch(todo), body: content, signal }));
    return ownWrite(todo, { ...defaults, ...content }, write, async () => this.get(todo.id, { signal }));
  }

  /** Deletes a todo, unless it has changed since it was read. */
  async delete(todo: Todo, { signal }: CallOptions = {}): Promise<void> {
    await gone(this.api.DELETE('/todos/{id}', { params: { path: { id: todo.id } }, headers: ifMatch(todo), signal }));
  }
}
