import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { serviceName } from './log.js';

const units = { count: MetricUnit.Count, seconds: MetricUnit.Seconds } as const;

/** One value of a metric. */
export interface Measure {
  readonly name: string;
  readonly unit: keyof typeof units;
  readonly value: number;
}

/** Writes measures as one embedded-metric-format line, from which CloudWatch makes metrics that an alarm can watch. */
export function emitMetrics(measures: readonly Measure[]): void {
  const metrics = new Metrics({ namespace: 'Duet', serviceName });
  for (const { name, unit, value } of measures) {
    metrics.addMetric(name, units[unit], value);
  }
  metrics.publishStoredMetrics();
}
