import { Injectable } from '@nestjs/common';
import { RecordsService } from '../records/records.service.js';
import { TodosService } from '../todos/todos.service.js';

/** Called between the pieces of a long piece of work; throws to end it there. */
export type Checkpoint = () => Promise<void>;

/** What is done in DynamoDB about a user who has been deleted. */
@Injectable()
export class Erasure {
  constructor(
    private readonly todos: TodosService,
    private readonly records: RecordsService,
  ) {}

  /**
   * Erases everything of a user but the tombstone. It can be ended anywhere and run again from the start, as often as it takes.
   *
   * The tombstone comes first: from then on nothing new can be written, and so what the purges find empty stays empty.
   */
  async erase(userId: string, checkpoint: Checkpoint): Promise<void> {
    await checkpoint();
    await this.todos.writeTombstone(userId);
    await this.todos.purge(userId, checkpoint);
    await checkpoint();
    await this.records.purge(userId);
  }
}
