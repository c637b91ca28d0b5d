import { Injectable } from '@nestjs/common';
import { KeyedMutex } from '../../../common/async.js';
import { DuetError } from '../../../common/errors/errors.js';
import type { KeyedCreation, Replay } from '../../../common/resources/idempotency-key.js';
import { AppConfig } from '../../../config/config.module.js';
import { DynamoDb } from '../../../platform/dynamodb/dynamodb.js';
import { idempotencyPut, replayFrom, type TransactItem } from '../../../platform/dynamodb/idempotency.js';
import { cancellationReasons, isContention, retryContention, transact } from '../../../platform/dynamodb/transactions.js';
import type { ArchiveOutcome, TodoChange, WriteDecision, WriteTargets } from '../todos.repository.js';
import { archivedTodo, type Todo } from '../todos.js';
import { countSteps, type Item, toArchiveItem, toDeletionMarker, toDeletionNotice, toGoneMarker, toItem } from './todo-items.js';
import { listKey, notDeleted, resultKey, todoKey } from './todo-keys.js';
import { readUserList, type UserList } from './user-list.js';
import { fitsTransaction } from './transaction-limits.js';
import { type WaitingWrite, writableTogether } from './write-line.js';

/** What is written of one or more decisions. */
interface Decided {
  readonly changes: readonly TodoChange[];
  readonly storedResults: readonly TransactItem[];
}

/** Another write of the list came between the read and the write. */
class ListChangedMeanwhile extends Error {
  override readonly name = 'ListChangedMeanwhile';
}

/**
 * Makes every write of a user's list: one transaction of the todos with the markers of those that leave the list, the aggregate
 * with its counts and revision and, with a key, the stored result.
 *
 * The transaction holds on condition that the aggregate's revision is still the one that was read. So the writes of one user are in one
 * order, that of their revisions, and whatever was read with the revision is what the write changes. Todos are written on condition of
 * their version as well, because TTL removes them without a revision.
 *
 * Writes that wait for their turn in this process are made together where they can be (see `writableTogether`): decided on one read, committed in
 * one transaction, each at its own revision. What its rules refuse is left out of it, and an unknown outcome is that of all in it.
 */
@Injectable()
export class ListWriter {
  private readonly archiveAfterDays: number;
  private readonly mutex = new KeyedMutex();
  /** By user, while writes of this process wait: those, in the order of their turns. */
  private readonly lines = new Map<string, Set<WaitingWrite>>();

  constructor(
    private readonly dynamodb: DynamoDb,
    config: AppConfig,
  ) {
    this.archiveAfterDays = config.archive.afterDays;
  }

  /**
   * Writes what `decide` makes of the list, and returns its result; of a key that was used before, the stored result. `decide` is called again
   * with what is then there when another write was first; what it throws ends the write.
   *
   * @throws DuetError `user.not_found`, `idempotency.key_reused`, `batch.too_large`; StoreUnavailableError
   */
  async write<Result>(targets: WriteTargets, decide: (todos: ReadonlyMap<string, Todo>) => WriteDecision<Result>): Promise<Replay<Result>> {
    const { userId } = targets;
    const write: WaitingWrite = { targets, decide };
    const line = this.lines.get(userId) ?? new Set();
    this.lines.set(userId, line.add(write));
    return this.mutex.run(userId, async () => {
      try {
        await inTurn(async () => (write.outcome === undefined ? this.writeTogether(userId, writableTogether(line)) : undefined));
        return write.outcome?.() as Replay<Result>;
      } finally {
        line.delete(write);
        if (line.size === 0) {
          this.lines.delete(userId);
        }
      }
    });
  }

  /** Gives writes their outcomes, unless another process was first; then nothing is written. */
  private async writeTogether(userId: string, writes: readonly WaitingWrite[]): Promise<void> {
    const list = await readUserList(
      this.dynamodb,
      userId,
      writes.flatMap(({ targets }) => targets.ids),
      writes.flatMap(({ targets }) => targets.keyed?.key ?? []),
    );
    let decided: Decided = { changes: [], storedResults: [] };
    let transaction: TransactItem[] = [];
    const answers = new Map<WaitingWrite, Replay<unknown>>();
    for (const write of writes) {
      try {
        const { answer, changes, storedResults } = this.decideOn(list, write);
        const together = { changes: [...decided.changes, ...changes], storedResults: [...decided.storedResults, ...storedResults] };
        const larger = this.transactionOf(userId, list, together);
        if (fitsTransaction(larger)) {
          decided = together;
          transaction = larger;
          answers.set(write, answer);
        } else if (answers.size === 0) {
          throw new DuetError('batch.too_large');
        }
      } catch (error) {
        write.outcome = failure(error);
      }
    }
    try {
      await this.commit(transaction);
      for (const [write, answer] of answers) {
        write.outcome = () => answer;
      }
    } catch (error) {
      if (isLostTurn(error)) {
        throw error;
      }
      // What became of the transaction became of them all.
      for (const write of answers.keys()) {
        write.outcome = failure(error);
      }
    }
  }

  private decideOn(list: UserList, { targets: { userId, keyed }, decide }: WaitingWrite): Decided & { readonly answer: Replay<unknown> } {
    // The tombstone first: once it stands, a keyed result is not replayed either.
    if (list.isDeleted) {
      throw new DuetError('user.not_found', 'This user has been deleted.');
    }
    const first = keyed === undefined ? undefined : replayFrom(list.results.get(keyed.key), keyed.fingerprint, Date.now());
    if (first !== undefined) {
      return { answer: { result: JSON.parse(first), replayed: true }, changes: [], storedResults: [] };
    }
    const { changes, result } = decide(list.todos);
    return { answer: { result, replayed: false }, changes, storedResults: keyed === undefined ? [] : [this.storedResult(userId, keyed, result)] };
  }

  /** Puts into the archive what TTL has removed from the list; see `TodosRepository`. */
  async archive(removed: Todo, archivedAt: string): Promise<ArchiveOutcome> {
    const { userId, id } = removed;
    return this.mutex.run(userId, async () =>
      inTurn(async () => {
        const list = await readUserList(this.dynamodb, userId, [id]);
        // A todo's owner has an aggregate. Without one the owner was deleted so long ago that the tombstone is gone, too.
        if (list.isDeleted || list.aggregate === undefined) {
          return 'owner_gone';
        }
        // It is in the archive, has come back from there, or was deleted since: its removal was published before.
        if (list.todos.has(id) || list.deleted.has(id)) {
          return 'archived_before';
        }
        await this.commit(this.transactionOf(userId, list, { changes: [{ before: removed, after: archivedTodo(removed, archivedAt) }], storedResults: [] }));
        return 'archived';
      }),
    );
  }

  private async commit(transaction: TransactItem[]): Promise<void> {
    try {
      if (transaction.length > 0) {
        await transact(this.dynamodb, transaction);
      }
    } catch (error) {
      throw cancellationReasons(error)?.includes('ConditionalCheckFailed') ? new ListChangedMeanwhile('Written by another request', { cause: error }) : error;
    }
  }

  /** Empty where nothing is written. */
  private transactionOf(userId: string, list: UserList, { changes, storedResults }: Decided): TransactItem[] {
    if (changes.length + storedResults.length === 0) {
      return [];
    }
    const items = changes.flatMap((change, index) => this.itemsOf(change, list.revision + index + 1));
    return [this.movedAggregate(userId, list, changes, list.revision + changes.length), ...items, ...storedResults];
  }

  private itemsOf({ before, after }: TodoChange, revision: number): TransactItem[] {
    if (after?.archivedAt === null) {
      return before === null || before.archivedAt === null
        ? [this.put(toItem(after, this.archiveAfterDays, revision), before)]
        : [this.put(toItem(after, this.archiveAfterDays, revision), null), this.removalFromArchive(before)];
    }
    if (after !== null) {
      return [
        { Put: { TableName: this.archiveTable, Item: toArchiveItem(after), ...isNoTodo } },
        { Put: { TableName: this.table, Item: toGoneMarker(after, 'archived', revision, Date.now()) } },
      ];
    }
    if (before === null) {
      return [];
    }
    return before.archivedAt === null
      ? [this.put(toDeletionMarker(before, revision, Date.now()), before)]
      : [
          this.removalFromArchive(before),
          { Put: { TableName: this.table, Item: toDeletionNotice(before, Date.now()) } },
          { Put: { TableName: this.table, Item: toGoneMarker(before, 'deleted', revision, Date.now()) } },
        ];
  }

  /** Puts an item in the place of a todo of the list; of null where there is none, or a marker. */
  private put(item: Item, before: Todo | null): TransactItem {
    return { Put: { TableName: this.table, Item: item, ...(before === null ? isNoTodo : versionIs(before)) } };
  }

  private removalFromArchive(todo: Todo): TransactItem {
    return { Delete: { TableName: this.archiveTable, Key: todoKey(todo.userId, todo.id), ...versionIs(todo) } };
  }

  private movedAggregate(userId: string, { aggregate, revision: read }: UserList, changes: readonly TodoChange[], revision: number): TransactItem {
    const unmoved = aggregate?.['revision'] === undefined ? 'attribute_not_exists(revision)' : 'revision = :read';
    const target = { TableName: this.table, Key: listKey(userId), ConditionExpression: `${notDeleted} AND ${unmoved}` };
    const values = aggregate?.['revision'] === undefined ? {} : { ':read': read };
    if (changes.length === 0) {
      return { ConditionCheck: { ...target, ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }) } };
    }
    const steps = Object.entries(countSteps(changes));
    return {
      Update: {
        ...target,
        UpdateExpression: `SET revision = :revision${steps.length === 0 ? '' : ` ADD ${steps.map((_, index) => `#count${index} :step${index}`).join(', ')}`}`,
        ...(steps.length > 0 && { ExpressionAttributeNames: Object.fromEntries(steps.map(([name], index) => [`#count${index}`, name])) }),
        ExpressionAttributeValues: { ...values, ':revision': revision, ...Object.fromEntries(steps.map(([, step], index) => [`:step${index}`, step])) },
      },
    };
  }

  private storedResult(userId: string, { key, fingerprint }: KeyedCreation, result: unknown): TransactItem {
    return idempotencyPut({ table: this.table, key: resultKey(userId, key), fingerprint, response: JSON.stringify(result), now: Date.now() });
  }

  private get table(): string {
    return this.dynamodb.tables.todos;
  }

  private get archiveTable(): string {
    return this.dynamodb.tables.archive;
  }
}

function isLostTurn(error: unknown): boolean {
  return error instanceof ListChangedMeanwhile || isContention(error);
}

/** Does `work`, and again whenever another process was first. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  return retryContention(work, isLostTurn);
}

function failure(error: unknown): () => never {
  return () => {
    throw error;
  };
}

/** There is no item, or a marker. */
const isNoTodo = { ConditionExpression: 'attribute_not_exists(version)' };

function versionIs({ version }: Todo): { ConditionExpression: string; ExpressionAttributeValues: Record<string, unknown> } {
  return { ConditionExpression: 'version = :version', ExpressionAttributeValues: { ':version': version } };
}
