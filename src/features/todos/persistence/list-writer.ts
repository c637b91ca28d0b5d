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
import { countSteps, type Item, toArchiveItem, toArchivedMarker, toDeletionMarker, toDeletionNotice, toItem } from './todo-items.js';
import { listKey, notDeleted, resultKey, todoKey } from './todo-keys.js';
import { readUserList, type UserList } from './user-list.js';
import { assertTransactable } from './transaction-limits.js';

/** The writes of one user that wait in this process, and the revision that the last of them left: a creation goes on from it without reading. */
interface Line {
  writers: number;
  revision: number | undefined;
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
 */
@Injectable()
export class ListWriter {
  private readonly archiveAfterDays: number;
  private readonly mutex = new KeyedMutex();
  /** By user, while writes of this process are in line. */
  private readonly lines = new Map<string, Line>();

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
  async write<Result>({ userId, ids, keyed }: WriteTargets, decide: (todos: ReadonlyMap<string, Todo>) => WriteDecision<Result>): Promise<Replay<Result>> {
    return this.exclusively(userId, async (line) => {
      const list =
        line.revision !== undefined && ids.length === 0 && keyed === undefined
          ? listAt(line.revision)
          : await readUserList(this.dynamodb, userId, ids, keyed?.key);
      // The tombstone first: once it stands, a keyed result is not replayed either.
      if (list.isDeleted) {
        throw new DuetError('user.not_found', 'This user has been deleted.');
      }
      const first = keyed === undefined ? undefined : replayFrom(list.result, keyed.fingerprint, Date.now());
      if (first !== undefined) {
        return { result: JSON.parse(first) as Result, replayed: true };
      }
      const { changes, result } = decide(list.todos);
      if (changes.length > 0 || keyed !== undefined) {
        await this.commit(userId, line, list, changes, keyed === undefined ? [] : [this.storedResult(userId, keyed, result)]);
      }
      return { result, replayed: false };
    });
  }

  /** Puts into the archive what TTL has removed from the list; see `TodosRepository`. */
  async archive(removed: Todo, archivedAt: string): Promise<ArchiveOutcome> {
    const { userId, id } = removed;
    return this.exclusively(userId, async (line) => {
      const list = await readUserList(this.dynamodb, userId, [id]);
      // A todo's owner has an aggregate. Without one the owner was deleted so long ago that the tombstone is gone, too.
      if (list.isDeleted || list.aggregate === undefined) {
        return 'owner_gone';
      }
      // It is in the archive, has come back from there, or was deleted from it: its removal was published before.
      if (list.todos.has(id) || list.deletedFromArchive.has(id)) {
        return 'archived_before';
      }
      await this.commit(userId, line, list, [{ before: removed, after: archivedTodo(removed, archivedAt) }], []);
      return 'archived';
    });
  }

  // All writes of a user meet in the aggregate: those of this process take turns, so that only other processes are contended with.
  private async exclusively<T>(userId: string, work: (line: Line) => Promise<T>): Promise<T> {
    const line = this.lines.get(userId) ?? { writers: 0, revision: undefined };
    this.lines.set(userId, line);
    line.writers += 1;
    try {
      return await this.mutex.run(userId, async () =>
        retryContention(
          async () => work(line),
          (error) => error instanceof ListChangedMeanwhile || isContention(error),
        ),
      );
    } finally {
      line.writers -= 1;
      if (line.writers === 0) {
        this.lines.delete(userId);
      }
    }
  }

  private async commit(userId: string, line: Line, list: UserList, changes: readonly TodoChange[], others: readonly TransactItem[]): Promise<void> {
    const revision = list.revision + changes.length;
    const items = changes.flatMap((change, index) => this.itemsOf(change, list.revision + index + 1));
    const all = [this.movedAggregate(userId, list, changes, revision), ...items, ...others];
    assertTransactable(all);
    line.revision = undefined;
    try {
      await transact(this.dynamodb, all);
      line.revision = revision;
    } catch (error) {
      throw cancellationReasons(error)?.includes('ConditionalCheckFailed') ? new ListChangedMeanwhile('Written by another request', { cause: error }) : error;
    }
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
        { Put: { TableName: this.table, Item: toArchivedMarker(after, revision, Date.now()) } },
      ];
    }
    if (before === null) {
      return [];
    }
    return before.archivedAt === null
      ? [this.put(toDeletionMarker(before, revision, Date.now()), before)]
      : [this.removalFromArchive(before), { Put: { TableName: this.table, Item: toDeletionNotice(before, revision, Date.now()) } }];
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

/** The list as the write before left it. Should another process have written it since, the condition fails, and it is read. */
function listAt(revision: number): UserList {
  return { aggregate: { revision }, isDeleted: false, revision, todos: new Map(), deletedFromArchive: new Set(), result: undefined };
}

/** There is no item, or a marker. */
const isNoTodo = { ConditionExpression: 'attribute_not_exists(version)' };

function versionIs({ version }: Todo): { ConditionExpression: string; ExpressionAttributeValues: Record<string, unknown> } {
  return { ConditionExpression: 'version = :version', ExpressionAttributeValues: { ':version': version } };
}
