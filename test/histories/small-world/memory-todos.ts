import { marshall } from '@aws-sdk/util-dynamodb';
import type { AttributeValue, DynamoDBRecord } from 'aws-lambda';
import { DuetError } from '../../../src/common/errors/errors.js';
import type { Replay } from '../../../src/common/resources/idempotency-key.js';
import {
  type ArchiveOutcome,
  type StoredChange,
  type StoredItem,
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
  /** Todos that were archived, each time. */
  readonly archivals: string[];
}

/** Both tables and the stream of the first, in memory. */
export class MemoryTodosTable {
  readonly stream: DynamoDBRecord[] = [];
  private readonly partitions = new Map<string, Partition>();

  constructor(readonly name: string) {}

  of(userId: string): Partition {
    const partition = this.partitions.get(userId) ?? { deletedAt: null, listed: new Map(), archived: new Map(), archivals: [] };
    this.partitions.set(userId, partition);
    return partition;
  }

  put(before: Todo | null, after: Todo | null, byTtl = false): void {
    const { userId, id } = (after ?? before) as Todo;
    const { listed } = this.of(userId);
    if (after === null) {
      listed.delete(id);
    } else {
      listed.set(id, after);
    }
    const image = (todo: Todo): Record<string, AttributeValue> => marshall({ todo }) as Record<string, AttributeValue>;
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
    private readonly table: MemoryTodosTable,
    private readonly turn: (name: string) => Promise<void>,
  ) {
    super();
  }

  override async find(userId: string, id: string): Promise<Todo | null> {
    await this.turn('read a todo');
    const { deletedAt, listed, archived } = this.table.of(userId);
    return deletedAt === null ? (listed.get(id) ?? archived.get(id) ?? null) : null;
  }

  override async write<Result>({ userId, ids }: WriteTargets, decide: (todos: ReadonlyMap<string, Todo>) => WriteDecision<Result>): Promise<Replay<Result>> {
    await this.turn('write todos');
    const { deletedAt, listed } = this.table.of(userId);
    if (deletedAt !== null) {
      throw new DuetError('user.not_found');
    }
    const { changes, result } = decide(new Map(ids.flatMap((id) => (listed.has(id) ? [[id, listed.get(id) as Todo]] : []))));
    changes.forEach(({ before, after }) => this.table.put(before, after));
    return { result, replayed: false };
  }

  override async archive(removed: Todo, archivedAt: string): Promise<ArchiveOutcome> {
    await this.turn('archive a todo');
    const { deletedAt, listed, archived, archivals } = this.table.of(removed.userId);
    if (deletedAt !== null) {
      return 'owner_gone';
    }
    if (listed.has(removed.id) || archived.has(removed.id)) {
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
    const { listed, archived } = this.table.of(userId);
    for (;;) {
      await checkpoint();
      await this.turn('purge a todo');
      const [todo] = listed.values();
      const [old] = archived.keys();
      if (todo !== undefined) {
        this.table.put(todo, null);
      } else if (old !== undefined) {
        archived.delete(old);
      } else {
        return;
      }
    }
  }

  override read({ todo }: StoredItem): StoredChange | null {
    return { kind: 'todo', todo: todo as Todo };
  }
}
