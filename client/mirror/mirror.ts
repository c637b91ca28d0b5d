import { DuetSignedOutError } from '../http/errors.js';
import type { TodoContent, TodoPatch } from '../types.js';
import type { QueuedOperation, StoreChange } from './records.js';
import { Replica } from './replica.js';
import type { MirrorClient, MirrorOptions } from './storage.js';
import { messageOf, Synchroniser } from './sync/synchroniser.js';
import { type Report, type TabMessage, Tabs } from './tabs.js';
import { type Mirror, type MirrorOperation, type MirrorSnapshot, type MirrorStatus, UnknownTodoError, type WriteKind } from './types.js';
import { contentOf, localPrefix, patched, pendingOf, todosOf } from './view.js';

/** The events of a browser's page at which it is time to look. */
interface Page {
  addEventListener?(name: string, listener: () => void, options: { signal: AbortSignal }): void;
  readonly document?: { readonly visibilityState: string; addEventListener(name: string, listener: () => void, options: { signal: AbortSignal }): void };
}

/**
 * Begins a mirror; `duet.mirror()` calls it.
 *
 * @throws DuetSignedOutError without a session and `userId`; RangeError for a `pollMs` that is none.
 */
export function createMirror(duet: MirrorClient, { storage, userId = duet.session?.userId, pollMs = 4_000 }: MirrorOptions): Mirror {
  if (userId === undefined) {
    throw new DuetSignedOutError();
  }
  if (!(pollMs > 0)) {
    throw new RangeError(`pollMs is more than 0 milliseconds; it was ${pollMs}.`);
  }
  return new TodoMirror(duet, userId, storage, pollMs);
}

class TodoMirror implements Mirror {
  readonly #replica: Replica;
  readonly #tabs: Tabs;
  readonly #synchroniser: Synchroniser;
  readonly #listeners = new Set<() => void>();
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  /** By request, what waits for a synchronisation. */
  readonly #waiting = new Map<string, () => void>();
  #snapshot: MirrorSnapshot | undefined;
  #held: Pick<MirrorSnapshot, 'todos' | 'pending' | 'conflicts' | 'rejected'> | undefined;
  #status: MirrorStatus = 'loading';
  #failure: string | null = null;
  #lastSyncedAt: string | null = null;
  #lastOrder = 0;

  constructor(
    duet: MirrorClient,
    private readonly userId: string,
    storage: MirrorOptions['storage'],
    pollMs: number,
  ) {
    const { signal } = this.#ending;
    this.#tabs = new Tabs(storage.sharedName(userId), (message) => this.hear(message));
    this.#replica = new Replica(
      async () => storage.open(userId),
      () => this.changed(),
      () => this.#tabs.tell({ type: 'stored' }),
    );
    const onReport = (report: Report): void => {
      this.report(report);
      this.#tabs.tell({ type: 'reported', report });
    };
    this.#synchroniser = new Synchroniser({ duet, userId, replica: this.#replica, pollMs, signal, rereads: this.#tabs.isDeaf, onReport });
    this.#running = this.run(pollMs);
    this.watchPage();
  }

  getSnapshot(): MirrorSnapshot {
    const { records } = this.#replica;
    // A report alone, which each poll brings, leaves these as they are: the same objects.
    this.#held ??= {
      todos: todosOf(records, this.userId),
      pending: records.queue.map((write) => pendingOf(write, records)),
      conflicts: [...records.conflicts.values()],
      rejected: [...records.rejected.values()],
    };
    this.#snapshot ??= {
      ...this.#held,
      status: this.#status,
      failure: this.#failure,
      lastSyncedAt: this.#lastSyncedAt ?? records.positions.get('position')?.at ?? null,
    };
    return this.#snapshot;
  }

  subscribe(listener: () => void): () => void {
    // Wrapped, so that one listener that subscribes twice is two.
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  create(todo: TodoContent): string {
    const operation = this.queued({ op: 'create', todo });
    this.enqueue('create', [operation]);
    return operation.id;
  }

  patch(id: string, patch: TodoPatch): void {
    this.enqueue('patch', [this.queued({ op: 'patch', id, patch })]);
  }

  delete(id: string): void {
    this.enqueue('delete', [this.queued({ op: 'delete', id })]);
  }

  batch(operations: readonly MirrorOperation[]): void {
    const queued = operations.map((operation) => this.queued(operation));
    const ids = new Set(queued.map(({ id }) => this.#replica.records.todoId(id)));
    if (queued.length < 1 || queued.length > 50 || ids.size < queued.length) {
      throw new RangeError('A batch has 1 to 50 operations, each of another todo.');
    }
    this.enqueue('batch', queued);
  }

  resolve(conflictId: string, keep: 'mine' | 'theirs'): void {
    this.assertOpen();
    const conflict = this.#replica.records.conflicts.get(conflictId);
    if (conflict === undefined) {
      return;
    }
    const { todoId, mine, base, theirs } = conflict;
    const after = this.#replica.records.lastWriteOf(todoId)?.id;
    const removal: StoreChange = { kind: 'conflicts', remove: conflictId };
    if (keep === 'theirs') {
      this.#replica.change(removal);
    } else if (mine === 'deleted') {
      this.enqueue('delete', theirs === null ? [] : [{ op: 'delete', id: todoId, base: theirs, after }], removal);
    } else if (theirs === null) {
      this.enqueue('create', [this.queued({ op: 'create', todo: contentOf(patched(base, mine, base.updatedAt)) })], removal);
    } else {
      this.enqueue('patch', [{ op: 'patch', id: todoId, patch: mine, base: theirs, after }], removal);
    }
  }

  dismiss(rejectedId: string): void {
    this.assertOpen();
    this.#replica.change({ kind: 'rejected', remove: rejectedId });
  }

  async refresh(): Promise<void> {
    this.assertOpen();
    const request = crypto.randomUUID();
    await new Promise<void>((resolve) => {
      this.#waiting.set(request, resolve);
      this.#synchroniser.wake(request);
      this.#tabs.tell({ type: 'wanted', request });
    });
  }

  async close(): Promise<void> {
    await this.end('close');
  }

  async clear(): Promise<void> {
    this.#tabs.tell({ type: 'cleared' });
    await this.end('clear');
  }

  /** An operation with the todo that it was made on. */
  private queued(operation: MirrorOperation): QueuedOperation {
    this.assertOpen();
    if (operation.op === 'create') {
      return { ...operation, id: `${localPrefix}${crypto.randomUUID()}` };
    }
    const { records } = this.#replica;
    const id = records.todoId(operation.id);
    const shown = this.getSnapshot().todos.find((todo) => todo.id === id);
    if (shown === undefined) {
      throw new UnknownTodoError(operation.id);
    }
    const { pending: _pending, key: _key, ...local } = shown;
    return { ...operation, id, base: records.todos.get(id)?.todo ?? local, after: records.lastWriteOf(id)?.id };
  }

  private enqueue(kind: WriteKind, operations: readonly QueuedOperation[], ...others: readonly StoreChange[]): void {
    const now = new Date();
    // Behind all that is known here, and by the clock behind what other tabs have written unknown to this one.
    this.#lastOrder = Math.max(now.getTime(), this.#lastOrder + 1, (this.#replica.records.queue.at(-1)?.order ?? 0) + 1);
    const id = crypto.randomUUID();
    const write = { id, order: this.#lastOrder, kind, since: now.toISOString(), idempotencyKey: id, operations };
    this.#replica.change(...others, ...(operations.length === 0 ? [] : [{ kind: 'writes', put: write } as const]));
    this.#synchroniser.wake();
  }

  private async run(pollMs: number): Promise<void> {
    const { signal } = this.#ending;
    await this.#replica.reload().catch((error: unknown) => this.report(failed(error)));
    // A tab that does not lead has the one that does tell it how things are.
    this.#tabs.tell({ type: 'wanted', request: '' });
    const timer = this.#tabs.isDeaf ? setInterval(() => this.reload(), pollMs) : undefined;
    const leading = this.#tabs.lead(signal, async () => {
      await this.#replica.reload().catch(() => undefined);
      await this.#synchroniser.run();
    });
    await leading.catch((error: unknown) => this.report(failed(error)));
    clearInterval(timer);
  }

  private hear(message: TabMessage): void {
    switch (message.type) {
      case 'stored':
        this.reload();
        return;
      case 'wanted':
        this.#synchroniser.wake(message.request);
        return;
      case 'reported':
        this.report(message.report);
        return;
      case 'cleared':
        void this.end('abandon');
        return;
    }
  }

  private reload(): void {
    if (!this.#ending.signal.aborted) {
      const known = this.#replica.records.writes;
      void this.#replica.reload().then(
        () => [...this.#replica.records.writes.keys()].some((id) => !known.has(id)) && this.#synchroniser.wake(),
        (error: unknown) => this.report(failed(error)),
      );
    }
  }

  private report({ status, failure, lastSyncedAt, served }: Report): void {
    this.#status = status;
    this.#failure = failure;
    this.#lastSyncedAt = lastSyncedAt ?? this.#lastSyncedAt;
    this.notify();
    for (const request of served) {
      this.#waiting.get(request)?.();
      this.#waiting.delete(request);
    }
  }

  private changed(): void {
    this.#held = undefined;
    this.notify();
  }

  private notify(): void {
    this.#snapshot = undefined;
    for (const listener of this.#listeners) {
      listener();
    }
  }

  private watchPage(): void {
    const page = globalThis as unknown as Page;
    const { signal } = this.#ending;
    const look = (): void => {
      this.reload();
      this.#synchroniser.wake();
    };
    page.addEventListener?.('online', look, { signal });
    page.document?.addEventListener('visibilitychange', () => page.document?.visibilityState === 'visible' && look(), { signal });
  }

  private assertOpen(): void {
    if (this.#ending.signal.aborted) {
      throw new Error('This mirror is closed: make another one.');
    }
  }

  private async end(how: 'close' | 'clear' | 'abandon'): Promise<void> {
    if (!this.#ending.signal.aborted) {
      this.#ending.abort();
      this.#waiting.forEach((resolve) => resolve());
      this.#waiting.clear();
    }
    await this.#running.catch(() => undefined);
    try {
      await this.#replica[how]();
    } finally {
      this.#tabs.close();
      this.#status = 'closed';
      this.#failure = null;
      this.changed();
    }
  }
}

function failed(error: unknown): Report {
  return { status: 'failed', failure: messageOf(error), lastSyncedAt: null, served: [] };
}
