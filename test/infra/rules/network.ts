import { add, after } from '../mutate.js';
import { attributesOf, ofType, statementsOf } from '../plan.js';
import { type Check, type Rule, unless } from '../rule.js';

const waysIn = ['aws_internet_gateway', 'aws_egress_only_internet_gateway', 'aws_nat_gateway', 'aws_eip', 'aws_lambda_function_url', 'aws_lb', 'aws_instance'];
/** A bucket is no way in when all of this is blocked. */
const blocks = ['block_public_acls', 'block_public_policy', 'ignore_public_acls', 'restrict_public_buckets'];
const resourcePolicies = [
  'aws_s3_bucket_policy',
  'aws_sqs_queue_policy',
  'aws_sns_topic_policy',
  'aws_secretsmanager_secret_policy',
  'aws_cloudwatch_event_bus_policy',
  'aws_dynamodb_resource_policy',
];

/** The HTTP API and the app's distribution are the ways in, and there is no way out of the VPC but its endpoints. */
const nothingElseIsPublic: Check = (plan) => [
  ...waysIn.flatMap((type) => ofType(plan, type).map(({ address }) => `${address} is a way in or out`)),
  ...attributesOf(plan, 'aws_s3_bucket').flatMap(({ bucket }) =>
    unless(
      attributesOf(plan, 'aws_s3_bucket_public_access_block').some((block) => block['bucket'] === bucket && blocks.every((name) => block[name] === true)),
      `${bucket} can be made public`,
    ),
  ),
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

/** Through an endpoint only this account's credentials reach only this environment. */
const endpointsAreNarrow: Check = (plan, { name: environment }) =>
  ofType(plan, 'aws_vpc_endpoint').flatMap((endpoint) => {
    const statements = statementsOf(endpoint);
    return [
      ...unless(statements.length > 0, `${endpoint.address} lets everything through`),
      ...statements.flatMap(({ resources, source }) => [
        ...unless(
          source['Condition']?.StringEquals?.['aws:PrincipalAccount'] === plan.variables['account_id']?.value,
          `${endpoint.address} takes other accounts' credentials`,
        ),
        ...resources.flatMap((resource) =>
          unless(
            resource.includes(`duet-${environment}-`) || resource.endsWith(`:identity/${plan.variables['mail']?.value?.domain}`),
            `${endpoint.address} leads to ${resource}`,
          ),
        ),
      ]),
    ];
  });

export const networkRules: readonly Rule[] = [
  {
    promise: "The HTTP API and the app's distribution are the only ways in, and the endpoints are the only way out",
    check: nothingElseIsPublic,
    mutations: [
      { what: 'a function with a URL', change: (plan) => add(plan, 'aws_lambda_function_url', {}), says: /way in/ },
      {
        what: 'a bucket that can be made public',
        change: (plan) => (after(plan, 'aws_s3_bucket_public_access_block')['block_public_acls'] = false),
        says: /can be made public/,
      },
      {
        what: 'a subnet with public addresses',
        change: (plan) => (after(plan, 'aws_subnet')['map_public_ip_on_launch'] = true),
        says: /public addresses/,
      },
      {
        what: 'a port open to all',
        change: (plan) => (after(plan, 'aws_vpc_security_group_ingress_rule')['cidr_ipv4'] = '0.0.0.0/0'),
        says: /names addresses/,
      },
      {
        what: 'a queue anybody may write to',
        change: (plan) =>
          (after(plan, 'aws_sqs_queue_policy')['policy'] = JSON.stringify({
            Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Principal: '*', Resource: '*' }],
          })),
        says: /lets in more/,
      },
      {
        what: 'a function anybody may call',
        change: (plan) => (after(plan, 'aws_lambda_permission')['principal'] = '*'),
        says: /more than the API/,
      },
    ],
  },
  {
    promise: 'The endpoints lead to this environment only',
    check: endpointsAreNarrow,
    mutations: [
      {
        what: 'an endpoint without a policy',
        change: (plan) => (after(plan, 'aws_vpc_endpoint', 'events')['policy'] = undefined),
        says: /lets everything through/,
      },
      {
        what: 'an endpoint to the tables of all',
        change: (plan) =>
          (after(plan, 'aws_vpc_endpoint')['policy'] = String(after(plan, 'aws_vpc_endpoint')['policy']).replace('table/duet-prod-*', 'table/*')),
        says: /leads to \S+table\/\*/,
      },
    ],
  },
];
