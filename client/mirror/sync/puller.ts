import { DuetProblemError } from '../../http/errors.js';
import { ChangeFeed } from '../../resources/changes.js';
import type { ChangePage, Todo } from '../../types.js';
import type { StoreChange } from '../records.js';
import type { Replica } from '../replica.js';
import type { MirrorClient } from '../storage.js';

/** How often the position is stored while nothing changes, in milliseconds: it is good for 30 days. */
const positionAgeMs = 3_600_000;

/** Applies the change feed to the replica. */
export class Puller {
  #next: string | undefined;
  /** The whole list, as far as it was read after the position had expired: it takes the place of what is held once it is whole. */
  #afresh: Map<string, Todo> | undefined;

  constructor(
    private readonly duet: MirrorClient,
    private readonly userId: string,
    private readonly replica: Replica,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Reads and applies one page; says whether another follows now.
   *
   * @throws DuetError
   */
  async pullPage(): Promise<boolean> {
    this.#next ??= this.#afresh === undefined ? this.replica.records.positions.get('position')?.next : undefined;
    const page = await this.page(this.#next);
    if (page === undefined) {
      this.#next = undefined;
      this.#afresh = new Map();
      return true;
    }
    this.#next = page.next;
    this.apply(page);
    return page.more;
  }

  /** The page after `since`; undefined when that has expired, or is no token of the service any more. */
  private async page(since: string | undefined): Promise<ChangePage | undefined> {
    try {
      const { value } = await new ChangeFeed(this.duet.api, this.userId, { since, signal: this.signal }).pages().next();
      return value ?? undefined;
    } catch (error) {
      if (since !== undefined && error instanceof DuetProblemError && (error.code === 'sync.expired' || error.code === 'cursor.invalid')) {
        return undefined;
      }
      throw error;
    }
  }

  private apply(page: ChangePage): void {
    const now = new Date();
    const position: StoreChange = { kind: 'positions', put: { id: 'position', next: page.next, at: now.toISOString() } };
    const afresh = this.#afresh;
    if (afresh !== undefined) {
      for (const change of page.changes) {
        if (change.state === 'present') {
          afresh.set(change.id, change.todo);
        } else {
          afresh.delete(change.id);
        }
      }
      if (!page.more) {
        const gone = [...this.replica.records.todos.keys()].filter((id) => !afresh.has(id));
        this.replica.change(...gone.flatMap((id) => this.removal(id)), ...[...afresh.values()].map((todo) => this.present(todo)), position);
        this.#afresh = undefined;
      }
      return;
    }
    const stored = this.replica.records.positions.get('position');
    const isDue = page.changes.length > 0 || stored === undefined || now.getTime() - Date.parse(stored.at) > positionAgeMs;
    const changes = page.changes.flatMap((change) => (change.state === 'present' ? [this.present(change.todo)] : this.removal(change.id)));
    this.replica.change(...changes, ...(isDue ? [position] : []));
  }

  private present(todo: Todo): StoreChange {
    return { kind: 'todos', put: { ...this.replica.records.todos.get(todo.id), id: todo.id, todo } };
  }

  private removal(id: string): StoreChange[] {
    return [...this.replica.records.withoutTodo(id)];
  }
}
