import type { World } from './world.js';

/** From when on a bar is shown, in milliseconds: what is done by then needs none. */
const quietMs = 1_000;
const width = 24;

/** A bar on standard error for work that takes longer than a second; nothing where that is no terminal. */
export class Progress {
  private done = 0;
  private shown = false;
  private readonly startedAt: number;

  constructor(
    private readonly world: Pick<World, 'progressTerminal' | 'err'>,
    private readonly label: string,
    private readonly total: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.startedAt = now();
  }

  /** Counts one piece of work, or several. */
  advance(by = 1): void {
    this.done += by;
    if (this.world.progressTerminal && this.now() - this.startedAt > quietMs) {
      this.shown = true;
      const part = Math.min(1, this.done / Math.max(1, this.total));
      const bar = '█'.repeat(Math.round(part * width)).padEnd(width, '░');
      this.world.err(`\r${this.label} ${bar} ${this.done} of ${this.total}`);
    }
  }

  /** Removes the bar. */
  end(): void {
    if (this.shown) {
      this.world.err('\r\u001B[K');
    }
  }
}
