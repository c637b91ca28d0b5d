import { covers } from '../../http/calls.js';
import type { Todo } from '../../types.js';
import type { QueuedChange, QueuedOperation, QueuedWrite, Records, StoreChange } from '../records.js';
import { baseOf, takeOutOnTop, withoutOperations } from './requests.js';
import type { Conflict } from '../types.js';

type Mine = Conflict['mine'];

/** A change that was refused, and the todo as it is there. */
export interface Refused {
  readonly operation: QueuedChange;
  readonly theirs: Todo | null;
}

/**
 * What becomes of a write of which some operations were refused because their todos had changed: a conflict for each, unless what is there is
 * what was wanted; the others go on, together, with a key of their own.
 */
export function conflictChanges(write: QueuedWrite, refused: readonly Refused[], records: Records): StoreChange[] {
  const operations = new Set<QueuedOperation>(refused.map(({ operation }) => operation));
  const real = refused.filter(({ operation, theirs }) => !(operation.op === 'delete' ? theirs === null : covers(theirs, operation.patch)));
  // What was written on top of a refused change belongs to the conflict.
  const ids = new Set(real.map(({ operation }) => records.todoId(operation.id)));
  const later = takeOutOnTop(write, ({ id }) => ids.has(records.todoId(id)), records);

  return [
    withoutOperations(write, (operation) => operations.has(operation)),
    ...later.changes,
    ...real.map((one) => ({ kind: 'conflicts', put: conflictOf(one, later.operations, records) }) as const),
    ...refused.flatMap(({ operation, theirs }) => presentChanges(records.todoId(operation.id), theirs, write, records)),
  ];
}

/** With an earlier conflict of the same todo that is still open, it is one. */
function conflictOf({ operation, theirs }: Refused, later: readonly QueuedOperation[], records: Records): Conflict {
  const todoId = records.todoId(operation.id);
  const earlier = [...records.conflicts.values()].find((conflict) => conflict.todoId === todoId);
  const all = [operation, ...later.filter(({ id }) => records.todoId(id) === todoId)];
  const mine = all.reduce(written, earlier?.mine ?? {});
  return { id: earlier?.id ?? crypto.randomUUID(), todoId, mine, base: earlier?.base ?? baseOf(operation, records), theirs };
}

function written(mine: Mine, operation: QueuedOperation): Mine {
  if (operation.op === 'delete') {
    return 'deleted';
  }
  return operation.op === 'patch' ? { ...(mine === 'deleted' ? {} : mine), ...operation.patch } : mine;
}

/** Shows what is there; what waits on top of a change that turned out to be made goes on from it. */
function presentChanges(id: string, theirs: Todo | null, write: QueuedWrite, records: Records): StoreChange[] {
  return theirs === null || theirs.archivedAt !== null
    ? [...records.withoutTodo(id)]
    : [{ kind: 'todos', put: { id, todo: theirs, own: { writeId: write.id, todo: theirs } } }];
}
