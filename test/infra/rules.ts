import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { functionVariables } from '../support/function-variables.js';
import { ConfigError, environmentSchema, type Part, parseConfig } from '../../src/config/config.js';
import { comparePermissions } from './permissions.js';
import { type Attributes, attributesOf, moduleAt, ofType, type Plan, type PlannedResource, type Statement, statementsOf } from './plan.js';

/** What a rule is told besides the plan. */
export interface Environment {
  readonly name: 'dev' | 'prod';
}

/** Says what is wrong with a plan; an empty list when nothing is. */
export type Rule = (plan: Plan, environment: Environment) => string[];

interface TableDefinition {
  readonly variable: string;
  readonly partitionKey: string;
  readonly sortKey?: string;
  readonly localIndexes?: Record<string, { sortKey: string; projection: string }>;
  readonly ttl?: string;
  readonly stream?: string;
  readonly tableClass: string;
}

const tableDefinitions = Object.entries(JSON.parse(readFileSync(resolve('infra/tables.json'), 'utf8')) as Record<string, TableDefinition>);

const functionNames = ['http', 'migrate', 'outbox', 'stream'] as const;

const kebab = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const unless = (holds: boolean, problem: string): string[] => (holds ? [] : [problem]);
const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** Nothing is left out, and nothing exists that would be changed. */
export const planIsWhole: Rule = (plan) => [
  ...unless(!plan.errored && plan.complete, 'the plan is not complete'),
  ...plan.resource_changes.flatMap(({ address, change }) => unless(same(change.actions, ['create']), `${address} would be ${change.actions.join(' and ')}d`)),
];

/** Keys, indexes, expiry, streams and class are those of infra/tables.json, the definition of the local stores. */
export const tablesAreTheSharedDefinition: Rule = (plan, { name: environment }) =>
  tableDefinitions.flatMap(([key, definition]) => {
    const name = `duet-${environment}-${kebab(key)}`;
    const table = attributesOf(plan, 'aws_dynamodb_table').find((candidate) => candidate['name'] === name);
    if (table === undefined) {
      return [`no table ${name}`];
    }
    const indexes = (table['local_secondary_index'] ?? []) as Attributes[];
    const planned: Attributes = {
      hash_key: table['hash_key'],
      range_key: table['range_key'] ?? null,
      // The provider shows the default as nothing.
      table_class: table['table_class'] ?? 'STANDARD',
      stream_enabled: table['stream_enabled'],
      stream_view_type: table['stream_view_type'] ?? null,
      ttl: ((table['ttl'] ?? []) as Attributes[]).map((ttl) => [ttl['attribute_name'], ttl['enabled']]),
      indexes: indexes.map((index) => [index['name'], index['range_key'], index['projection_type']]),
    };
    const expected: Attributes = {
      hash_key: definition.partitionKey,
      range_key: definition.sortKey ?? null,
      table_class: definition.tableClass,
      stream_enabled: definition.stream !== undefined,
      stream_view_type: definition.stream ?? null,
      ttl: definition.ttl === undefined ? [] : [[definition.ttl, true]],
      indexes: Object.entries(definition.localIndexes ?? {}).map(([index, { sortKey, projection }]) => [index, sortKey, projection]),
    };
    return Object.entries(expected).flatMap(([attribute, value]) =>
      unless(same(planned[attribute], value), `${name}: ${attribute} is ${JSON.stringify(planned[attribute])}, not ${JSON.stringify(value)}`),
    );
  });

/** On demand, encrypted, recoverable to any second of the last 35 days, and in production not to be deleted. */
export const tablesAreSafe: Rule = (plan, { name: environment }) => [
  ...unless(ofType(plan, 'aws_dynamodb_table').length === tableDefinitions.length, 'there are other tables than those of infra/tables.json'),
  ...attributesOf(plan, 'aws_dynamodb_table').flatMap((table) => [
    ...unless(table['billing_mode'] === 'PAY_PER_REQUEST', `${table['name']} is not on demand`),
    ...unless(table['server_side_encryption']?.[0]?.enabled === true, `${table['name']} is not encrypted with a key of the account`),
    ...unless(table['point_in_time_recovery']?.[0]?.enabled === true, `${table['name']} has no point-in-time recovery`),
    ...unless(environment === 'dev' || table['deletion_protection_enabled'] === true, `${table['name']} can be deleted`),
  ]),
];

/** Encrypted, private, backed up, reached with TLS and IAM only, as the owner or as the application; the owner's password is RDS's own business. */
export const postgresIsSafe: Rule = (plan, { name: environment }) => {
  const parameters = attributesOf(plan, 'aws_db_parameter_group').flatMap(({ parameter }) => parameter as { name: string; value: string }[]);
  return [
    ...unless(ofType(plan, 'aws_db_instance').length > 0, 'there is no database'),
    ...unless(
      parameters.some(({ name, value }) => name === 'rds.force_ssl' && value === '1'),
      'TLS is not forced',
    ),
    ...attributesOf(plan, 'aws_db_instance').flatMap((instance) => [
      ...unless(instance['storage_encrypted'] === true, `${instance['identifier']} is not encrypted`),
      ...unless(instance['publicly_accessible'] === false, `${instance['identifier']} is public`),
      ...unless(instance['iam_database_authentication_enabled'] === true, `${instance['identifier']} has no IAM authentication`),
      ...unless(instance['manage_master_user_password'] === true && !instance['password'], `${instance['identifier']} has a password of ours`),
      ...unless(instance['backup_retention_period'] >= 1, `${instance['identifier']} has no backups`),
      ...unless(instance['max_allocated_storage'] > instance['allocated_storage'], `${instance['identifier']} cannot grow`),
      ...unless(environment === 'dev' || instance['deletion_protection'] === true, `${instance['identifier']} can be deleted`),
      ...unless(environment === 'dev' || instance['skip_final_snapshot'] === false, `${instance['identifier']} leaves no final snapshot`),
    ]),
    ...unless(ofType(plan, 'aws_db_proxy').length === 1, 'there is not one proxy'),
    ...attributesOf(plan, 'aws_db_proxy').flatMap((proxy) => [
      ...unless(proxy['require_tls'] === true, 'the proxy takes connections without TLS'),
      ...unless((proxy['auth'] as Attributes[]).length === 2, 'the proxy lets in others than the owner and the application'),
      ...unless(
        (proxy['auth'] as Attributes[]).every(({ iam_auth: iam }) => iam === 'REQUIRED'),
        'the proxy takes passwords',
      ),
    ]),
  ];
};

/** Queues are encrypted, and keep what lies in them as long as SQS can. */
export const queuesAreSafe: Rule = (plan) =>
  attributesOf(plan, 'aws_sqs_queue').flatMap((queue) => [
    ...unless(queue['sqs_managed_sse_enabled'] === true, `${queue['name']} is not encrypted`),
    ...unless(queue['message_retention_seconds'] === 1_209_600, `${queue['name']} does not keep messages for 14 days`),
  ]);

/** Every log ends some day, and each function, the API and the database write to one that Terraform made. */
export const logsAreRetained: Rule = (plan, { name: environment }) => {
  const groups = attributesOf(plan, 'aws_cloudwatch_log_group');
  const prefix = `duet-${environment}`;
  const expected = [
    ...functionNames.map((name) => `/aws/lambda/${prefix}-${name}`),
    `/aws/vendedlogs/${prefix}-http-access`,
    `/aws/rds/instance/${prefix}-postgres/postgresql`,
    `/aws/rds/instance/${prefix}-postgres/upgrade`,
    `/aws/rds/proxy/${prefix}-proxy`,
  ];
  return [
    ...groups.flatMap((group) => unless(group['retention_in_days'] > 0, `${group['name']} is kept for ever`)),
    ...expected.flatMap((name) =>
      unless(
        groups.some((group) => group['name'] === name),
        `${name} would be made by AWS, and kept for ever`,
      ),
    ),
  ];
};

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
export const everythingIsWatched: Rule = (plan, { name: environment }) => {
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
  ];
};

const waysIn = [
  'aws_internet_gateway',
  'aws_egress_only_internet_gateway',
  'aws_nat_gateway',
  'aws_eip',
  'aws_lambda_function_url',
  'aws_lb',
  'aws_s3_bucket',
  'aws_instance',
];
const resourcePolicies = [
  'aws_sqs_queue_policy',
  'aws_sns_topic_policy',
  'aws_secretsmanager_secret_policy',
  'aws_cloudwatch_event_bus_policy',
  'aws_dynamodb_resource_policy',
];

/** The HTTP API is the one way in, and there is no way out of the VPC but its endpoints. */
export const nothingElseIsPublic: Rule = (plan) => [
  ...waysIn.flatMap((type) => ofType(plan, type).map(({ address }) => `${address} is a way in or out`)),
  ...ofType(plan, 'aws_subnet').flatMap(({ address, change }) => unless(!change.after['map_public_ip_on_launch'], `${address} gives public addresses`)),
  ...['aws_vpc_security_group_ingress_rule', 'aws_vpc_security_group_egress_rule'].flatMap((type) =>
    ofType(plan, type).flatMap(({ address, change }) => [
      ...unless(!change.after['cidr_ipv4'] && !change.after['cidr_ipv6'], `${address} names addresses, not a security group`),
      ...unless(change.after['ip_protocol'] === 'tcp' && change.after['from_port'] === change.after['to_port'], `${address} opens more than one port`),
    ]),
  ),
  ...ofType(plan, 'aws_security_group').flatMap(({ address, change }) =>
    unless(!(change.after['ingress']?.length > 0) && !(change.after['egress']?.length > 0), `${address} has rules of its own`),
  ),
  ...resourcePolicies.flatMap((type) =>
    ofType(plan, type)
      .flatMap((resource) => statementsOf(resource))
      .flatMap(({ address, effect, source }) =>
        unless(
          effect === 'Deny' || (typeof source['Principal'] === 'object' && source['Principal'].Service !== undefined && source['Condition'] !== undefined),
          `${address} lets in more than one service on our behalf`,
        ),
      ),
  ),
  ...ofType(plan, 'aws_lambda_permission').flatMap(({ address, change }) =>
    unless(
      change.after['principal'] === 'apigateway.amazonaws.com' && Boolean(change.after['source_arn'] ?? change.after_unknown['source_arn']),
      `${address} lets in more than the API`,
    ),
  ),
];

/** Runtime, trace, network, published version behind an alias, runtime pinned to the deployment: the same for each function. */
export const functionsAreAlike: Rule = (plan, { name: environment }) => {
  const functions = attributesOf(plan, 'aws_lambda_function');
  const named = (type: string, name: string): Attributes[] => attributesOf(plan, type).filter((attributes) => attributes['function_name'] === name);
  return [
    ...unless(
      same(
        functions.map(({ function_name: name }) => name).sort(),
        functionNames.map((name) => `duet-${environment}-${name}`),
      ),
      'there are other functions than http, migrate, outbox and stream',
    ),
    ...functions.flatMap((lambda) => {
      const name = lambda['function_name'] as string;
      return [
        ...unless(lambda['runtime'] === 'nodejs22.x', `${name} runs on ${lambda['runtime']}`),
        ...unless(lambda['handler'] === 'index.handler', `${name} has the handler ${lambda['handler']}`),
        ...unless(
          same(lambda['architectures'], ['arm64']) || same(lambda['architectures'], ['x86_64']),
          `${name} has the architecture ${lambda['architectures']}`,
        ),
        ...unless(lambda['publish'] === true, `${name} publishes no version`),
        ...unless(lambda['tracing_config']?.[0]?.mode === 'Active', `${name} is not traced`),
        ...unless(lambda['vpc_config']?.length === 1, `${name} is outside the VPC`),
        ...unless(named('aws_lambda_alias', name).length === 1, `${name} has no alias`),
        ...unless(
          named('aws_lambda_runtime_management_config', name).length === 2 &&
            named('aws_lambda_runtime_management_config', name).every(({ update_runtime_on: when }) => when === 'FunctionUpdate'),
          `${name}'s runtime changes beneath it`,
        ),
      ];
    }),
  ];
};

/** Both streams: bisected, retried within bounds, reported record by record, with a queue for what fails. */
export const streamsAreBounded: Rule = (plan) => {
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
export const outboxRuns: Rule = (plan) => [
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
export const eventsAreDelivered: Rule = (plan, { name: environment }) => {
  const targets = ofType(plan, 'aws_cloudwatch_event_target');
  const webhook = attributesOf(plan, 'aws_cloudwatch_event_rule').find(({ name }) => name === `duet-${environment}-record-created`);
  return [
    ...unless(ofType(plan, 'aws_cloudwatch_event_archive').length === 1, 'the bus has no archive'),
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

/** Stage $default, deployed by itself, throttled (the counter more so), logged without addresses. */
export const apiIsGuarded: Rule = (plan) => {
  const stages = attributesOf(plan, 'aws_apigatewayv2_stage');
  const routes = attributesOf(plan, 'aws_apigatewayv2_route').map(({ route_key: key }) => key as string);
  return [
    ...unless(stages.length === 1 && stages[0]?.['name'] === '$default', 'the stage is not $default alone'),
    ...unless(routes.includes('$default'), 'not every route reaches the function'),
    ...stages.flatMap((stage) => {
      const whole = stage['default_route_settings']?.[0] ?? {};
      const counter = (stage['route_settings'] as Attributes[]).filter(({ route_key: key }) => (key as string).endsWith('/counter'));
      const log = String(stage['access_log_settings']?.[0]?.format ?? '');
      return [
        ...unless(stage['auto_deploy'] === true, 'the stage does not deploy by itself'),
        ...unless(whole.throttling_rate_limit > 0 && whole.throttling_burst_limit > 0, 'the API is not throttled'),
        ...unless(
          same(counter.map(({ route_key: key }) => key as string).sort(), ['GET /counter', 'POST /counter']) &&
            counter.every(
              (route) =>
                routes.includes(route['route_key']) && route['throttling_rate_limit'] > 0 && route['throttling_rate_limit'] < whole.throttling_rate_limit,
            ),
          'the counter is not throttled by itself',
        ),
        ...unless(log.includes('$context.requestId') && log.includes('$context.status'), 'requests are not logged'),
        ...unless(!/identity\.|\$context\.path|rawPath|authorizer/.test(log), 'the access log tells of people'),
      ];
    }),
    ...attributesOf(plan, 'aws_apigatewayv2_api').flatMap(({ cors_configuration: cors }) =>
      unless(!(cors as Attributes[])?.some(({ allow_origins: origins }) => origins.includes('*')), 'pages of any origin may call the API'),
    ),
  ];
};

/** Where `*` is all that AWS offers, by the statement's id. */
const everyResource: Readonly<Record<string, string>> = {
  Traces: 'X-Ray has no resources to name',
  NetworkInterfaces: 'Lambda refuses a function in a VPC whose role cannot do this on all resources',
  NetworkInterfacesNotFromCode: 'a denial',
};

/** Where a part of a resource's name is AWS's, and not known when planning. */
const openEnds: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: /^arn:aws:logs:[^*?]*:log-group:[^*?]*:\*$/, reason: 'the streams of one log group' },
  { pattern: /^arn:aws:dynamodb:[^*?]*:table\/[^*?]*\/stream\/\*$/, reason: 'a stream is named by the time it was enabled' },
  { pattern: /^arn:aws:secretsmanager:[^*?]*:secret:[^*?]*-\?{6}$/, reason: 'six characters of AWS end the name of a secret' },
  { pattern: /^arn:aws:events:[^*?]*:api-destination\/[^*?]*\/\*$/, reason: 'an id of AWS ends the name of a destination' },
];

/** Policies whose resource AWS names when it is made; what they name is the plan-only test's to check (envs/dev/tests). */
const knownAfterApply = [
  'module.duet.module.api.aws_iam_role_policy.connect["http"]',
  'module.duet.module.api.aws_iam_role_policy.connect["migrate"]',
  'module.duet.module.api.aws_iam_role_policy.connect["outbox"]',
  'module.duet.module.database.aws_iam_role_policy.proxy',
];

const policies = (plan: Plan): Statement[] => ofType(plan, 'aws_iam_role_policy').flatMap((resource) => statementsOf(resource));

/** Exact actions on exact resources; every exception is in a list here, with its reason. */
export const policiesAreExact: Rule = (plan) => [
  ...policies(plan).flatMap((statement) => [
    ...unless(statement.actions.length > 0 && statement.source['NotAction'] === undefined, `${statement.address} ${statement.sid} names no actions`),
    ...unless(statement.resources.length > 0 && statement.source['NotResource'] === undefined, `${statement.address} ${statement.sid} names no resources`),
    ...statement.actions.flatMap((action) => unless(/^[a-z0-9-]+:[A-Za-z]+$/.test(action), `${statement.address} ${statement.sid} allows ${action}`)),
    ...statement.resources.flatMap((resource) =>
      unless(
        resource === '*' ? everyResource[statement.sid] !== undefined : !/[*?]/.test(resource) || openEnds.some(({ pattern }) => pattern.test(resource)),
        `${statement.address} ${statement.sid} reaches ${resource}`,
      ),
    ),
  ]),
  ...unless(
    same(
      ofType(plan, 'aws_iam_role_policy')
        .filter(({ change }) => typeof change.after['policy'] !== 'string')
        .map(({ address }) => address)
        .sort(),
      knownAfterApply,
    ),
    'other policies than those listed are known only after the apply',
  ),
  ...['aws_iam_role_policy_attachment', 'aws_iam_policy', 'aws_iam_policy_attachment', 'aws_iam_user', 'aws_iam_access_key'].flatMap((type) =>
    ofType(plan, type).map(({ address }) => `${address} grants beside the roles' own policies`),
  ),
];

/** Every name in a policy is of something in this plan: a table that is renamed in one place only is found here. */
export const policiesNameWhatIsPlanned: Rule = (plan) => {
  const names = (type: string, attribute = 'name'): string[] => attributesOf(plan, type).map((attributes) => attributes[attribute] as string);
  const places: [RegExp, string[]][] = [
    [/^arn:aws:dynamodb:.*:table\/([^/]+)/, names('aws_dynamodb_table')],
    [/^arn:aws:sqs:.*:([^:]+)$/, names('aws_sqs_queue')],
    [/^arn:aws:events:.*:event-bus\/(.+)$/, names('aws_cloudwatch_event_bus')],
    [/^arn:aws:events:.*:api-destination\/([^/]+)/, names('aws_cloudwatch_event_api_destination')],
    [/^arn:aws:logs:.*:log-group:([^:]+)/, names('aws_cloudwatch_log_group')],
    [/^arn:aws:lambda:.*:function:([^:]+)/, names('aws_lambda_function', 'function_name')],
    [/^arn:aws:secretsmanager:.*:secret:(.+)-\?{6}$/, names('aws_secretsmanager_secret')],
  ];
  return policies(plan).flatMap(({ address, sid, resources }) =>
    resources
      .filter((resource) => resource !== '*')
      .flatMap((resource) => {
        const place = places.find(([pattern]) => pattern.test(resource));
        const name = place?.[0].exec(resource)?.[1] ?? '';
        const scope = resource.split(':');
        return [
          ...unless(place?.[1].includes(name) === true, `${address} ${sid} names ${resource}, which is not in the plan`),
          ...unless(
            scope[3] === plan.variables['region']?.value && scope[4] === plan.variables['account_id']?.value,
            `${address} ${sid} names ${resource}, of another account or region`,
          ),
        ];
      }),
  );
};

/** What each function may do is what its code calls and what the Lambda service does in its name: nothing is missing and nothing unused. */
export const policiesAreWhatIsCalled: Rule = (plan, { name: environment }) => {
  const endpoints = ofType(plan, 'aws_vpc_endpoint').map(({ change }) => String(change.after['service_name']).split('.').at(-1));
  const permissions = comparePermissions(plan, environment);
  const called = new Set(permissions.filter(({ neededBy }) => neededBy === 'the code').map(({ action }) => action.split(':')[0]));
  // IAM tokens for PostgreSQL are signed without a call, and the proxy is within the VPC.
  called.delete('rds-db');
  return [
    ...permissions.flatMap((line) => [
      ...unless(line.statement !== undefined, `${line.function} calls ${line.action} on ${line.resource}, and no statement of its policy allows it`),
      ...unless(line.neededBy !== undefined, `${line.function} may call ${line.action} on ${line.resource} (${line.statement}), and nothing does`),
    ]),
    ...unless(
      same([...called].sort(), endpoints.sort()),
      `the VPC has endpoints for ${endpoints.join(', ')}, and the functions call ${[...called].join(', ')}`,
    ),
  ];
};

/** How the functions are written, for what the plan shows only as unknown. */
function functionConfiguration(plan: Plan, address = 'aws_lambda_function.this'): Attributes | undefined {
  return moduleAt(plan, 'duet.api')?.resources?.find((resource) => resource.address === address)?.expressions;
}

/** Whom each function is to PostgreSQL: the owner of the tables can change and drop them, the application's role cannot. */
const databaseUsers: Readonly<Record<string, string>> = { http: 'duet_app', migrate: 'duet', outbox: 'duet_app' };

/** None but migrate connects as the tables' owner, or could, or is told how to make the role that the others connect as. */
export const onlyMigrateOwnsTheTables: Rule = (plan) => {
  const environments = plan.output_changes['function_environments'];
  const policyOf = (name: string) => ofType(plan, 'aws_iam_role_policy').find((policy) => policy.name === 'connect' && policy.index === name);
  return [
    ...Object.entries(databaseUsers).flatMap(([name, user]) => [
      ...unless(environments?.after?.[name]?.RDS_USERNAME === user, `${name} connects as ${environments?.after?.[name]?.RDS_USERNAME}, not ${user}`),
      ...unless(policyOf(name)?.change.after['name'] === `connect-as-${user}`, `${name} may connect as another user than ${user}`),
    ]),
    // The policies' names, which are known, and their resources, which are not, are made of the same value.
    ...unless(
      same(functionConfiguration(plan, 'aws_iam_role_policy.connect')?.['name']?.references, ['each.value']) &&
        ['var.database.connect_arns', 'each.value'].every((part) =>
          functionConfiguration(plan, 'aws_iam_role_policy.connect')?.['policy']?.references?.includes(part),
        ),
      'the policies to connect do not name the users that they are named after',
    ),
    ...policies(plan).flatMap(({ address, resources }) =>
      unless(
        address.endsWith('function["migrate"]') || !resources.some((resource) => resource.includes('-app-role-')),
        `${address} reads the password of the application's role`,
      ),
    ),
  ];
};

/** One role a function, and each role for one service. */
export const rolesAreNotShared: Rule = (plan, { name: environment }) => [
  ...functionNames.flatMap((name) =>
    unless(
      ofType(plan, 'aws_iam_role').filter(({ change }) => change.after['name'] === `duet-${environment}-${name}`).length === 1,
      `${name} has no role of its own`,
    ),
  ),
  ...ofType(plan, 'aws_iam_role').flatMap((role) =>
    statementsOf(role, 'assume_role_policy').flatMap(({ source }) =>
      unless(
        typeof source['Principal']?.Service === 'string' && Object.keys(source['Principal'] as object).length === 1,
        `${role.address} can be taken by more than one service`,
      ),
    ),
  ),
  ...unless(
    functionConfiguration(plan)?.['role']?.references?.[0] === 'aws_iam_role.function' &&
      functionConfiguration(plan)?.['role']?.references?.includes('each.key'),
    'the functions take a role that is not by their own name',
  ),
];

/** What is known only after the apply, and a stand-in of its kind. */
const unknownVariables: Readonly<Record<string, string>> = {
  RDS_HOST: 'duet.proxy-0.eu-central-1.rds.amazonaws.com',
  JWT_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:duet-signing-key-AbCdEf',
  APP_ROLE_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:duet-app-role-AbCdEf',
};
/** Those that hold a secret, that lead elsewhere than to AWS, or that are for a laptop. */
const unwantedVariables = [
  'JWT_SECRET',
  'RDS_PASSWORD',
  'RDS_SECRET_ARN',
  'DYNAMODB_ENDPOINT',
  'EVENTBRIDGE_ENDPOINT',
  'SECRETS_MANAGER_ENDPOINT',
  'PROVISION_STORES',
  'DUET_DATA_DIR',
  'PORT',
  'HOST',
  'BASE_PATH',
];
/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: a deployment that sets one is refused. */
const setByLambda = /^(AWS_REGION|AWS_ACCESS_KEY.*|AWS_SECRET.*|AWS_SESSION_TOKEN|AWS_DEFAULT_REGION|AWS_LAMBDA_.*|_HANDLER)$/;

/** Each function gets the variables that its code reads and no other, by the names and of the form that the schema asks for, with the names of what is planned. */
export const environmentsFitTheSchema: Rule = (plan, { name: environment }) => {
  const output = plan.output_changes['function_environments'];
  const bus = `duet-${environment}-events`;
  const tableVariables = tableDefinitions.map(([key, { variable }]) => [variable, `duet-${environment}-${kebab(key)}`] as const);
  return [
    ...unless(
      same(functionConfiguration(plan)?.['environment']?.[0]?.variables?.references, ['local.environment', 'each.key']),
      'the functions are given other variables than the output shows',
    ),
    ...functionNames.flatMap((name) => {
      const known = (output?.after?.[name] ?? {}) as Record<string, string>;
      const unknown = Object.keys((output?.after_unknown?.[name] ?? {}) as object);
      const set = { ...known, ...Object.fromEntries(unknown.map((variable) => [variable, unknownVariables[variable] ?? ''])) };
      return [
        ...unknown.flatMap((variable) => unless(unknownVariables[variable] !== undefined, `${name}: ${variable} is known only after the apply`)),
        ...Object.keys(set).flatMap((variable) => [
          ...unless(Object.hasOwn(environmentSchema.shape, variable), `${name}: nothing reads ${variable}`),
          ...unless(!unwantedVariables.includes(variable), `${name}: ${variable} is not for Lambda`),
          ...unless(!setByLambda.test(variable), `${name}: ${variable} is set by Lambda`),
        ]),
        ...functionVariables[name].flatMap((variable) => unless(set[variable] !== undefined, `${name}: ${variable} is missing`)),
        ...Object.keys(set).flatMap((variable) => unless(functionVariables[name].includes(variable), `${name}: has no use for ${variable}`)),
        ...tableVariables.flatMap(([variable, table]) => unless((set[variable] ?? table) === table, `${name}: ${variable} is ${set[variable]}, not ${table}`)),
        ...unless((set['EVENT_BUS_NAME'] ?? bus) === bus, `${name}: EVENT_BUS_NAME is ${set['EVENT_BUS_NAME']}`),
        ...unless((set['METRICS_NAMESPACE'] ?? `duet-${environment}`) === `duet-${environment}`, `${name}: METRICS_NAMESPACE is ${set['METRICS_NAMESPACE']}`),
        ...unless(set['RDS_SSL'] !== 'disable', `${name}: connects without TLS`),
        ...configProblems({ ...set, AWS_REGION: 'eu-central-1', AWS_LAMBDA_FUNCTION_NAME: `duet-${environment}-${name}` }, [
          ...(functionVariables[name].includes('RDS_HOST') ? (['postgres'] as const) : []),
          ...(functionVariables[name].includes('JWT_SECRET_ARN') ? (['signing-key'] as const) : []),
        ]).map((problem) => `${name}: ${problem}`),
      ];
    }),
    ...tableVariables.flatMap(([, table]) =>
      unless(
        attributesOf(plan, 'aws_dynamodb_table').some((planned) => planned['name'] === table),
        `no table ${table} is planned`,
      ),
    ),
  ];
};

function configProblems(variables: Record<string, string>, parts: readonly Part[]): readonly string[] {
  try {
    parseConfig(variables, parts);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
}

/** Neither the plan nor, so, the state holds the signing key or a password; each is written anew when its version is raised. */
export const secretsStayOut: Rule = (plan) => [
  ...attributesOf(plan, 'aws_secretsmanager_secret_version').flatMap((version) => unless(!version['secret_string'], 'a secret is written through the state')),
  ...attributesOf(plan, 'aws_secretsmanager_secret_version').flatMap((version) =>
    unless(version['secret_string_wo_version'] > 0, `${version['secret_id'] ?? 'a secret'} cannot be rotated`),
  ),
  ...unless(!JSON.stringify(plan).includes('a signing key of more than 32 bytes'), 'the plan shows the signing key'),
  ...unless(
    same(
      ['aws_secretsmanager_secret', 'aws_secretsmanager_secret_version'].map((type) =>
        ofType(plan, type)
          .map(({ name }) => name)
          .sort(),
      ),
      [
        ['application', 'signing_key'],
        ['application', 'signing_key'],
      ],
    ),
    "there are other secrets than the signing key and the password of the application's role",
  ),
];

/** What the account's bill and its other tenants are told by. */
export const everythingIsTagged: Rule = (plan, { name: environment }) =>
  plan.resource_changes
    .filter(({ change }) => 'tags_all' in change.after)
    .flatMap(({ address, change }) =>
      unless(
        change.after['tags_all']?.Service === 'duet' && change.after['tags_all']?.Stack === `duet-${environment}`,
        `${address} is not tagged with its service and stack`,
      ),
    );

const nameAttributes = ['name', 'function_name', 'identifier', 'alarm_name', 'dashboard_name'];
/** Names that are a part of something with a name, or not ours to choose. */
const otherNames = new Set(['aws_iam_role_policy', 'aws_lambda_alias', 'aws_apigatewayv2_stage', 'aws_dynamodb_table_item', 'aws_cloudwatch_event_target']);

/** `duet-<env>-<thing>`, in small letters, for all that has a name. */
export const namesFollowTheScheme: Rule = (plan, { name: environment }) =>
  plan.resource_changes
    .filter(({ type }) => !otherNames.has(type))
    .flatMap(({ address, type, change }) =>
      nameAttributes.flatMap((attribute) => {
        const name: unknown = change.after[attribute];
        if (typeof name !== 'string') {
          return [];
        }
        const last = type === 'aws_cloudwatch_log_group' ? (name.split('/').find((part) => part.startsWith('duet-')) ?? name) : name;
        const exact = type === 'aws_cloudwatch_dashboard' ? `duet-${environment}` : undefined;
        return unless(last === exact || new RegExp(`^duet-${environment}-[a-z0-9-]+$`).test(last), `${address} is named ${name}`);
      }),
    );
