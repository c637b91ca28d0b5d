import { Injectable } from '@nestjs/common';
import { type ArchiveOutcome, type StoredChange, type StoredItem, TodosRepository } from './todos.repository.js';
import type { Todo } from './todos.js';

/** What becomes of todos outside any request: read from the change stream, and moved to the archive when they have expired. */
@Injectable()
export class ArchiveService {
  constructor(private readonly todos: TodosRepository) {}

  /**
   * What an item of the change stream holds; null for the items that keep counts, results and markers.
   *
   * @throws UnknownItemError
   */
  read(item: StoredItem): StoredChange | null {
    return this.todos.read(item);
  }

  /**
   * Moves a todo that TTL removed at `archivedAt` to the archive: exactly once, however often the removal is read.
   *
   * @throws StoreUnavailableError
   */
  async archive(removed: Todo, archivedAt: string): Promise<ArchiveOutcome> {
    return this.todos.archive(removed, archivedAt);
  }
}
