import { Records, type StoreChange } from './records.js';
import type { MirrorStore } from './storage.js';

/**
 * What one mirror holds in memory, and its way into the storage. A change counts at once and is stored behind the changes before it; what
 * could not be stored is kept and stored with the next.
 */
export class Replica {
  #records = new Records();
  #unsaved: StoreChange[] = [];
  #store: Promise<MirrorStore> | undefined;
  // One at a time: what is loaded must not miss what is being stored.
  #line: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(
    private readonly open: () => Promise<MirrorStore>,
    private readonly onChange: () => void,
    private readonly onSaved: () => void,
  ) {}

  get records(): Records {
    return this.#records;
  }

  /** Makes changes, and begins to store them. {@link save} resolves when they are stored. */
  change(...changes: readonly StoreChange[]): void {
    if (this.#ended || changes.length === 0) {
      return;
    }
    this.#unsaved.push(...changes);
    this.#records.apply(changes);
    this.onChange();
    void this.save().catch(() => {
      // Stays unsaved: the next save, which each synchronisation begins with, tries again and reports.
    });
  }

  /** Resolves once every change is stored; rejects with the storage's error. */
  async save(): Promise<void> {
    return this.inTurn(async (store) => {
      while (this.#unsaved.length > 0) {
        const changes = [...this.#unsaved];
        await store.commit(changes);
        this.#unsaved.splice(0, changes.length);
        this.onSaved();
      }
    });
  }

  /** Takes over what is stored: other mirrors may have changed it. */
  async reload(): Promise<void> {
    return this.inTurn(async (store) => {
      const records = await store.load();
      records.apply(this.#unsaved);
      this.#records = records;
      this.onChange();
    });
  }

  /** Stores what is left to store, and closes the storage. */
  async close(): Promise<void> {
    await this.save().catch(() => undefined);
    await this.leave();
  }

  /** Forgets everything, here and in the storage. */
  async clear(): Promise<void> {
    this.forget();
    await this.inTurn(async (store) => {
      await store.clear();
      this.#store = undefined;
    });
  }

  /** Forgets everything here: another one clears the storage. */
  async abandon(): Promise<void> {
    this.forget();
    await this.leave();
  }

  private forget(): void {
    this.#ended = true;
    this.#unsaved = [];
    this.#records = new Records();
  }

  private async leave(): Promise<void> {
    this.#ended = true;
    await this.#line;
    (await this.#store?.catch(() => undefined))?.close();
    this.#store = undefined;
  }

  private async inTurn<T>(work: (store: MirrorStore) => Promise<T>): Promise<T> {
    const turn = this.#line.then(async () => {
      this.#store ??= this.open().catch((error: unknown) => {
        this.#store = undefined;
        throw error;
      });
      const store = await this.#store;
      try {
        return await work(store);
      } catch (error) {
        // Browsers close databases when they run out of space or files: the next one opens it anew.
        store.close();
        this.#store = undefined;
        throw error;
      }
    });
    this.#line = turn.catch(() => undefined);
    return turn;
  }
}
