import { type Change, counterName, isRefused, nowSeconds, openWindow, type Outcome, type Window, type Windows } from './counters.js';

interface Item {
  readonly windows: Map<string, Window>;
  /** Something was counted here that the shared store does not have. */
  ahead: boolean;
}

/** The most items that are kept; the ones that were used longest ago are dropped beyond it. */
const maxItems = 10_000;

/**
 * Counters of this process: what the shared store was last known to hold, and what has been counted since without it. So the same limits hold here while the
 * store is down, and none is passed by a store that answers now and then.
 */
export class MemoryCounters {
  // In the order of their last use.
  private readonly items = new Map<string, Item>();

  read(key: string): Windows {
    return this.items.get(key)?.windows ?? new Map<string, Window>();
  }

  /** Counts what the store could not. */
  apply(key: string, changes: readonly Change[]): Outcome {
    const item = this.use(key);
    item.ahead = true;
    return change(item, changes);
  }

  /** Takes over what the store has read. */
  learn(key: string, windows: Windows): Windows {
    const item = this.use(key);
    if (!item.ahead) {
      replace(item, windows);
    }
    return highest(item.windows, windows);
  }

  /** Takes over what the store holds after it made `changes`; where this process knows of more, the more counts. */
  confirm(key: string, changes: readonly Change[], stored: Outcome): Outcome {
    const item = this.use(key);
    if (!item.ahead) {
      replace(item, stored.windows);
      return stored;
    }
    const local = change(item, changes);
    return { windows: highest(local.windows, stored.windows), refused: local.refused || stored.refused };
  }

  private use(key: string): Item {
    const known = this.items.get(key);
    const now = nowSeconds();
    const item = known !== undefined && [...known.windows.values()].some(({ endsAt }) => endsAt > now) ? known : { windows: new Map(), ahead: false };
    this.items.delete(key);
    this.items.set(key, item);
    if (this.items.size > maxItems) {
      const [oldest] = this.items.keys();
      this.items.delete(oldest ?? key);
    }
    return item;
  }
}

function replace(item: Item, windows: Windows): void {
  item.windows.clear();
  for (const [name, window] of windows) {
    item.windows.set(name, window);
  }
}

function change({ windows }: Item, changes: readonly Change[]): Outcome {
  const now = nowSeconds();
  for (const [name, { endsAt }] of windows) {
    if (endsAt <= now) windows.delete(name);
  }
  if (isRefused(windows, changes, now)) {
    return { windows: new Map(windows), refused: true };
  }
  for (const { act, counter } of changes) {
    const name = counterName(counter);
    const open = openWindow(windows, counter, now);
    if (act === 'clear') {
      windows.delete(name);
    } else if (act === 'take') {
      windows.set(name, open === undefined ? { used: 1, endsAt: now + counter.policy.windowSeconds } : { ...open, used: open.used + 1 });
    } else if (open !== undefined) {
      windows.set(name, { ...open, used: Math.max(0, open.used - 1) });
    }
  }
  return { windows: new Map(windows), refused: false };
}

function highest(local: Windows, stored: Windows): Windows {
  const windows = new Map(stored);
  for (const [name, window] of local) {
    if (window.used > (windows.get(name)?.used ?? 0)) windows.set(name, window);
  }
  return windows;
}
