import { DuetError, type FieldProblem } from '../../common/errors/errors.js';
import { newId } from '../../common/ids.js';
import type { TodoChange, WriteDecision } from './todos.repository.js';
import type { TodoPatch } from './todos.schemas.js';
import { patchedTodo } from './todo-patch.js';
import { newTodo, type Todo, type TodoContent } from './todos.js';

/** One of several writes that are made together; `ifVersion` is the version that it is meant for. */
export type TodoOperation =
  | { readonly op: 'create'; readonly todo: TodoContent }
  | { readonly op: 'patch'; readonly id: string; readonly patch: TodoPatch; readonly ifVersion?: number | undefined }
  | { readonly op: 'delete'; readonly id: string; readonly ifVersion?: number | undefined };

/** What an operation came to: the todo as it is then, null when it was deleted. */
export interface OperationResult {
  readonly id: string;
  readonly todo: Todo | null;
}

/** An ALB takes 1 MB of an answer, and what cannot be answered must not be written. */
const mostAnsweredBytes = 1_000_000;

/**
 * Makes the decision about a batch: all its operations, or none.
 *
 * @throws DuetError by the decision: the first failing operation's code, and each failing one in `errors`; `batch.too_large`
 */
export function decideBatch(userId: string, operations: readonly TodoOperation[]): (todos: ReadonlyMap<string, Todo>) => WriteDecision<OperationResult[]> {
  // Ids once, so that a decision that is made again is the same.
  const identities = operations.map(() => ({ ...newId(), userId }));
  return (todos) => {
    const failures: { error: DuetError; problem: FieldProblem }[] = [];
    const changes = operations.flatMap((operation, index): TodoChange[] => {
      try {
        return [changeOf(operation, todos, identities[index] as (typeof identities)[number])];
      } catch (error) {
        if (!(error instanceof DuetError)) {
          throw error;
        }
        failures.push({ error, problem: { pointer: `/operations/${index}`, detail: error.message } });
        return [];
      }
    });
    const [first] = failures;
    if (first !== undefined) {
      throw new DuetError(first.error.code, first.error.message, { errors: failures.map(({ problem }) => problem) });
    }
    const result = changes.map(({ before, after }) => ({ id: (after ?? before)?.id ?? '', todo: after }));
    if (Buffer.byteLength(JSON.stringify(result)) > mostAnsweredBytes) {
      throw new DuetError('batch.too_large');
    }
    return { changes: changes.filter(({ before, after }) => before !== after), result };
  };
}

function changeOf(operation: TodoOperation, todos: ReadonlyMap<string, Todo>, identity: { id: string; createdAt: string; userId: string }): TodoChange {
  if (operation.op === 'create') {
    return { before: null, after: newTodo(identity, operation.todo) };
  }
  const before = todos.get(operation.id);
  if (before === undefined) {
    throw new DuetError('todo.not_found');
  }
  if (operation.ifVersion !== undefined && operation.ifVersion !== before.version) {
    throw new DuetError('version.stale', `The todo has version ${before.version}, not ${operation.ifVersion}: read it again.`);
  }
  return { before, after: operation.op === 'delete' ? null : patchedTodo(before, operation.patch) };
}
