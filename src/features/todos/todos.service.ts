import { Injectable } from '@nestjs/common';
import { DuetError } from '../../common/errors/errors.js';
import type { VersionCondition } from '../../common/resources/etag.js';
import { fingerprintOf, type Replay } from '../../common/resources/idempotency-key.js';
import { newId } from '../../common/ids.js';
import { decideBatch, type OperationResult, type TodoOperation } from './todo-batch.js';
import { patchedTodo } from './todo-patch.js';
import { TodosRepository } from './todos.repository.js';
import type { TodoPatch } from './todos.schemas.js';
import { newTodo, nextTodo, type Todo, type TodoContent } from './todos.js';

/** For how long a tombstone stands: long after the last access token, which lives for 15 minutes. */
const tombstoneMs = 86_400_000;

/** The rules of todos. All are of one user, whose id the access guard has compared with the token's: no request can name someone else's todo. */
@Injectable()
export class TodosService {
  constructor(private readonly todos: TodosRepository) {}

  /**
   * Creates a todo; with an idempotency key once, and then the first result again.
   *
   * @throws DuetError `user.not_found`, `idempotency.key_reused`
   */
  async create(userId: string, content: TodoContent, key?: string): Promise<Replay<Todo>> {
    const todo = newTodo({ ...newId(), userId }, content);
    const keyed = key === undefined ? undefined : { key, fingerprint: fingerprintOf('POST /users/{id}/todos', content) };
    return this.todos.write({ userId, ids: [], keyed }, () => ({ changes: [{ before: null, after: todo }], result: todo }));
  }

  /** @throws DuetError `todo.not_found` */
  async get(userId: string, id: string): Promise<Todo> {
    return found(await this.todos.find(userId, id));
  }

  /**
   * Replaces the content whole.
   *
   * @throws DuetError `todo.not_found`, `version.stale`
   */
  async replace(userId: string, id: string, content: TodoContent, condition?: VersionCondition): Promise<Todo> {
    return this.change(userId, id, condition, (todo) => nextTodo(todo, content, new Date().toISOString()));
  }

  /**
   * Applies a merge patch; an empty one makes no new version and no event.
   *
   * @throws DuetError `todo.not_found`, `version.stale`
   */
  async patch(userId: string, id: string, patch: TodoPatch, condition?: VersionCondition): Promise<Todo> {
    return this.change(userId, id, condition, (todo) => patchedTodo(todo, patch));
  }

  /** @throws DuetError `todo.not_found`, `version.stale` */
  async delete(userId: string, id: string, condition?: VersionCondition): Promise<void> {
    await this.change(userId, id, condition, () => null);
  }

  /**
   * Makes several writes in one transaction: all of them or none. With an idempotency key once, and then the first results again.
   *
   * @throws DuetError with the first failing operation's code; `batch.too_large`, `user.not_found`, `idempotency.key_reused`
   */
  async batch(userId: string, operations: readonly TodoOperation[], key?: string): Promise<Replay<OperationResult[]>> {
    const ids = operations.flatMap((operation) => (operation.op === 'create' ? [] : [operation.id]));
    const keyed = key === undefined ? undefined : { key, fingerprint: fingerprintOf('POST /users/{id}/todos/batch', operations) };
    return this.todos.write({ userId, ids, keyed }, decideBatch(userId, operations));
  }

  /** Sees to it that a deleted user's tokens can write and read nothing any more; as often as it takes. */
  async writeTombstone(userId: string): Promise<void> {
    const now = Date.now();
    await this.todos.writeTombstone(userId, new Date(now), new Date(now + tombstoneMs));
  }

  /**
   * Deletes all todos of a user whose tombstone stands, those in the archive and the stored results of keyed requests included; as often as it
   * takes. `checkpoint` is called between batches; what it throws ends the purge there.
   */
  async purge(userId: string, checkpoint: () => Promise<void>): Promise<void> {
    await this.todos.purge(userId, checkpoint);
  }

  /** Writes what `next` makes of a todo: null deletes it, the same todo is no write. */
  private async change<After extends Todo | null>(
    userId: string,
    id: string,
    condition: VersionCondition | undefined,
    next: (todo: Todo) => After,
  ): Promise<After> {
    const { result } = await this.todos.write({ userId, ids: [id] }, (todos) => {
      const before = found(todos.get(id) ?? null);
      condition?.assertHolds(before.version);
      const after = next(before);
      return { changes: after === before ? [] : [{ before, after }], result: after };
    });
    return result;
  }
}

function found(todo: Todo | null): Todo {
  if (todo === null) {
    throw new DuetError('todo.not_found');
  }
  return todo;
}
