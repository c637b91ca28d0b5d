import { add, after } from '../mutate.js';
import { attributesOf, ofType } from '../plan.js';
import { type Check, type Rule, same, unless } from '../rule.js';

const nameAttributes = ['name', 'function_name', 'identifier', 'alarm_name', 'dashboard_name'];
/** Names that are a part of something with a name, or not ours to choose. */
const otherNames = new Set(['aws_iam_role_policy', 'aws_lambda_alias', 'aws_apigatewayv2_stage', 'aws_dynamodb_table_item', 'aws_cloudwatch_event_target']);

/** Nothing is left out, and nothing exists that would be changed. */
const planIsWhole: Check = (plan) => [
  ...unless(!plan.errored && plan.complete, 'the plan is not complete'),
  ...plan.resource_changes.flatMap(({ address, change }) => unless(same(change.actions, ['create']), `${address} would be ${change.actions.join(' and ')}d`)),
];

/** Each secret is written by an argument that Terraform keeps nowhere, and anew when its version is raised; none is a variable. */
const secretsStayOut: Check = (plan) => [
  ...attributesOf(plan, 'aws_secretsmanager_secret_version').flatMap((version) => unless(!version['secret_string'], 'a secret is written through the state')),
  ...attributesOf(plan, 'aws_secretsmanager_secret_version').flatMap((version) =>
    unless(version['secret_string_wo_version'] > 0, `${version['secret_id'] ?? 'a secret'} cannot be rotated`),
  ),
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

/** The tags by which the account's bill and its other tenants know it. */
const everythingIsTagged: Check = (plan, { name: environment }) =>
  plan.resource_changes
    .filter(({ change }) => 'tags_all' in change.after)
    .flatMap(({ address, change }) =>
      unless(
        change.after['tags_all']?.Service === 'duet' && change.after['tags_all']?.Stack === `duet-${environment}`,
        `${address} is not tagged with its service and stack`,
      ),
    );

/** `duet-<env>-<thing>`, in small letters, for all that has a name. */
const namesFollowTheScheme: Check = (plan, { name: environment }) =>
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

/** `$${x}` in HCL is the text `${x}`, and hardly ever meant. */
const nothingIsLeftToInterpolate: Check = (plan) =>
  plan.resource_changes.flatMap(({ address, change }) => unless(!JSON.stringify(change.after).includes('${'), `${address} has a literal \${…}`));

export const stackRules: readonly Rule[] = [
  {
    promise: 'No value has a placeholder that was left as it is',
    check: nothingIsLeftToInterpolate,
    mutations: [
      {
        what: 'a name with a placeholder',
        change: (plan) => (after(plan, 'aws_sqs_queue')['name'] = '${var.name}-failures'),
        says: /aws_sqs_queue\S+ has a literal/,
      },
    ],
  },
  {
    promise: 'The plan is complete and only creates',
    check: planIsWhole,
    mutations: [
      { what: 'an error on the way', change: (plan) => Object.assign(plan, { errored: true }), says: /not complete/ },
      {
        what: 'something that exists is replaced',
        change: (plan) => plan.resource_changes[0]?.change.actions.splice(0, 1, 'delete', 'create'),
        says: /would be/,
      },
    ],
  },
  {
    promise: 'No secret is in the plan or the state, and each can be rotated',
    check: secretsStayOut,
    mutations: [
      {
        what: 'the key in the state',
        change: (plan) => (after(plan, 'aws_secretsmanager_secret_version')['secret_string'] = 'key'),
        says: /through the state/,
      },
      {
        what: 'a password that is never changed',
        change: (plan) => (after(plan, 'aws_secretsmanager_secret_version')['secret_string_wo_version'] = null),
        says: /cannot be rotated/,
      },
      {
        what: 'one secret more',
        change: (plan) => add(plan, 'aws_secretsmanager_secret', { name: 'duet-prod-other' }),
        says: /other secrets than/,
      },
    ],
  },
  {
    promise: 'Everything is tagged with its service and stack',
    check: everythingIsTagged,
    mutations: [{ what: 'a table without tags', change: (plan) => (after(plan, 'aws_dynamodb_table')['tags_all'] = {}), says: /not tagged/ }],
  },
  {
    promise: 'Everything is named duet-<environment>-<thing>',
    check: namesFollowTheScheme,
    mutations: [
      {
        what: "another environment's name",
        change: (plan) => (after(plan, 'aws_sqs_queue')['name'] = 'duet-dev-failures'),
        says: /is named duet-dev-failures/,
      },
    ],
  },
];
