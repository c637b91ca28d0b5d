import { type Attributes, moduleAt, ofType, type Plan, type PlannedResource } from './plan.js';
import type * as rules from './rules.js';

/** A fault put into a sound plan, and what the rule it is for must say. */
export interface Mutation {
  readonly rule: keyof typeof rules;
  /** What is wrong with the plan then. */
  readonly what: string;
  readonly change: (plan: Plan) => void;
  readonly says: RegExp;
}

function after(plan: Plan, type: string, index?: string): Attributes {
  const found = ofType(plan, type).find((resource) => index === undefined || resource.index === index);
  if (found === undefined) {
    throw new Error(`The plan has no ${type} ${index ?? ''}`);
  }
  return found.change.after;
}

function remove(plan: Plan, test: (resource: PlannedResource) => boolean): void {
  const { length } = plan.resource_changes;
  plan.resource_changes.splice(0, length, ...plan.resource_changes.filter((resource) => !test(resource)));
  if (plan.resource_changes.length === length) {
    throw new Error('The mutation removed nothing');
  }
}

function add(plan: Plan, type: string, attributes: Attributes): void {
  plan.resource_changes.push({ address: `${type}.added`, type, name: 'added', change: { actions: ['create'], after: attributes, after_unknown: {} } });
}

function editPolicy(plan: Plan, sid: string, edit: (statement: Attributes) => void): void {
  const holder = ofType(plan, 'aws_iam_role_policy').find(({ name, index }) => name === 'function' && index === 'http')?.change.after;
  const document = JSON.parse(String(holder?.['policy'])) as { Statement: Attributes[] };
  edit(document.Statement.find(({ Sid }) => Sid === sid) ?? {});
  Object.assign(holder ?? {}, { policy: JSON.stringify(document) });
}

function connectPolicy(plan: Plan, name: string): Attributes {
  return ofType(plan, 'aws_iam_role_policy').find((policy) => policy.name === 'connect' && policy.index === name)?.change.after ?? {};
}

function editEnvironment(plan: Plan, edit: (variables: Record<string, string>) => void): void {
  edit(plan.output_changes['function_environments']?.after.http);
}

/** At least one a rule. Each must be found in the plan of prod. */
export const mutations: readonly Mutation[] = [
  { rule: 'planIsWhole', what: 'an error on the way', change: (plan) => Object.assign(plan, { errored: true }), says: /not complete/ },
  {
    rule: 'planIsWhole',
    what: 'something that exists is replaced',
    change: (plan) => plan.resource_changes[0]?.change.actions.splice(0, 1, 'delete', 'create'),
    says: /would be/,
  },
  { rule: 'tablesAreTheSharedDefinition', what: 'no expiry', change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['ttl'] = []), says: /ttl is/ },
  {
    rule: 'tablesAreTheSharedDefinition',
    what: 'another key',
    change: (plan) => (after(plan, 'aws_dynamodb_table', 'records')['hash_key'] = 'userId'),
    says: /hash_key is/,
  },
  {
    rule: 'tablesAreTheSharedDefinition',
    what: 'a stream of keys only',
    change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['stream_view_type'] = 'KEYS_ONLY'),
    says: /stream_view_type is/,
  },
  {
    rule: 'tablesAreTheSharedDefinition',
    what: 'an index that is missing',
    change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['local_secondary_index'] = []),
    says: /indexes is/,
  },
  {
    rule: 'tablesAreTheSharedDefinition',
    what: 'a renamed table',
    change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['name'] = 'duet-prod-todo'),
    says: /no table duet-prod-todos/,
  },
  {
    rule: 'tablesAreSafe',
    what: 'no recovery',
    change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['point_in_time_recovery'][0].enabled = false),
    says: /point-in-time/,
  },
  {
    rule: 'tablesAreSafe',
    what: 'no encryption',
    change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['server_side_encryption'] = []),
    says: /not encrypted/,
  },
  {
    rule: 'tablesAreSafe',
    what: 'deletion allowed',
    change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['deletion_protection_enabled'] = false),
    says: /can be deleted/,
  },
  {
    rule: 'tablesAreSafe',
    what: 'provisioned capacity',
    change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['billing_mode'] = 'PROVISIONED'),
    says: /not on demand/,
  },
  { rule: 'postgresIsSafe', what: 'no encryption', change: (plan) => (after(plan, 'aws_db_instance')['storage_encrypted'] = false), says: /not encrypted/ },
  {
    rule: 'postgresIsSafe',
    what: 'TLS left to the client',
    change: (plan) => (after(plan, 'aws_db_parameter_group')['parameter'] = []),
    says: /TLS is not forced/,
  },
  { rule: 'postgresIsSafe', what: 'a password of ours', change: (plan) => (after(plan, 'aws_db_instance')['password'] = 'secret'), says: /password of ours/ },
  { rule: 'postgresIsSafe', what: 'no backups', change: (plan) => (after(plan, 'aws_db_instance')['backup_retention_period'] = 0), says: /no backups/ },
  { rule: 'postgresIsSafe', what: 'a public address', change: (plan) => (after(plan, 'aws_db_instance')['publicly_accessible'] = true), says: /is public/ },
  {
    rule: 'postgresIsSafe',
    what: 'a proxy that takes passwords',
    change: (plan) => (after(plan, 'aws_db_proxy')['auth'][0].iam_auth = 'DISABLED'),
    says: /takes passwords/,
  },
  {
    rule: 'postgresIsSafe',
    what: 'a proxy with one more way in',
    change: (plan) => (after(plan, 'aws_db_proxy')['auth'] as Attributes[]).push({ iam_auth: 'REQUIRED' }),
    says: /lets in others/,
  },
  {
    rule: 'onlyMigrateOwnsTheTables',
    what: "requests that come as the tables' owner",
    change: (plan) => editEnvironment(plan, (set) => (set['RDS_USERNAME'] = 'duet')),
    says: /^http connects as duet, not duet_app$/,
  },
  {
    rule: 'onlyMigrateOwnsTheTables',
    what: "an outbox that could come as the tables' owner",
    change: (plan) => (connectPolicy(plan, 'outbox')['name'] = 'connect-as-duet'),
    says: /^outbox may connect as another user than duet_app$/,
  },
  {
    rule: 'onlyMigrateOwnsTheTables',
    what: 'policies that are named after one user and name another',
    change: (plan) => {
      const connect = moduleAt(plan, 'duet.api')?.resources?.find(({ address }) => address === 'aws_iam_role_policy.connect');
      Object.assign(connect?.expressions?.['policy'] ?? {}, { references: ['var.database.connect_arns["duet"]'] });
    },
    says: /do not name the users/,
  },
  {
    rule: 'onlyMigrateOwnsTheTables',
    what: "requests that can read the role's password",
    change: (plan) =>
      editPolicy(plan, 'SigningKey', (statement) => (statement['Resource'] = [String(statement['Resource']).replace('signing-key', 'app-role')])),
    says: /reads the password/,
  },
  { rule: 'queuesAreSafe', what: 'no encryption', change: (plan) => (after(plan, 'aws_sqs_queue')['sqs_managed_sse_enabled'] = false), says: /not encrypted/ },
  {
    rule: 'queuesAreSafe',
    what: 'messages that go after four days',
    change: (plan) => (after(plan, 'aws_sqs_queue')['message_retention_seconds'] = 345_600),
    says: /14 days/,
  },
  { rule: 'logsAreRetained', what: 'a log for ever', change: (plan) => (after(plan, 'aws_cloudwatch_log_group')['retention_in_days'] = 0), says: /for ever/ },
  {
    rule: 'logsAreRetained',
    what: 'a function without a log group',
    change: (plan) => remove(plan, ({ change }) => change.after['name'] === '/aws/lambda/duet-prod-stream'),
    says: /made by AWS/,
  },
  {
    rule: 'everythingIsWatched',
    what: 'a queue nobody watches',
    change: (plan) => add(plan, 'aws_sqs_queue', { name: 'duet-prod-forgotten' }),
    says: /no alarm on ApproximateNumberOfMessagesVisible of duet-prod-forgotten/,
  },
  {
    rule: 'everythingIsWatched',
    what: 'a function whose errors nobody watches',
    change: (plan) => remove(plan, ({ change }) => change.after['alarm_name'] === 'duet-prod-migrate-errors'),
    says: /no alarm on Errors of duet-prod-migrate/,
  },
  {
    rule: 'everythingIsWatched',
    what: 'an outbox nobody watches',
    change: (plan) => remove(plan, ({ change }) => change.after['metric_name'] === 'OutboxOldestPendingAge'),
    says: /OutboxOldestPendingAge/,
  },
  {
    rule: 'everythingIsWatched',
    what: 'an alarm on a metric that nothing emits',
    change: (plan) => add(plan, 'aws_cloudwatch_metric_alarm', { namespace: 'duet-prod', metric_name: 'OutboxAge', alarm_actions: ['topic'] }),
    says: /nothing emits OutboxAge/,
  },
  {
    rule: 'everythingIsWatched',
    what: "another environment's metric",
    change: (plan) => add(plan, 'aws_cloudwatch_metric_alarm', { namespace: 'duet-dev', metric_name: 'OutboxDead', alarm_actions: ['topic'] }),
    says: /nothing emits duet-dev OutboxDead/,
  },
  {
    rule: 'everythingIsWatched',
    what: 'an alarm that tells nobody',
    change: (plan) => {
      const alarm = ofType(plan, 'aws_cloudwatch_metric_alarm')[0]?.change;
      Object.assign(alarm?.after_unknown ?? {}, { alarm_actions: undefined });
      Object.assign(alarm?.after ?? {}, { alarm_actions: [] });
    },
    says: /tells nobody/,
  },
  { rule: 'nothingElseIsPublic', what: 'a function with a URL', change: (plan) => add(plan, 'aws_lambda_function_url', {}), says: /way in/ },
  {
    rule: 'nothingElseIsPublic',
    what: 'a subnet with public addresses',
    change: (plan) => (after(plan, 'aws_subnet')['map_public_ip_on_launch'] = true),
    says: /public addresses/,
  },
  {
    rule: 'nothingElseIsPublic',
    what: 'a port open to all',
    change: (plan) => (after(plan, 'aws_vpc_security_group_ingress_rule')['cidr_ipv4'] = '0.0.0.0/0'),
    says: /names addresses/,
  },
  {
    rule: 'nothingElseIsPublic',
    what: 'a queue anybody may write to',
    change: (plan) =>
      (after(plan, 'aws_sqs_queue_policy')['policy'] = JSON.stringify({
        Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Principal: '*', Resource: '*' }],
      })),
    says: /lets in more/,
  },
  {
    rule: 'nothingElseIsPublic',
    what: 'a function anybody may call',
    change: (plan) => (after(plan, 'aws_lambda_permission')['principal'] = '*'),
    says: /more than the API/,
  },
  {
    rule: 'functionsAreAlike',
    what: 'another runtime',
    change: (plan) => (after(plan, 'aws_lambda_function', 'http')['runtime'] = 'nodejs20.x'),
    says: /runs on nodejs20/,
  },
  {
    rule: 'functionsAreAlike',
    what: 'a runtime that changes by itself',
    change: (plan) => (after(plan, 'aws_lambda_runtime_management_config', 'http')['update_runtime_on'] = 'Auto'),
    says: /changes beneath/,
  },
  { rule: 'functionsAreAlike', what: 'no trace', change: (plan) => (after(plan, 'aws_lambda_function', 'http')['tracing_config'] = []), says: /not traced/ },
  {
    rule: 'functionsAreAlike',
    what: 'no alias',
    change: (plan) => remove(plan, ({ type, index }) => type === 'aws_lambda_alias' && index === 'http'),
    says: /no alias/,
  },
  {
    rule: 'functionsAreAlike',
    what: 'a function too many',
    change: (plan) => add(plan, 'aws_lambda_function', { function_name: 'duet-prod-other' }),
    says: /other functions/,
  },
  {
    rule: 'streamsAreBounded',
    what: 'one stream only',
    change: (plan) => remove(plan, ({ type, index }) => type === 'aws_lambda_event_source_mapping' && index === 'records'),
    says: /not both/,
  },
  {
    rule: 'streamsAreBounded',
    what: 'retries without end',
    change: (plan) => (after(plan, 'aws_lambda_event_source_mapping')['maximum_retry_attempts'] = -1),
    says: /for ever/,
  },
  {
    rule: 'streamsAreBounded',
    what: 'no bisecting',
    change: (plan) => (after(plan, 'aws_lambda_event_source_mapping')['bisect_batch_on_function_error'] = false),
    says: /bisect/,
  },
  {
    rule: 'streamsAreBounded',
    what: 'no queue for failures',
    change: (plan) => (after(plan, 'aws_lambda_event_source_mapping')['destination_config'] = []),
    says: /loses what fails/,
  },
  {
    rule: 'outboxRuns',
    what: 'once an hour',
    change: (plan) => (after(plan, 'aws_scheduler_schedule')['schedule_expression'] = 'rate(1 hour)'),
    says: /every minute/,
  },
  { rule: 'outboxRuns', what: 'no queue', change: (plan) => (after(plan, 'aws_scheduler_schedule')['target'][0].dead_letter_config = []), says: /loses/ },
  { rule: 'eventsAreDelivered', what: 'no queue', change: (plan) => (after(plan, 'aws_cloudwatch_event_target')['dead_letter_config'] = []), says: /loses/ },
  {
    rule: 'eventsAreDelivered',
    what: 'no retries',
    change: (plan) => (after(plan, 'aws_cloudwatch_event_target')['retry_policy'] = []),
    says: /does not retry/,
  },
  {
    rule: 'eventsAreDelivered',
    what: 'a rule for another event',
    change: (plan) =>
      (after(plan, 'aws_cloudwatch_event_rule', 'record-created')['event_pattern'] = JSON.stringify({ source: ['duet'], 'detail-type': ['record.create'] })),
    says: /no rule takes/,
  },
  {
    rule: 'apiIsGuarded',
    what: 'no throttling',
    change: (plan) => (after(plan, 'aws_apigatewayv2_stage')['default_route_settings'] = []),
    says: /not throttled/,
  },
  {
    rule: 'apiIsGuarded',
    what: 'a counter without its own',
    change: (plan) => (after(plan, 'aws_apigatewayv2_stage')['route_settings'] = []),
    says: /counter/,
  },
  { rule: 'apiIsGuarded', what: 'no access log', change: (plan) => (after(plan, 'aws_apigatewayv2_stage')['access_log_settings'] = []), says: /not logged/ },
  {
    rule: 'apiIsGuarded',
    what: 'addresses in the log',
    change: (plan) => (after(plan, 'aws_apigatewayv2_stage')['access_log_settings'][0].format += '$context.identity.sourceIp'),
    says: /tells of people/,
  },
  {
    rule: 'apiIsGuarded',
    what: 'any page may call',
    change: (plan) => (after(plan, 'aws_apigatewayv2_api')['cors_configuration'][0].allow_origins = ['*']),
    says: /any origin/,
  },
  {
    rule: 'policiesAreExact',
    what: 'a wild-card action',
    change: (plan) => editPolicy(plan, 'Todos', (statement) => (statement['Action'] = ['dynamodb:*'])),
    says: /allows dynamodb:\*/,
  },
  {
    rule: 'policiesAreExact',
    what: 'a wild-card resource',
    change: (plan) => editPolicy(plan, 'Todos', (statement) => (statement['Resource'] = '*')),
    says: /reaches \*/,
  },
  {
    rule: 'policiesAreExact',
    what: 'all tables by a prefix',
    change: (plan) => editPolicy(plan, 'Todos', (statement) => (statement['Resource'] += '*')),
    says: /reaches arn:aws:dynamodb/,
  },
  { rule: 'policiesAreExact', what: "somebody else's policy", change: (plan) => add(plan, 'aws_iam_role_policy_attachment', {}), says: /beside/ },
  { rule: 'policiesAreExact', what: 'one more that nobody can read yet', change: (plan) => add(plan, 'aws_iam_role_policy', {}), says: /known only after/ },
  {
    rule: 'policiesNameWhatIsPlanned',
    what: 'a table that was renamed',
    change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['name'] = 'duet-prod-todo'),
    says: /names arn:aws:dynamodb:\S+todos, which is not in the plan/,
  },
  {
    rule: 'policiesNameWhatIsPlanned',
    what: 'another account',
    change: (plan) =>
      editPolicy(plan, 'Counters', (statement) => (statement['Resource'] = [String(statement['Resource']).replace('123456789012', '210987654321')])),
    says: /another account/,
  },
  {
    rule: 'policiesAreWhatIsCalled',
    what: 'an action too many',
    change: (plan) => editPolicy(plan, 'Counters', (statement) => (statement['Action'] as string[]).push('dynamodb:DeleteItem')),
    says: /^http may call dynamodb:DeleteItem on \S+table\/duet-prod-counters \(Counters\), and nothing does$/,
  },
  {
    rule: 'policiesAreWhatIsCalled',
    what: 'an action too few',
    change: (plan) => editPolicy(plan, 'Counters', (statement) => (statement['Action'] as string[]).splice(0, 1)),
    says: /^http calls dynamodb:BatchGetItem on \S+table\/duet-prod-counters, and no statement/,
  },
  {
    rule: 'policiesAreWhatIsCalled',
    what: 'a table of another name in the policy',
    change: (plan) => editPolicy(plan, 'Archive', (statement) => (statement['Resource'] = [String(statement['Resource']).replace('archive', 'archives')])),
    says: /^http calls dynamodb:Query on \S+table\/duet-prod-archive, and no statement/,
  },
  {
    rule: 'policiesAreWhatIsCalled',
    what: 'an index without its own line',
    change: (plan) => editPolicy(plan, 'TodosByDue', (statement) => (statement['Resource'] = [])),
    says: /^http calls dynamodb:Query on \S+\/index\/byDue, and no statement/,
  },
  {
    rule: 'policiesAreWhatIsCalled',
    what: 'a function that connects to PostgreSQL and may not',
    change: (plan) => remove(plan, ({ type, name, index }) => type === 'aws_iam_role_policy' && name === 'connect' && index === 'outbox'),
    says: /^outbox calls rds-db:connect on postgres, and no statement/,
  },
  {
    rule: 'policiesAreWhatIsCalled',
    what: 'an endpoint for a service nobody calls',
    change: (plan) => add(plan, 'aws_vpc_endpoint', { service_name: 'com.amazonaws.eu-central-1.sqs' }),
    says: /endpoints for .*sqs/,
  },
  {
    rule: 'rolesAreNotShared',
    what: 'a role that is missing',
    change: (plan) => remove(plan, ({ type, index }) => type === 'aws_iam_role' && index === 'stream'),
    says: /stream has no role/,
  },
  {
    rule: 'rolesAreNotShared',
    what: 'a role anybody may take',
    change: (plan) =>
      (after(plan, 'aws_iam_role')['assume_role_policy'] = JSON.stringify({
        Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '*' } }],
      })),
    says: /more than one service/,
  },
  {
    rule: 'rolesAreNotShared',
    what: 'one role for all functions',
    change: (plan) => {
      const api = moduleAt(plan, 'duet.api')?.resources?.find(({ address }) => address === 'aws_lambda_function.this');
      Object.assign(api?.expressions?.['role'] ?? {}, { references: ['aws_iam_role.function["http"].arn'] });
    },
    says: /not by their own name/,
  },
  {
    rule: 'environmentsFitTheSchema',
    what: 'variables that the output does not show',
    change: (plan) => {
      const api = moduleAt(plan, 'duet.api')?.resources?.find(({ address }) => address === 'aws_lambda_function.this');
      Object.assign(api?.expressions?.['environment'][0].variables ?? {}, { references: ['var.environment'] });
    },
    says: /other variables than the output shows/,
  },
  {
    rule: 'environmentsFitTheSchema',
    what: 'a table variable that is missing',
    change: (plan) => editEnvironment(plan, (set) => delete set['RECORDS_TABLE_NAME']),
    says: /http: RECORDS_TABLE_NAME is missing/,
  },
  {
    rule: 'environmentsFitTheSchema',
    what: 'a required one that is missing',
    change: (plan) => delete plan.output_changes['function_environments']?.after_unknown.http.JWT_SECRET_ARN,
    says: /http: JWT_SECRET or JWT_SECRET_ARN must be set/,
  },
  {
    rule: 'environmentsFitTheSchema',
    what: 'a way to PostgreSQL for a function that needs none',
    change: (plan) => Object.assign(plan.output_changes['function_environments']?.after.stream, { RDS_USERNAME: 'duet' }),
    says: /stream: has no use for RDS_USERNAME/,
  },
  {
    rule: 'environmentsFitTheSchema',
    what: "another environment's table",
    change: (plan) => editEnvironment(plan, (set) => (set['RECORDS_TABLE_NAME'] = 'duet-dev-records')),
    says: /RECORDS_TABLE_NAME is duet-dev-records/,
  },
  {
    rule: 'environmentsFitTheSchema',
    what: "another environment's metrics",
    change: (plan) => editEnvironment(plan, (set) => (set['METRICS_NAMESPACE'] = 'duet-dev')),
    says: /METRICS_NAMESPACE is duet-dev/,
  },
  {
    rule: 'environmentsFitTheSchema',
    what: 'one that nothing reads',
    change: (plan) => editEnvironment(plan, (set) => (set['TODOS_TABLE_NAME'] = 'x')),
    says: /nothing reads TODOS_TABLE_NAME/,
  },
  {
    rule: 'environmentsFitTheSchema',
    what: 'one of a wrong form',
    change: (plan) => editEnvironment(plan, (set) => (set['COUNTER_SHARDS'] = 'many')),
    says: /COUNTER_SHARDS must be/,
  },
  {
    rule: 'environmentsFitTheSchema',
    what: 'a plain secret',
    change: (plan) => editEnvironment(plan, (set) => (set['RDS_PASSWORD'] = 'secret')),
    says: /RDS_PASSWORD is not for Lambda/,
  },
  {
    rule: 'environmentsFitTheSchema',
    what: 'one that Lambda sets itself',
    change: (plan) => editEnvironment(plan, (set) => (set['AWS_REGION'] = 'eu-central-1')),
    says: /set by Lambda/,
  },
  {
    rule: 'secretsStayOut',
    what: 'the key in the plan',
    change: (plan) => editEnvironment(plan, (set) => (set['X'] = 'a signing key of more than 32 bytes')),
    says: /shows the signing key/,
  },
  {
    rule: 'secretsStayOut',
    what: 'the key in the state',
    change: (plan) => (after(plan, 'aws_secretsmanager_secret_version')['secret_string'] = 'key'),
    says: /through the state/,
  },
  {
    rule: 'secretsStayOut',
    what: 'a password that is never changed',
    change: (plan) => (after(plan, 'aws_secretsmanager_secret_version')['secret_string_wo_version'] = null),
    says: /cannot be rotated/,
  },
  {
    rule: 'secretsStayOut',
    what: 'one secret more',
    change: (plan) => add(plan, 'aws_secretsmanager_secret', { name: 'duet-prod-other' }),
    says: /other secrets than/,
  },
  { rule: 'everythingIsTagged', what: 'a table without tags', change: (plan) => (after(plan, 'aws_dynamodb_table')['tags_all'] = {}), says: /not tagged/ },
  {
    rule: 'namesFollowTheScheme',
    what: "another environment's name",
    change: (plan) => (after(plan, 'aws_sqs_queue')['name'] = 'duet-dev-failures'),
    says: /is named duet-dev-failures/,
  },
];
