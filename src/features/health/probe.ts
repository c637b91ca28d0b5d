import { withTimeout } from '../../common/async.js';
import type { StoreName } from '../../common/errors/errors.js';
import type { Log } from '../../platform/observability/log.js';

/** What a probe found, and how long that took in milliseconds. */
export type ProbeResult<T> = { readonly responseTimeMs: number } & ({ readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Error });

/** The dependency did not answer within the limit. */
export class ProbeTimeoutError extends Error {
  override readonly name = 'ProbeTimeoutError';

  constructor(limitMs: number) {
    super(`No answer within ${limitMs} ms`);
  }
}

/** Tries a store, once for all who ask at the same time, and logs when what it finds has changed. */
export class Probe<T> {
  private running: Promise<ProbeResult<T>> | undefined;
  private isDown = false;

  /** @param limitMs how long the store is waited for, in milliseconds. */
  constructor(
    private readonly store: StoreName,
    private readonly limitMs: number,
    private readonly attempt: () => Promise<T>,
    private readonly log: Log,
  ) {}

  /** What a try finds; those who ask during a try get what that one finds. Never throws: a failure is a finding. */
  async run(): Promise<ProbeResult<T>> {
    this.running ??= this.tryStore();
    return this.running;
  }

  private async tryStore(): Promise<ProbeResult<T>> {
    const startedAt = performance.now();
    const result = await this.find();
    const responseTimeMs = Math.round(performance.now() - startedAt);
    this.running = undefined;
    this.logChange(result.ok ? undefined : result.error, responseTimeMs);
    return { ...result, responseTimeMs };
  }

  private async find(): Promise<{ ok: true; value: T } | { ok: false; error: Error }> {
    try {
      const value = await withTimeout(this.limitMs, this.attempt, () => {
        throw new ProbeTimeoutError(this.limitMs);
      });
      return { ok: true, value };
    } catch (error) {
      return { ok: false, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  private logChange(error: Error | undefined, responseTimeMs: number): void {
    const { store } = this;
    if (error !== undefined && !this.isDown) {
      this.log.warn('store is down', { store, responseTimeMs, error });
    } else if (error === undefined && this.isDown) {
      this.log.info('store is up again', { store, responseTimeMs });
    }
    this.isDown = error !== undefined;
  }
}
