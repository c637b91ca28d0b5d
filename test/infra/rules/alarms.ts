import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { add, after, remove } from '../mutate.js';
import { type Attributes, attributesOf, ofType, type Plan, type PlannedResource } from '../plan.js';
import { type Check, type Rule, same, unless } from '../rule.js';

/** The metrics that the code writes, and the one that a filter makes of its log. */
const emittedMetrics = new Set([
  ...['src/lambda/outbox.ts', 'src/features/streams/stream-handler.ts', 'src/platform/observability/request-metrics.ts'].flatMap((file) =>
    [...readFileSync(resolve(file), 'utf8').matchAll(/name: '(\w+)', unit:/g)].map(([, name]) => name ?? ''),
  ),
  'CodeCacheRejections',
]);

/** What alarms and dashboard show of an environment's own metrics, or of what should be them. */
function metricsOfOurs(plan: Plan, environment: string): string[] {
  const alarms = attributesOf(plan, 'aws_cloudwatch_metric_alarm').filter(({ namespace }) => namespace && !String(namespace).startsWith('AWS/'));
  return alarms.map(({ namespace, metric_name: metric }) => (namespace === `duet-${environment}` ? String(metric) : `${namespace} ${metric}`));
}

/** Every queue, function, table and instance has its alarms, the service its own; and each tells somebody. */
const everythingIsWatched: Check = (plan, { name: environment }) => {
  const alarms = ofType(plan, 'aws_cloudwatch_metric_alarm');
  const watches = ({ after }: PlannedResource['change'], namespace: string, metric: string, dimensions: Attributes): boolean =>
    [after, ...((after['metric_query'] ?? []) as Attributes[]).flatMap((query) => (query['metric'] ?? []) as Attributes[])].some(
      (watched) =>
        watched['namespace'] === namespace &&
        watched['metric_name'] === metric &&
        Object.entries(dimensions).every(([name, value]) => watched['dimensions']?.[name] === value),
    );
  const watched = (namespace: string, metric: string, dimensions: Attributes): string[] =>
    unless(
      alarms.some(({ change }) => watches(change, namespace, metric, dimensions)),
      `no alarm on ${metric} of ${Object.values(dimensions).join(', ') || namespace}`,
    );
  return [
    ...attributesOf(plan, 'aws_sqs_queue').flatMap(({ name }) => watched('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: name })),
    ...attributesOf(plan, 'aws_lambda_function').flatMap(({ function_name: name }) =>
      ['Errors', 'Throttles'].flatMap((metric) => watched('AWS/Lambda', metric, { FunctionName: name })),
    ),
    ...attributesOf(plan, 'aws_dynamodb_table').flatMap(({ name }) =>
      ['ReadThrottleEvents', 'WriteThrottleEvents', 'SystemErrors'].flatMap((metric) => watched('AWS/DynamoDB', metric, { TableName: name })),
    ),
    ...attributesOf(plan, 'aws_db_instance').flatMap(({ identifier }) =>
      ['DatabaseConnections', 'FreeStorageSpace'].flatMap((metric) => watched('AWS/RDS', metric, { DBInstanceIdentifier: identifier })),
    ),
    ...attributesOf(plan, 'aws_cloudwatch_event_rule').flatMap(({ name }) => watched('AWS/Events', 'FailedInvocations', { RuleName: name })),
    // The API's id is not known yet.
    ...watched('AWS/ApiGateway', '5xx', {}),
    ...watched('AWS/ApiGateway', 'Latency', {}),
    ...watched('AWS/Lambda', 'IteratorAge', {}),
    ...['OutboxOldestPendingAge', 'OutboxDead', 'IsolatedStreamRecords'].flatMap((metric) => watched(`duet-${environment}`, metric, { service: 'duet' })),
    ...metricsOfOurs(plan, environment).flatMap((metric) => unless(emittedMetrics.has(metric), `nothing emits ${metric}, which is watched`)),
    ...alarms.flatMap(({ address, change }) =>
      unless(Boolean(change.after_unknown['alarm_actions']) || change.after['alarm_actions']?.length > 0, `${address} tells nobody`),
    ),
    ...unless(ofType(plan, 'aws_cloudwatch_dashboard').length === 1, 'there is not one dashboard'),
    ...unless(ofType(plan, 'aws_budgets_budget').length === 1, 'there is no budget'),
    // What is spent is found by the tag that everything carries: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html
    ...attributesOf(plan, 'aws_budgets_budget').flatMap(({ cost_filter: filters }) =>
      unless(
        same(
          (filters as Attributes[]).map(({ name, values }) => [name, values]),
          [['TagKeyValue', [`user:Stack$duet-${environment}`]]],
        ),
        `the budget counts ${JSON.stringify(filters)}`,
      ),
    ),
  ];
};

export const alarmRules: readonly Rule[] = [
  {
    promise: 'Every queue, function, table, rule and instance has its alarms, and each alarm notifies',
    check: everythingIsWatched,
    mutations: [
      {
        what: 'a queue nobody watches',
        change: (plan) => add(plan, 'aws_sqs_queue', { name: 'duet-prod-forgotten' }),
        says: /no alarm on ApproximateNumberOfMessagesVisible of duet-prod-forgotten/,
      },
      {
        what: 'a function whose errors nobody watches',
        change: (plan) => remove(plan, ({ change }) => change.after['alarm_name'] === 'duet-prod-migrate-errors'),
        says: /no alarm on Errors of duet-prod-migrate/,
      },
      {
        what: 'an outbox nobody watches',
        change: (plan) => remove(plan, ({ change }) => change.after['metric_name'] === 'OutboxOldestPendingAge'),
        says: /OutboxOldestPendingAge/,
      },
      {
        what: 'an alarm on a metric that nothing emits',
        change: (plan) => add(plan, 'aws_cloudwatch_metric_alarm', { namespace: 'duet-prod', metric_name: 'OutboxAge', alarm_actions: ['topic'] }),
        says: /nothing emits OutboxAge/,
      },
      {
        what: "another environment's metric",
        change: (plan) => add(plan, 'aws_cloudwatch_metric_alarm', { namespace: 'duet-dev', metric_name: 'OutboxDead', alarm_actions: ['topic'] }),
        says: /nothing emits duet-dev OutboxDead/,
      },
      {
        what: 'an alarm that tells nobody',
        change: (plan) => {
          const alarm = ofType(plan, 'aws_cloudwatch_metric_alarm')[0]?.change;
          Object.assign(alarm?.after_unknown ?? {}, { alarm_actions: undefined });
          Object.assign(alarm?.after ?? {}, { alarm_actions: [] });
        },
        says: /tells nobody/,
      },
      {
        what: 'a budget of another tag',
        change: (plan) => (after(plan, 'aws_budgets_budget')['cost_filter'][0].values = ['user:Stack${var.name}']),
        says: /the budget counts .*user:Stack\$\{var\.name\}/,
      },
    ],
  },
];
