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

/** Every queue, function, table and instance has its alarms, the service its own; and each notifies the topic. */
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
      unless(Boolean(change.after_unknown['alarm_actions']) || change.after['alarm_actions']?.length > 0, `${address} notifies no one`),
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

/** Each cold start says that the code cache does not fit, until the next package: one message a day says as much as a thousand. */
const codeCacheSaysSoOnce: Check = (plan) => {
  const alarms = ofType(plan, 'aws_cloudwatch_metric_alarm').filter(({ change }) => change.after['metric_name'] === 'CodeCacheRejections');
  return [
    ...unless(alarms.length === 1, 'there is not one alarm on the code cache'),
    ...alarms.flatMap(({ change }) =>
      unless(
        change.after['period'] === 86_400 && same(change.after['ok_actions'] ?? [], []) && change.after_unknown['ok_actions'] !== true,
        'the code cache alarms again and again',
      ),
    ),
  ];
};

/** The release is taken back by errors or a slow hundredth of the version that is new. */
const releasesComeBack: Check = (plan) => {
  const [group] = attributesOf(plan, 'aws_codedeploy_deployment_group');
  const watched = (group?.['alarm_configuration']?.[0]?.alarms ?? []) as string[];
  const alarms = ofType(plan, 'aws_cloudwatch_metric_alarm').filter(({ change }) => watched.includes(change.after['alarm_name']));
  return [
    ...unless(group?.['deployment_config_name'] === plan.variables['release']?.value, 'requests are moved in another way than the kind says'),
    ...unless(
      same(group?.['auto_rollback_configuration']?.[0]?.events, ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM']) &&
        group?.['alarm_configuration']?.[0]?.enabled === true,
      'a release that fails is not taken back',
    ),
    ...unless(same(alarms.map(({ change }) => change.after['metric_name']).sort(), ['Duration', 'Errors']), 'errors and p99 do not stop a release'),
    ...alarms.flatMap(({ address, change }) =>
      unless(
        Object.hasOwn((change.after_unknown['dimensions'] ?? {}) as Attributes, 'ExecutedVersion') || change.after_unknown['dimensions'] === true,
        `${address} watches other versions than the new one`,
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
        what: 'an unwatched queue',
        change: (plan) => add(plan, 'aws_sqs_queue', { name: 'duet-prod-forgotten' }),
        says: /no alarm on ApproximateNumberOfMessagesVisible of duet-prod-forgotten/,
      },
      {
        what: 'a function whose errors are not watched',
        change: (plan) => remove(plan, ({ change }) => change.after['alarm_name'] === 'duet-prod-migrate-errors'),
        says: /no alarm on Errors of duet-prod-migrate/,
      },
      {
        what: 'an unwatched outbox',
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
        what: 'an alarm that notifies no one',
        change: (plan) => {
          const alarm = ofType(plan, 'aws_cloudwatch_metric_alarm')[0]?.change;
          Object.assign(alarm?.after_unknown ?? {}, { alarm_actions: undefined });
          Object.assign(alarm?.after ?? {}, { alarm_actions: [] });
        },
        says: /notifies no one/,
      },
      {
        what: 'a budget of another tag',
        change: (plan) => (after(plan, 'aws_budgets_budget')['cost_filter'][0].values = ['user:Stack${var.name}']),
        says: /the budget counts .*user:Stack\$\{var\.name\}/,
      },
    ],
  },
  {
    promise: 'A code cache that does not fit is reported once, not at every cold start',
    check: codeCacheSaysSoOnce,
    mutations: [
      {
        what: 'an alarm by the minute',
        change: (plan) =>
          ofType(plan, 'aws_cloudwatch_metric_alarm')
            .filter(({ index }) => index === 'code-cache')
            .forEach(({ change }) => (change.after['period'] = 60)),
        says: /again and again/,
      },
    ],
  },
  {
    promise: 'A release comes back by itself when the new version fails or is slow',
    check: releasesComeBack,
    mutations: [
      {
        what: 'no way back',
        change: (plan) => (after(plan, 'aws_codedeploy_deployment_group')['auto_rollback_configuration'] = []),
        says: /not taken back/,
      },
      {
        what: 'a release that p99 does not stop',
        change: (plan) => (after(plan, 'aws_codedeploy_deployment_group')['alarm_configuration'][0].alarms = ['duet-prod-release-errors']),
        says: /do not stop a release/,
      },
      {
        what: 'alarms on whatever version',
        change: (plan) =>
          ofType(plan, 'aws_cloudwatch_metric_alarm')
            .filter(({ index }) => index === 'p99')
            .forEach(({ change }) => (change.after_unknown['dimensions'] = {})),
        says: /watches other versions/,
      },
    ],
  },
];
