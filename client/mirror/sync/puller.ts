import { DuetProblemError } from '../../http/errors.js';
import { ChangeFeed } from '../../resources/changes.js';
import type { ChangePage, Todo } from '../../types.js';
import type { Position, StoreChange } from '../records.js';
import type { Replica } from '../replica.js';
import type { MirrorClient } from '../storage.js';

/** How often the position is stored while nothing changes, in milliseconds: it is good for 30 days. */
const positionAgeMs = 3_600_000;

/** Applies the change feed to the replica. */
export class Puller {
  #next: string | undefined;
  /**
   * The whole list, as far as it was read, the first time or after the position had expired: once it is whole, it takes the place of what is held. The
   * first time too something may be held that is gone: a write that was answered before anything was read.
   */
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
    this.#next ??= this.#afresh === undefined ? this.position?.next : undefined;
    if (this.#next === undefined) {
      this.#afresh ??= new Map();
    }
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
      // The first time no list is shown that should stay until this one is whole.
      const isFirst = this.position === undefined;
      if (page.more) {
        this.replica.change(...(isFirst ? this.changesOf(page) : []));
        return;
      }
      const gone = [...this.replica.records.todos.keys()].filter((id) => !afresh.has(id));
      const present = isFirst ? this.changesOf(page) : [...afresh.values()].map((todo) => this.present(todo));
      this.replica.change(...gone.flatMap((id) => this.removal(id)), ...present, position);
      this.#afresh = undefined;
      return;
    }
    const stored = this.position;
    const isDue = page.changes.length > 0 || stored === undefined || now.getTime() - Date.parse(stored.at) > positionAgeMs;
    this.replica.change(...this.changesOf(page), ...(isDue ? [position] : []));
  }

  private get position(): Position | undefined {
    return this.replica.records.positions.get('position');
  }

  private changesOf({ changes }: ChangePage): StoreChange[] {
    return changes.flatMap((change) => (change.state === 'present' ? [this.present(change.todo)] : this.removal(change.id)));
  }

  private present(todo: Todo): StoreChange {
    return { kind: 'todos', put: { ...this.replica.records.todos.get(todo.id), id: todo.id, todo } };
  }

  private removal(id: string): StoreChange[] {
    return [...this.replica.records.withoutTodo(id)];
  }
}
