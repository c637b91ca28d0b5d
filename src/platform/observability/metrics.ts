import { serviceName } from './log.js';

const units = { count: 'Count', milliseconds: 'Milliseconds', seconds: 'Seconds' } as const;

/** One value of a metric. */
export interface Measure {
  readonly name: string;
  readonly unit: keyof typeof units;
  readonly value: number;
}

/**
 * Writes measures as one line in the embedded metric format, from which CloudWatch makes metrics that an alarm can watch, at no call's cost:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * They carry the dimension `service` and those given; `beside` are fields that are no metrics. Each environment has a namespace of its own: two in
 * one account must not mix.
 */
export function emitMetrics(
  namespace: string,
  measures: readonly Measure[],
  dimensions: Readonly<Record<string, string>> = {},
  beside: Readonly<Record<string, unknown>> = {},
): void {
  const all = { service: serviceName, ...dimensions };
  const definition = {
    Namespace: namespace,
    Dimensions: [Object.keys(all)],
    Metrics: measures.map(({ name, unit }) => ({ Name: name, Unit: units[unit] })),
  };
  const values = Object.fromEntries(measures.map(({ name, value }) => [name, value]));
  process.stdout.write(`${JSON.stringify({ _aws: { Timestamp: Date.now(), CloudWatchMetrics: [definition] }, ...beside, ...all, ...values })}\n`);
}
