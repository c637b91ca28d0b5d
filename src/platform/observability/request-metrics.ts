import { emitMetrics } from './metrics.js';

/** What is measured of one request. */
export interface RequestMeasure {
  /** `GET /todos/{id}`: a template, so that the number of series stays small. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  readonly coldStart: boolean;
}

/** Measures a request, by route; `line` is what the log says of it, which is written as the same line: a second one would cost every request. */
export function emitRequestMetrics(namespace: string, { route, status, durationMs, coldStart }: RequestMeasure, line: Readonly<Record<string, unknown>>): void {
  emitMetrics(
    namespace,
    [
      { name: 'Requests', unit: 'count', value: 1 },
      { name: 'Errors', unit: 'count', value: status >= 500 ? 1 : 0 },
      { name: 'Latency', unit: 'milliseconds', value: durationMs },
      ...(coldStart ? [{ name: 'ColdStart', unit: 'count', value: 1 } as const] : []),
    ],
    { route },
    line,
  );
}
