import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { serviceName } from './log.js';

/** What is measured of one request. */
export interface RequestMeasure {
  /** `GET /todos/{id}`: a template, so that the number of series stays small. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  readonly coldStart: boolean;
}

/** Writes one embedded-metric-format line for a request: CloudWatch makes the metrics of it, at no call's cost. */
export function emitRequestMetrics({ route, status, durationMs, coldStart }: RequestMeasure): void {
  // An object a request: dimensions on a shared one would mix between overlapping requests.
  const metrics = new Metrics({ namespace: 'Duet', serviceName });
  metrics.addDimension('route', route);
  metrics.addMetric('Requests', MetricUnit.Count, 1);
  metrics.addMetric('Errors', MetricUnit.Count, status >= 500 ? 1 : 0);
  metrics.addMetric('Latency', MetricUnit.Milliseconds, durationMs);
  if (coldStart) {
    metrics.addMetric('ColdStart', MetricUnit.Count, 1);
  }
  metrics.publishStoredMetrics();
}
