import { add, after } from '../mutate.js';
import { ofType, statementsOf } from '../plan.js';
import { type Check, type Rule, unless } from '../rule.js';

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
const nothingElseIsPublic: Check = (plan) => [
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

export const networkRules: readonly Rule[] = [
  {
    promise: 'The HTTP API is the only way in, and the endpoints are the only way out',
    check: nothingElseIsPublic,
    mutations: [
      { what: 'a function with a URL', change: (plan) => add(plan, 'aws_lambda_function_url', {}), says: /way in/ },
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
];
