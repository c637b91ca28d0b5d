import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { serviceName } from './log.js';

const units = { count: MetricUnit.Count, milliseconds: MetricUnit.Milliseconds, seconds: MetricUnit.Seconds } as const;

/** One value of a metric. */
export interface Measure {
  readonly name: string;
  readonly unit: keyof typeof units;
  readonly value: number;
}

/** By namespace, of which a process has one. */
const kept = new Map<string, Metrics>();

/**
 * Writes measures as one embedded-metric-format line, from which CloudWatch makes metrics that an alarm can watch, at no call's cost.
 * They carry the dimension `service` and those given; `beside` are fields that are no metrics. Each environment has a namespace of its own: two in one account must not mix.
 */
export function emitMetrics(
  namespace: string,
  measures: readonly Measure[],
  dimensions: Readonly<Record<string, string>> = {},
  beside: Readonly<Record<string, unknown>> = {},
): void {
  // One for all lines, since making one takes as long as the rest of a request without a store. Overlapping requests cannot mix on it: what
  // is put on it here is published and gone before anyone else runs.
  const metrics = kept.get(namespace) ?? new Metrics({ namespace, serviceName });
  kept.set(namespace, metrics);
  for (const [name, value] of Object.entries(dimensions)) {
    metrics.addDimension(name, value);
  }
  for (const { name, unit, value } of measures) {
    metrics.addMetric(name, units[unit], value);
  }
  for (const [name, value] of Object.entries(beside)) {
    // Any JSON value may stand there; the library's type knows text only.
    metrics.addMetadata(name, value as string);
  }
  metrics.publishStoredMetrics();
}
