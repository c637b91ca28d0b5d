import { Injectable } from '@nestjs/common';
import { type ArchiveOutcome, type StoredItem, TodosRepository } from './todos.repository.js';
import type { Todo } from './todos.js';

/** What becomes of todos outside any request: read from the change stream, and moved to the archive when they have expired. */
@Injectable()
export class ArchiveService {
  constructor(private readonly todos: TodosRepository) {}

  /**
   * The todo in an item of the change stream; null for the items that keep counts and results.
   *
   * @throws UnknownItemError
   */
  read(item: StoredItem): Todo | null {
    return this.todos.read(item);
  }

  /**
   * Moves a todo that TTL has removed to the archive: exactly once, however often the removal is told.
   *
   * @throws StoreUnavailableError
   */
  async archive(todo: Todo): Promise<ArchiveOutcome> {
    return this.todos.archive(todo);
  }
}
