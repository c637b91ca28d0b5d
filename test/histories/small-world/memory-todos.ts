import { marshall } from '@aws-sdk/util-dynamodb';
import type { AttributeValue, DynamoDBRecord } from 'aws-lambda';
import { DuetError } from '../../../src/common/errors/errors.js';
import type { Replay } from '../../../src/common/resources/idempotency-key.js';
import {
  type ArchiveOutcome,
  type StoredChange,
  type StoredItem,
  type TodoChange,
  TodosRepository,
  type WriteDecision,
  type WriteTargets,
} from '../../../src/features/todos/todos.repository.js';
import { archivedTodo, type Todo } from '../../../src/features/todos/todos.js';

/** What a user has in the todos and archive tables. */
export interface Partition {
  deletedAt: string | null;
  readonly listed: Map<string, Todo>;
  readonly archived: Map<string, Todo>;
  /** Ids of todos that were deleted, as long as it is kept that they were. */
  readonly deleted: Set<string>;
  /** By idempotency key: what it was first used for, and what came of it. */
  readonly keyed: Map<string, { readonly fingerprint: string; readonly response: string }>;
  /** Todos that were archived, each time. */
  readonly archivals: string[];
}

/** Both tables and the stream of the first, in memory. */
export class MemoryTodosTable {
  readonly stream: DynamoDBRecord[] = [];
  private readonly partitions = new Map<string, Partition>();

  constructor(readonly name: string) {}

  of(userId: string): Partition {
    const partition = this.partitions.get(userId) ?? {
      deletedAt: null,
      listed: new Map(),
      archived: new Map(),
      deleted: new Set(),
      keyed: new Map(),
      archivals: [],
    };
    this.partitions.set(userId, partition);
    return partition;
  }

  /** Removes a todo from the list as TTL does. */
  expire(todo: Todo): void {
    this.of(todo.userId).listed.delete(todo.id);
    this.record({ todo }, null, true);
  }

  /** Makes one change of the list or the archive, and records what the first table's stream shows of it. */
  change({ before, after }: TodoChange): void {
    const { userId, id } = (after ?? before) as Todo;
    const { listed, archived, deleted } = this.of(userId);
    const inArchive = before !== null && before.archivedAt !== null;
    archived.delete(id);
    if (after !== null) {
      listed.set(id, after);
      this.record(before === null || inArchive ? null : { todo: before }, { todo: after });
    } else if (before !== null) {
      listed.delete(id);
      deleted.add(id);
      this.record(inArchive ? null : { todo: before }, inArchive ? { deletion: before } : null);
    }
  }

  /** Takes a todo out of the list as an erasure does. */
  purge(todo: Todo): void {
    this.of(todo.userId).listed.delete(todo.id);
    this.record({ todo }, null);
  }

  private record(before: StoredItem | null, after: StoredItem | null, byTtl = false): void {
    const image = (item: StoredItem): Record<string, AttributeValue> => marshall(item) as Record<string, AttributeValue>;
    const sequence = String(this.stream.length + 1);
    this.stream.push({
      eventID: `event-${sequence}`,
      eventName: before === null ? 'INSERT' : after === null ? 'REMOVE' : 'MODIFY',
      eventSourceARN: `arn:aws:dynamodb:us-east-1:123456789012:table/${this.name}/stream/1`,
      ...(byTtl && { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }),
      dynamodb: {
        SequenceNumber: sequence,
        ApproximateCreationDateTime: this.stream.length,
        ...(before && { OldImage: image(before) }),
        ...(after && { NewImage: image(after) }),
      },
    });
  }
}

/** {@link TodosRepository} over a {@link MemoryTodosTable}; purges go todo by todo. */
export class MemoryTodos extends TodosRepository {
  constructor(
    protected readonly table: MemoryTodosTable,
    protected readonly turn: (name: string) => Promise<void> = async () => undefined,
  ) {
    super();
  }

  override async find(userId: string, id: string): Promise<Todo | null> {
    await this.turn('read a todo');
    return this.table.of(userId).deletedAt === null ? this.present(userId, id) : null;
  }

  override async write<Result>(
    { userId, ids, keyed }: WriteTargets,
    decide: (todos: ReadonlyMap<string, Todo>) => WriteDecision<Result>,
  ): Promise<Replay<Result>> {
    await this.turn('write todos');
    const partition = this.table.of(userId);
    if (partition.deletedAt !== null) {
      throw new DuetError('user.not_found');
    }
    const first = keyed && partition.keyed.get(keyed.key);
    if (first !== undefined) {
      if (first.fingerprint !== keyed?.fingerprint) {
        throw new DuetError('idempotency.key_reused');
      }
      return { result: JSON.parse(first.response) as Result, replayed: true };
    }
    const { changes, result } = decide(new Map(ids.flatMap((id) => (this.present(userId, id) === null ? [] : [[id, this.present(userId, id) as Todo]]))));
    changes.forEach((change) => this.table.change(change));
    if (keyed !== undefined) {
      partition.keyed.set(keyed.key, { fingerprint: keyed.fingerprint, response: JSON.stringify(result) });
    }
    return { result, replayed: false };
  }

  override async archive(removed: Todo, archivedAt: string): Promise<ArchiveOutcome> {
    await this.turn('archive a todo');
    const { deletedAt, archived, deleted, archivals } = this.table.of(removed.userId);
    if (deletedAt !== null) {
      return 'owner_gone';
    }
    if (this.present(removed.userId, removed.id) !== null || deleted.has(removed.id)) {
      return 'archived_before';
    }
    archived.set(removed.id, archivedTodo(removed, archivedAt));
    archivals.push(removed.id);
    return 'archived';
  }

  override async writeTombstone(userId: string, deletedAt: Date): Promise<void> {
    await this.turn('write the tombstone');
    const partition = this.table.of(userId);
    partition.deletedAt ??= deletedAt.toISOString();
  }

  override async purge(userId: string, checkpoint: () => Promise<void>): Promise<void> {
    const { listed, archived, deleted, keyed } = this.table.of(userId);
    for (;;) {
      await checkpoint();
      await this.turn('purge a todo');
      deleted.clear();
      keyed.clear();
      const [todo] = listed.values();
      const [old] = archived.keys();
      if (todo !== undefined) {
        this.table.purge(todo);
      } else if (old !== undefined) {
        archived.delete(old);
      } else {
        return;
      }
    }
  }

  override read({ todo, deletion }: StoredItem): StoredChange | null {
    return deletion === undefined ? { kind: 'todo', todo: todo as Todo } : { kind: 'deletion', todo: deletion as Todo };
  }

  private present(userId: string, id: string): Todo | null {
    const { listed, archived } = this.table.of(userId);
    return listed.get(id) ?? archived.get(id) ?? null;
  }
}
