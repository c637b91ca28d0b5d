import { resultOf } from '../../http/calls.js';
import { DuetProblemError, DuetSignedOutError } from '../../http/errors.js';
import type { Todo } from '../../types.js';
import { conflictChanges, type Refused } from './conflicts.js';
import type { QueuedOperation, QueuedWrite } from '../records.js';
import { rejectionChanges } from './rejections.js';
import type { Replica } from '../replica.js';
import type { MirrorClient } from '../storage.js';
import { answerChanges, isLost, refusedOperations, requestOf } from './requests.js';
import { localPrefix } from '../view.js';

/**
 * Sends the writes that wait, one after the other. Each goes as a batch, of one operation too: a batch has a key whatever it does, so that a
 * write whose answer was lost, even to a page that was closed, is answered again and not made again.
 */
export class Sender {
  constructor(
    private readonly duet: MirrorClient,
    private readonly userId: string,
    private readonly replica: Replica,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws DuetError when a write cannot be made now; it then waits on. */
  async sendAll(): Promise<void> {
    for (let write = this.replica.records.queue[0]; write !== undefined; write = this.replica.records.queue[0]) {
      await this.send(write);
    }
  }

  private async send(write: QueuedWrite): Promise<void> {
    const operations = write.request ?? requestOf(write, this.replica.records);
    if (operations === undefined) {
      return this.settle(write, new Set(write.operations.filter((operation) => isLost(operation, this.replica.records))));
    }
    if (write.request === undefined) {
      this.replica.change({ kind: 'writes', put: { ...write, request: operations } });
      await this.replica.save();
    }
    try {
      const { results } = await resultOf(
        this.duet.api.POST('/users/{id}/todos/batch', {
          // By id, not as `me`: with the token of someone else this is refused, and not written into their list.
          params: { path: { id: this.userId } },
          headers: { 'Idempotency-Key': write.idempotencyKey },
          body: { operations: [...operations] },
          signal: this.signal,
        }),
      );
      this.replica.change(...answerChanges(write, results, this.replica.records));
    } catch (error) {
      if (!(error instanceof DuetProblemError) || waits(error)) {
        throw error;
      }
      const refused = refusedOperations(write, error);
      if (refused.size > 0) {
        await this.settle(write, refused);
      } else {
        this.replica.change(...rejectionChanges(write, error, this.replica.records));
      }
    }
  }

  /** Has what is there now decide about the operations that were refused; the others are sent again. */
  private async settle(write: QueuedWrite, refused: ReadonlySet<QueuedOperation>): Promise<void> {
    const found: Refused[] = [];
    for (const operation of refused) {
      if (operation.op !== 'create') {
        found.push({ operation, theirs: await this.present(this.replica.records.todoId(operation.id)) });
      }
    }
    this.replica.change(...conflictChanges(write, found, this.replica.records));
  }

  private async present(id: string): Promise<Todo | null> {
    if (id.startsWith(localPrefix)) {
      return null;
    }
    try {
      return await resultOf(this.duet.api.GET('/todos/{id}', { params: { path: { id } }, signal: this.signal }));
    } catch (error) {
      // Another user's token does not find it either.
      assertSignedIn(this.duet, this.userId);
      if (error instanceof DuetProblemError && error.code === 'todo.not_found') {
        return null;
      }
      throw error;
    }
  }
}

/** @throws DuetSignedOutError; Error when someone else is signed in. */
export function assertSignedIn({ session }: MirrorClient, userId: string): void {
  if (session === null) {
    throw new DuetSignedOutError();
  }
  if (session.userId !== userId) {
    throw new Error('Someone else is signed in than the user of this mirror.');
  }
}

/** Whether the write is not to blame: it could be made later, or by its user. */
function waits({ status, code }: DuetProblemError): boolean {
  return status >= 500 || status === 408 || status === 429 || status === 401 || status === 403 || code === 'user.not_found';
}
