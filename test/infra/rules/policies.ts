import { comparePermissions } from '../permissions.js';
import { add, after, editPolicy, remove } from '../mutate.js';
import { attributesOf, moduleAt, ofType, statementsOf } from '../plan.js';
import { type Check, type Rule, functionConfiguration, functionNames, policies, same, unless } from '../rule.js';

/** Where `*` is all that AWS offers, by the statement's id. */
const everyResource: Readonly<Record<string, string>> = {
  Traces: 'X-Ray has no resources to name',
  NetworkInterfaces: 'Lambda refuses a function in a VPC whose role cannot do this on all resources',
  NetworkInterfacesNotFromCode: 'a denial',
  ReleaseAlarms: 'CloudWatch describes an alarm among all of them',
};

/** Where a part of a resource's name is AWS's, and not known when planning. */
const openEnds: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: /^arn:aws:logs:[^*?]*:log-group:[^*?]*:\*$/, reason: 'the streams of one log group' },
  { pattern: /^arn:aws:dynamodb:[^*?]*:table\/[^*?]*\/stream\/\*$/, reason: 'a stream is named by the time it was enabled' },
  { pattern: /^arn:aws:secretsmanager:[^*?]*:secret:[^*?]*-\?{6}$/, reason: 'six characters of AWS end the name of a secret' },
  { pattern: /^arn:aws:events:[^*?]*:api-destination\/[^*?]*\/\*$/, reason: 'an id of AWS ends the name of a destination' },
  { pattern: /^arn:aws:s3:::duet-[a-z0-9-]+\/\*$/, reason: 'the objects of one bucket' },
];

/** Policies whose resource AWS names when it is made; what they name is the plan-only test's to check (environment/tests). */
const knownAfterApply = [
  'module.api.aws_iam_role_policy.connect["http"]',
  'module.api.aws_iam_role_policy.connect["migrate"]',
  'module.api.aws_iam_role_policy.connect["outbox"]',
  'module.database.module.proxy_role["main"].aws_iam_role_policy.this',
];

/** Exact actions on exact resources; every exception is in a list here, with its reason. */
const policiesAreExact: Check = (plan) => [
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
const policiesNameWhatIsPlanned: Check = (plan) => {
  const names = (type: string, attribute = 'name'): string[] => attributesOf(plan, type).map((attributes) => attributes[attribute] as string);
  const places: [RegExp, string[]][] = [
    [/^arn:aws:dynamodb:.*:table\/([^/]+)/, names('aws_dynamodb_table')],
    [/^arn:aws:sqs:.*:([^:]+)$/, names('aws_sqs_queue')],
    [/^arn:aws:events:.*:event-bus\/(.+)$/, names('aws_cloudwatch_event_bus')],
    [/^arn:aws:events:.*:api-destination\/([^/]+)/, names('aws_cloudwatch_event_api_destination')],
    [/^arn:aws:logs:.*:log-group:([^:]+)/, names('aws_cloudwatch_log_group')],
    [/^arn:aws:lambda:.*:function:([^:]+)/, names('aws_lambda_function', 'function_name')],
    [/^arn:aws:s3:::([^/]+)/, names('aws_s3_bucket', 'bucket')],
    [/^arn:aws:firehose:.*:deliverystream\/(.+)$/, names('aws_kinesis_firehose_delivery_stream')],
    [/^arn:aws:ses:.*:identity\/(.+)$/, names('aws_sesv2_email_identity', 'email_identity')],
    [/^arn:aws:ses:.*:configuration-set\/(.+)$/, names('aws_sesv2_configuration_set', 'configuration_set_name')],
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
            // A bucket's name is alone in the world.
            scope[2] === 's3' || (scope[3] === plan.variables['region']?.value && scope[4] === plan.variables['account_id']?.value),
            `${address} ${sid} names ${resource}, of another account or region`,
          ),
        ];
      }),
  );
};

/** What each function may do is what its code calls and what the Lambda service does in its name: nothing is missing and nothing unused. */
const policiesAreWhatIsCalled: Check = (plan, { name: environment }) => {
  const endpoints = ofType(plan, 'aws_vpc_endpoint').map(({ change }) => String(change.after['service_name']).split('.').at(-1));
  const permissions = comparePermissions(plan, environment);
  const called = new Set(permissions.filter(({ neededBy }) => neededBy === 'the code').map(({ action }) => action.split(':')[0]));
  // IAM tokens for PostgreSQL are signed without a call, and the proxy is within the VPC.
  called.delete('rds-db');
  // The endpoint of SES's API is named after what it was for first.
  if (called.delete('ses')) called.add('email');
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

/** One role a function, and each role for one service. */
const rolesAreNotShared: Check = (plan, { name: environment }) => [
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

export const policyRules: readonly Rule[] = [
  {
    promise: 'Policies allow exact actions on exact resources',
    check: policiesAreExact,
    mutations: [
      {
        what: 'a wild-card action',
        change: (plan) => editPolicy(plan, 'Todos', (statement) => (statement['Action'] = ['dynamodb:*'])),
        says: /allows dynamodb:\*/,
      },
      {
        what: 'a wild-card resource',
        change: (plan) => editPolicy(plan, 'Todos', (statement) => (statement['Resource'] = '*')),
        says: /reaches \*/,
      },
      {
        what: 'all tables by a prefix',
        change: (plan) => editPolicy(plan, 'Todos', (statement) => (statement['Resource'] += '*')),
        says: /reaches arn:aws:dynamodb/,
      },
      { what: "somebody else's policy", change: (plan) => add(plan, 'aws_iam_role_policy_attachment', {}), says: /beside/ },
      { what: 'one more that cannot be read yet', change: (plan) => add(plan, 'aws_iam_role_policy', {}), says: /known only after/ },
    ],
  },
  {
    promise: 'Policies name only what is planned',
    check: policiesNameWhatIsPlanned,
    mutations: [
      {
        what: 'a table that was renamed',
        change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['name'] = 'duet-prod-todo'),
        says: /names arn:aws:dynamodb:\S+todos, which is not in the plan/,
      },
      {
        what: 'another account',
        change: (plan) =>
          editPolicy(plan, 'Counters', (statement) => (statement['Resource'] = [String(statement['Resource']).replace('123456789012', '210987654321')])),
        says: /another account/,
      },
    ],
  },
  {
    promise: 'Each function may do exactly what its code calls',
    check: policiesAreWhatIsCalled,
    mutations: [
      {
        what: 'an action too many',
        change: (plan) => editPolicy(plan, 'Counters', (statement) => (statement['Action'] as string[]).push('dynamodb:DeleteItem')),
        says: /^http may call dynamodb:DeleteItem on \S+table\/duet-prod-counters \(Counters\), and nothing does$/,
      },
      {
        what: 'an action too few',
        change: (plan) => editPolicy(plan, 'Counters', (statement) => (statement['Action'] as string[]).splice(0, 1)),
        says: /^http calls dynamodb:BatchGetItem on \S+table\/duet-prod-counters, and no statement/,
      },
      {
        what: 'a table of another name in the policy',
        change: (plan) => editPolicy(plan, 'Archive', (statement) => (statement['Resource'] = [String(statement['Resource']).replace('archive', 'archives')])),
        says: /^http calls dynamodb:Query on \S+table\/duet-prod-archive, and no statement/,
      },
      {
        what: 'an index without its own line',
        change: (plan) => editPolicy(plan, 'TodoIndexes', (statement) => (statement['Resource'] = [])),
        says: /^http calls dynamodb:Query on \S+\/index\/byDue, and no statement/,
      },
      {
        what: 'a function that connects to PostgreSQL and may not',
        change: (plan) => remove(plan, ({ type, name, index }) => type === 'aws_iam_role_policy' && name === 'connect' && index === 'outbox'),
        says: /^outbox calls rds-db:connect on postgres, and no statement/,
      },
      {
        what: 'an endpoint for a service that nothing calls',
        change: (plan) => add(plan, 'aws_vpc_endpoint', { service_name: 'com.amazonaws.eu-central-1.sqs' }),
        says: /endpoints for .*sqs/,
      },
    ],
  },
  {
    promise: 'Each function has a role of its own, for one service',
    check: rolesAreNotShared,
    mutations: [
      {
        what: 'a role that is missing',
        change: (plan) => remove(plan, ({ type, index }) => type === 'aws_iam_role' && index === 'stream'),
        says: /stream has no role/,
      },
      {
        what: 'a role anybody may take',
        change: (plan) =>
          (after(plan, 'aws_iam_role')['assume_role_policy'] = JSON.stringify({
            Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '*' } }],
          })),
        says: /more than one service/,
      },
      {
        what: 'one role for all functions',
        change: (plan) => {
          const api = moduleAt(plan, 'api')?.resources?.find(({ address }) => address === 'aws_lambda_function.this');
          Object.assign(api?.expressions?.['role'] ?? {}, { references: ['aws_iam_role.function["http"].arn'] });
        },
        says: /not by their own name/,
      },
    ],
  },
];
