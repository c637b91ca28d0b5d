import type { MirrorStatus } from './types.js';

/** How the last synchronisation went, and which requests for one it served. */
export interface Report {
  readonly status: MirrorStatus;
  readonly failure: string | null;
  readonly lastSyncedAt: string | null;
  readonly served: readonly string[];
}

/** What the mirrors of one store say to each other. */
export type TabMessage =
  | { readonly type: 'stored' }
  | { readonly type: 'wanted'; readonly request: string }
  | { readonly type: 'reported'; readonly report: Report }
  | { readonly type: 'cleared' };

/** The parts of the platform that not every one has. */
interface Platform {
  readonly navigator?: { readonly locks?: { request(name: string, options: { signal: AbortSignal }, work: () => Promise<void>): Promise<void> } };
  readonly BroadcastChannel?: new (name: string) => {
    addEventListener(type: 'message', listener: (event: { readonly data: TabMessage }) => void): void;
    postMessage(message: TabMessage): void;
    close(): void;
  };
}

/**
 * The tabs that share a store: one at a time leads, by a Web Lock, and they hear of each other over a BroadcastChannel. Where the platform has
 * no locks, each leads; the keys of writes keep that harmless.
 */
export class Tabs {
  readonly #platform = globalThis as unknown as Platform;
  #channel;

  /** @param name null for a store that is not shared. */
  constructor(
    private readonly name: string | null,
    onMessage: (message: TabMessage) => void,
  ) {
    const { BroadcastChannel } = this.#platform;
    this.#channel = name === null || BroadcastChannel === undefined ? undefined : new BroadcastChannel(name);
    this.#channel?.addEventListener('message', ({ data }) => onMessage(data));
  }

  /** Whether other tabs may change the store and cannot say so. */
  get isDeaf(): boolean {
    return this.name !== null && this.#channel === undefined;
  }

  /** Runs `work` once this tab leads, and leads until it ends. An aborted signal ends the waiting. */
  async lead(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const locks = this.#platform.navigator?.locks;
    if (this.name === null || locks === undefined) {
      return work();
    }
    try {
      await locks.request(this.name, { signal }, work);
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }

  tell(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }

  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }
}
