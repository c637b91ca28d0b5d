import { after, remove } from '../mutate.js';
import { attributesOf, ofType } from '../plan.js';
import { type Check, type Rule, same, unless } from '../rule.js';

/** Queues are encrypted, and keep what lies in them as long as SQS can. */
const queuesAreSafe: Check = (plan) =>
  attributesOf(plan, 'aws_sqs_queue').flatMap((queue) => [
    ...unless(queue['sqs_managed_sse_enabled'] === true, `${queue['name']} is not encrypted`),
    ...unless(queue['message_retention_seconds'] === 1_209_600, `${queue['name']} does not keep messages for 14 days`),
  ]);

/** Both streams: bisected, retried within bounds, reported record by record, with a queue for what fails. */
const streamsAreBounded: Check = (plan) => {
  const mappings = ofType(plan, 'aws_lambda_event_source_mapping');
  return [
    ...unless(same(mappings.map(({ index }) => index).sort(), ['records', 'todos']), 'not both streams are worked off'),
    ...mappings.flatMap(({ address, change: { after, after_unknown: unknown } }) => [
      ...unless(after['bisect_batch_on_function_error'] === true, `${address} does not bisect`),
      ...unless(after['maximum_retry_attempts'] > 0 && after['maximum_retry_attempts'] <= 10_000, `${address} retries for ever`),
      // A stream keeps records for a day: what is given up must still be there to be read.
      ...unless(after['maximum_record_age_in_seconds'] > 0 && after['maximum_record_age_in_seconds'] < 86_400, `${address} gives up too late`),
      ...unless(same(after['function_response_types'], ['ReportBatchItemFailures']), `${address} repeats whole batches`),
      ...unless(
        Boolean(
          after['destination_config']?.[0]?.on_failure?.[0] &&
          (after['destination_config'][0].on_failure[0].destination_arn ?? unknown['destination_config'][0].on_failure[0].destination_arn),
        ),
        `${address} loses what fails`,
      ),
    ]),
  ];
};

/** The outbox runs every minute, and what cannot be started or fails lies in a queue. */
const outboxRuns: Check = (plan) => [
  ...unless(ofType(plan, 'aws_scheduler_schedule').length === 1, 'nothing starts the outbox'),
  ...ofType(plan, 'aws_scheduler_schedule').flatMap(({ change: { after } }) => [
    ...unless(after['schedule_expression'] === 'rate(1 minute)', 'the outbox does not run every minute'),
    ...unless(after['target'][0].dead_letter_config?.length === 1, 'the schedule loses what it cannot start'),
  ]),
  ...unless(
    attributesOf(plan, 'aws_lambda_function_event_invoke_config').some(({ destination_config: config }) => config?.[0]?.on_failure?.length === 1),
    'a run of the outbox that fails leaves no trace in a queue',
  ),
];

/** Every target on the bus retries within bounds and has a dead-letter queue; record.created goes to the API destination, reshaped. */
const eventsAreDelivered: Check = (plan, { name: environment }) => {
  const targets = ofType(plan, 'aws_cloudwatch_event_target');
  const webhook = attributesOf(plan, 'aws_cloudwatch_event_rule').find(({ name }) => name === `duet-${environment}-record-created`);
  return [
    ...unless(ofType(plan, 'aws_cloudwatch_event_archive').length === 1, 'the bus has no archive'),
    // What docs/consistency.md promises of an erased user's events.
    ...attributesOf(plan, 'aws_cloudwatch_event_archive').flatMap(({ retention_days: days }) =>
      unless(days === 7, `an erased user's events are kept ${days} days`),
    ),
    ...unless(
      same(webhook?.['event_pattern'] && JSON.parse(webhook['event_pattern']), { 'detail-type': ['record.created'], source: ['duet'] }),
      'no rule takes record.created',
    ),
    ...unless(
      ofType(plan, 'aws_cloudwatch_event_api_destination').length === 1 && ofType(plan, 'aws_cloudwatch_event_connection').length === 1,
      'there is no API destination',
    ),
    ...unless(
      targets.some(({ change: { after } }) => after['rule'] === webhook?.['name'] && after['input_transformer']?.length === 1),
      'record.created is not reshaped for its receiver',
    ),
    ...targets.flatMap(({ address, change: { after } }) => [
      ...unless(
        after['retry_policy']?.[0]?.maximum_retry_attempts > 0 && after['retry_policy'][0].maximum_event_age_in_seconds > 0,
        `${address} does not retry`,
      ),
      ...unless(after['dead_letter_config']?.length === 1, `${address} loses what it cannot deliver`),
    ]),
  ];
};

export const deliveryRules: readonly Rule[] = [
  {
    promise: 'Queues are encrypted and keep messages for 14 days',
    check: queuesAreSafe,
    mutations: [
      { what: 'no encryption', change: (plan) => (after(plan, 'aws_sqs_queue')['sqs_managed_sse_enabled'] = false), says: /not encrypted/ },
      {
        what: 'messages that go after four days',
        change: (plan) => (after(plan, 'aws_sqs_queue')['message_retention_seconds'] = 345_600),
        says: /14 days/,
      },
    ],
  },
  {
    promise: 'Stream batches are bisected, retried within bounds and end in a queue',
    check: streamsAreBounded,
    mutations: [
      {
        what: 'one stream only',
        change: (plan) => remove(plan, ({ type, index }) => type === 'aws_lambda_event_source_mapping' && index === 'records'),
        says: /not both/,
      },
      {
        what: 'retries without end',
        change: (plan) => (after(plan, 'aws_lambda_event_source_mapping')['maximum_retry_attempts'] = -1),
        says: /for ever/,
      },
      {
        what: 'no bisecting',
        change: (plan) => (after(plan, 'aws_lambda_event_source_mapping')['bisect_batch_on_function_error'] = false),
        says: /bisect/,
      },
      {
        what: 'no queue for failures',
        change: (plan) => (after(plan, 'aws_lambda_event_source_mapping')['destination_config'] = []),
        says: /loses what fails/,
      },
    ],
  },
  {
    promise: 'The outbox runs every minute, and its failures end in a queue',
    check: outboxRuns,
    mutations: [
      {
        what: 'once an hour',
        change: (plan) => (after(plan, 'aws_scheduler_schedule')['schedule_expression'] = 'rate(1 hour)'),
        says: /every minute/,
      },
      { what: 'no queue', change: (plan) => (after(plan, 'aws_scheduler_schedule')['target'][0].dead_letter_config = []), says: /loses/ },
    ],
  },
  {
    promise: 'Every target on the bus retries within bounds and has a dead-letter queue',
    check: eventsAreDelivered,
    mutations: [
      { what: 'no queue', change: (plan) => (after(plan, 'aws_cloudwatch_event_target')['dead_letter_config'] = []), says: /loses/ },
      {
        what: 'an archive of months',
        change: (plan) => (after(plan, 'aws_cloudwatch_event_archive')['retention_days'] = 90),
        says: /kept 90 days/,
      },
      {
        what: 'no retries',
        change: (plan) => (after(plan, 'aws_cloudwatch_event_target')['retry_policy'] = []),
        says: /does not retry/,
      },
      {
        what: 'a rule for another event',
        change: (plan) =>
          (after(plan, 'aws_cloudwatch_event_rule', 'record-created')['event_pattern'] = JSON.stringify({
            source: ['duet'],
            'detail-type': ['record.create'],
          })),
        says: /no rule takes/,
      },
    ],
  },
];
