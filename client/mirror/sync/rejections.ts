import type { DuetProblemError } from '../../http/errors.js';
import type { Problem } from '../../types.js';
import type { QueuedWrite, Records, StoreChange } from '../records.js';
import { asGiven } from '../view.js';
import { takeOutOnTop } from './requests.js';

/** What becomes of a write that was refused for good: it goes, with what was written on todos that it would have created. */
export function rejectionChanges(write: QueuedWrite, error: DuetProblemError, records: Records): StoreChange[] {
  const neverMade = new Set(write.operations.filter(({ op }) => op === 'create').map(({ id }) => id));
  const later = takeOutOnTop(write, ({ id }) => neverMade.has(id), records);
  const first = write.operations[0];
  return [
    { kind: 'writes', remove: write.id },
    ...later.changes,
    {
      kind: 'rejected',
      put: {
        id: write.id,
        problem: problemOf(error, write),
        ...(first !== undefined && { todoId: records.todoId(first.id) }),
        operations: [...write.operations, ...later.operations].map(asGiven),
      },
    },
  ];
}

/** The problem as for the write itself: that of one operation was sent as a batch of one, of which its caller knows nothing. */
function problemOf({ code, title, status, detail, requestId, errors }: DuetProblemError, { kind }: QueuedWrite): Problem {
  const pointers = errors.map((error) => (kind === 'batch' ? error : { ...error, pointer: error.pointer.replace(/^\/operations\/0(\/(todo|patch))?/, '') }));
  return { type: `urn:duet:problem:${code}`, title, status, detail, code, requestId, ...(errors.length > 0 && { errors: pointers }) };
}
