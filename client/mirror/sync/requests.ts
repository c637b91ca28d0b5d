import type { DuetProblemError } from '../../http/errors.js';
import type { Todo, TodoOperation, TodoResult } from '../../types.js';
import type { QueuedChange, QueuedOperation, QueuedWrite, Records, StoreChange } from '../records.js';
import { localPrefix } from '../view.js';

/** What a write is sent as; undefined when something that it changes has gone before it had an id. */
export function requestOf({ operations }: QueuedWrite, records: Records): TodoOperation[] | undefined {
  if (operations.some((operation) => isLost(operation, records))) {
    return undefined;
  }
  return operations.map((operation): TodoOperation => {
    if (operation.op === 'create') {
      return { op: 'create', todo: operation.todo };
    }
    const [id, ifVersion] = [records.todoId(operation.id), baseOf(operation, records).version];
    return operation.op === 'patch' ? { op: 'patch', id, patch: operation.patch, ifVersion } : { op: 'delete', id, ifVersion };
  });
}

/** Whether it changes a todo that has gone before it had an id of the service. */
export function isLost(operation: QueuedOperation, records: Records): boolean {
  return operation.op !== 'create' && records.todoId(operation.id).startsWith(localPrefix);
}

/** The todo that a change was made on: what the write before it left, where it was made on top of that. */
export function baseOf({ id, base, after }: QueuedChange, records: Records): Todo {
  const own = records.todos.get(records.todoId(id))?.own;
  if (own !== undefined && own.writeId === after) {
    return own.todo;
  }
  // A todo is created in version 1; what was made on one that waited has none yet.
  return base.version === 0 ? { ...base, id: records.todoId(id), version: 1 } : base;
}

/** What the answer to a write changes. */
export function answerChanges(write: QueuedWrite, results: readonly TodoResult[], records: Records): StoreChange[] {
  const changes: StoreChange[] = [{ kind: 'writes', remove: write.id }];
  for (const [index, { id, todo }] of results.entries()) {
    const operation = write.operations[index];
    if (todo === null) {
      changes.push(...records.withoutTodo(id));
      continue;
    }
    if (operation?.op === 'create') {
      changes.push({ kind: 'aliases', put: { id: operation.id, todoId: id } });
    }
    changes.push({ kind: 'todos', put: { id, todo, own: { writeId: write.id, todo } } });
  }
  return changes;
}

/** The operations that were refused because their todos had changed; all that can fail so, should the problem name none. */
export function refusedOperations({ operations }: QueuedWrite, { code, errors }: DuetProblemError): Set<QueuedOperation> {
  if (code !== 'version.stale' && code !== 'todo.not_found') {
    return new Set();
  }
  const named = new Set(errors.map(({ pointer }) => operations[Number(/^\/operations\/(\d+)/.exec(pointer)?.[1])]));
  const changed = operations.filter(({ op }) => op !== 'create');
  const found = changed.filter((operation) => named.has(operation));
  return new Set(found.length > 0 ? found : changed);
}

/** A write without some of its operations; it then is another request, for which the key does not hold. */
export function withoutOperations(write: QueuedWrite, isLeftOut: (operation: QueuedOperation) => boolean): StoreChange {
  const operations = write.operations.filter((operation) => !isLeftOut(operation));
  return operations.length === 0
    ? { kind: 'writes', remove: write.id }
    : { kind: 'writes', put: { ...write, operations, request: undefined, idempotencyKey: crypto.randomUUID() } };
}

/** Takes out of the other writes what was made on top of a write that failed: it has nothing to stand on. */
export function takeOutOnTop(
  write: QueuedWrite,
  isOnTop: (operation: QueuedOperation) => boolean,
  records: Records,
): { readonly operations: readonly QueuedOperation[]; readonly changes: readonly StoreChange[] } {
  const others = records.queue.filter(({ id, operations }) => id !== write.id && operations.some(isOnTop));
  return {
    operations: others.flatMap(({ operations }) => operations.filter(isOnTop)),
    changes: others.map((other) => withoutOperations(other, isOnTop)),
  };
}
