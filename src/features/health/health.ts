/** How Terminus tells of one dependency. */
export interface DependencyHealth {
  readonly status: 'up' | 'down';
  /** How long the probe took, or was waited for. */
  readonly responseTimeMs: number;
  /** The visits counted, as the proof of a real read; null when it failed. */
  readonly counterValue?: number | null;
  readonly message?: string;
}

/** Dependencies by name. */
export type Dependencies = Readonly<Record<string, DependencyHealth>>;

/** Who answers, and when. */
export interface Identity {
  readonly service: 'duet';
  readonly version: string;
  readonly timestamp: string;
}

/** Whether the service can do its work: Terminus's shape, and who says so. */
export interface Readiness extends Identity {
  readonly status: 'ok' | 'degraded' | 'error' | 'shutting_down';
  readonly info: Dependencies;
  readonly error: Dependencies;
  readonly details: Dependencies;
}

/** That the process serves. */
export interface Liveness extends Identity {
  readonly status: 'ok';
}
