import { TodosService } from '../../../src/features/todos/todos.service.js';
import type { Todo, TodoContent } from '../../../src/features/todos/todos.js';
import type { User } from '../../../src/features/users/user.js';
import { MemoryTodos } from './memory-todos.js';
import { ada, bob, type MemoryStores } from './promises.js';
import type { Scheduler, Turn } from './scheduler.js';

const content: TodoContent = { title: 'Water the plants', description: null, status: 'open', priority: 'normal', due: null, tags: [], checklist: [] };

/** The three clients of the small world: Ada registers and leaves, Bob registers and stays, and both have todos. */
export class Clients {
  /** @param rowAfterCommit the row of a change in a transaction of its own, which is a mistake. */
  constructor(
    private readonly stores: MemoryStores,
    private readonly scheduler: Scheduler,
    private readonly rowAfterCommit: boolean,
  ) {}

  /** Starts them; each waits for its turns. */
  start(): Promise<void>[] {
    const { scheduler } = this;
    return [this.leave(scheduler.turnOf('client 1')), this.writeTodos(scheduler.turnOf('client 2')), this.stay(scheduler.turnOf('client 3'))];
  }

  private async leave(turn: Turn): Promise<void> {
    await this.commit(turn, ada, 'user.registered', ['mail.verification']);
    await this.commit(turn, ada, 'user.updated');
    await this.commit(turn, ada, 'user.deleted');
  }

  private async writeTodos(turn: Turn): Promise<void> {
    const todos = new TodosService(new MemoryTodos(this.stores.todosTable, turn));
    const mine = await todos.create(ada, content).catch(() => undefined);
    const theirs = await todos.create(bob, { ...content, status: 'done' });
    if (mine !== undefined) {
      await todos.patch(ada, mine.result.id, { status: 'done' }).catch(() => undefined);
    }
    await turn('expire a todo');
    const expired = this.stores.todosTable.of(bob).listed.get(theirs.result.id) as Todo;
    this.stores.todosTable.expire(expired);
  }

  private async stay(turn: Turn): Promise<void> {
    await this.commit(turn, bob, 'user.registered', ['mail.verification']);
    await turn('write a record');
    if (this.stores.todosTable.of(ada).deletedAt === null) {
      this.stores.records.add(ada);
    }
    await this.commit(turn, bob, 'user.updated', ['mail.reset']);
  }

  /** A change of a user, with its rows, in one transaction. */
  private async commit(turn: Turn, userId: string, kind: 'user.registered' | 'user.updated' | 'user.deleted', mails: readonly string[] = []): Promise<void> {
    await turn(`commit ${kind}`);
    const at = new Date(this.stores.table.now).toISOString();
    const before = this.stores.users.get(userId);
    const email = `${userId}@example.com`;
    const user: User = {
      id: userId,
      email,
      emailVerified: false,
      name: 'A',
      timeZone: 'UTC',
      role: 'user',
      createdAt: at,
      updatedAt: at,
      version: (before?.version ?? 0) + 1,
    };
    if (kind === 'user.deleted') {
      this.stores.users.delete(userId);
    } else {
      this.stores.users.set(userId, user);
    }
    const payload = kind === 'user.deleted' ? { id: userId, version: user.version } : user;
    const owed = { id: crypto.randomUUID(), userId, kind };
    this.stores.owed.push(owed);
    const append = (): unknown => this.stores.table.append({ userId, kind, payload }, owed.id);
    if (this.rowAfterCommit) {
      // The client's process ends with the first worker that is killed.
      await turn('append the row');
      if (this.scheduler.trace.some((step) => step.endsWith('killed'))) return;
    }
    append();
    mails.forEach((mail) => this.stores.table.append({ userId, kind: mail, payload: {} }));
  }
}
