import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { tableOf } from '../../src/local/commands/text-table.js';
import { ofType, type Plan, statementsOf } from './plan.js';

/** One thing that a function may do, or does. */
export interface Permission {
  readonly function: string;
  /** `dynamodb:GetItem` */
  readonly action: string;
  /** The ARN as the policy names it; of a connection to PostgreSQL, whose ARN is known only after the apply, a word. */
  readonly resource: string;
}

/** One permission with its grounds: what grants it, and what needs it. */
export interface Comparison extends Permission {
  /** The statement's id; undefined when nothing grants it. */
  readonly statement?: string;
  /** `the code`, or why the Lambda service needs it in the function's name; undefined when nothing does. */
  readonly neededBy?: string;
  /** How often the last whole `npm test` on this machine saw it called. */
  readonly seen?: number;
}

type CallsByFunction = Record<string, Record<string, readonly string[]>>;

/** What the functions call, as recorded while the tests ran; held to be complete and fresh by test/support/aws/calls-reporter.mjs. */
const recorded = JSON.parse(readFileSync(resolve('infra/calls.json'), 'utf8')) as CallsByFunction;

/** Counts of the last whole run, where there was one. */
const countsFile = resolve('node_modules/.cache/duet/calls.json');
const counts: Record<string, Record<string, Record<string, number>>> = existsSync(countsFile) ? JSON.parse(readFileSync(countsFile, 'utf8')) : {};

/** What the Lambda service calls in a function's name: no code of ours, so nothing could record it. */
interface ServiceCall {
  readonly functions: readonly string[];
  readonly actions: readonly string[];
  readonly resource: (name: string, arn: ArnOf) => string[];
  readonly reason: string;
}

type ArnOf = (service: string, rest: string) => string;

const every = ['http', 'migrate', 'outbox', 'stream'];

const serviceCalls: readonly ServiceCall[] = [
  {
    functions: every,
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resource: (name, arn) => [arn('logs', `log-group:/aws/lambda/${name}:*`)],
    // https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    reason: 'Lambda writes the logs',
  },
  {
    functions: every,
    actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
    resource: () => ['*'],
    // https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    reason: 'Lambda sends the traces of active tracing',
  },
  {
    functions: every,
    actions: [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resource: () => ['*'],
    // https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    reason: 'Lambda connects the function to the VPC; denied to the code itself',
  },
  {
    functions: ['stream'],
    actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
    resource: (name, arn) => ['todos', 'records'].map((table) => arn('dynamodb', `table/${name.replace(/[^-]+$/, table)}/stream/*`)),
    // https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html#events-dynamodb-permissions
    reason: 'the event source mapping reads the streams',
  },
  {
    functions: ['stream', 'outbox'],
    actions: ['sqs:SendMessage'],
    resource: (name, arn) => [arn('sqs', `${name}-failures`)],
    // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    reason: 'Lambda sends what failed to the on-failure queue',
  },
];

/**
 * Every permission that a function is granted or needs, with what grants and what needs it. A policy is least privilege when no line lacks
 * either.
 */
export function comparePermissions(plan: Plan, environment: string): Comparison[] {
  const value = (variable: string, fallback: string): string => String(plan.variables[variable]?.value ?? fallback);
  const arn: ArnOf = (service, rest) => `arn:${value('partition', 'aws')}:${service}:${value('region', '')}:${value('account_id', '')}:${rest}`;
  const lines = new Map<string, Comparison>();
  const note = (permission: Permission, more: Partial<Comparison>): void => {
    const key = `${permission.function} ${permission.action} ${permission.resource}`;
    lines.set(key, { ...permission, ...lines.get(key), ...more });
  };
  for (const policy of ofType(plan, 'aws_iam_role_policy').filter(({ address }) => address.includes('module.api.'))) {
    if (policy.name === 'connect') {
      note({ function: String(policy.index), action: 'rds-db:connect', resource: 'postgres' }, { statement: 'Postgres' });
    }
    for (const { effect, actions, resources, sid } of policy.name === 'function' ? statementsOf(policy) : []) {
      for (const [action, resource] of effect === 'Allow' ? actions.flatMap((one) => resources.map((other) => [one, other] as const)) : []) {
        note({ function: String(policy.index), action, resource }, { statement: sid });
      }
    }
  }
  for (const [name, actions] of Object.entries(recorded)) {
    for (const [action, resources] of Object.entries(actions)) {
      for (const resource of resources) {
        for (const one of action === 'ses:SendEmail'
          ? sending(plan, environment, arn)
          : [{ action, resource: resourceOf(action, resource, environment, arn) }]) {
          note({ function: name, ...one }, { neededBy: 'the code', seen: counts[name]?.[action]?.[resource] });
        }
      }
    }
  }
  for (const { functions, actions, resource, reason } of serviceCalls) {
    for (const name of functions) {
      for (const one of resource(`duet-${environment}-${name}`, arn)) {
        actions.forEach((action) => note({ function: name, action, resource: one }, { neededBy: reason }));
      }
    }
  }
  return [...lines.values()];
}

/** What SES checks when a mail is sent: a message that comes whole is sent raw, whatever the call is named (https://github.com/nodemailer/nodemailer/issues/1734). */
function sending(plan: Plan, environment: string, arn: ArnOf): Omit<Permission, 'function'>[] {
  const resources = [arn('ses', `identity/${plan.variables['mail']?.value?.domain}`), arn('ses', `configuration-set/duet-${environment}-mail`)];
  return ['ses:SendEmail', 'ses:SendRawEmail'].flatMap((action) => resources.map((resource) => ({ action, resource })));
}

/** The ARN that a policy must name for a recorded resource. */
function resourceOf(action: string, resource: string, environment: string, arn: ArnOf): string {
  const prefix = `duet-${environment}`;
  const [service = ''] = action.split(':');
  switch (service) {
    case 'dynamodb':
      return arn(
        'dynamodb',
        `table/${prefix}-${resource.replaceAll(/[A-Z](?=[^/]*$)/g, (letter) => (resource.includes('/') ? letter : `-${letter.toLowerCase()}`))}`,
      );
    case 'events':
      return arn('events', `event-bus/${prefix}-events`);
    case 'secretsmanager':
      // Six characters of AWS end the name of a secret.
      return arn('secretsmanager', `secret:${prefix}-${resource}-??????`);
    default:
      return resource;
  }
}

/** The comparison as a table of text. */
export function permissionTable(comparison: readonly Comparison[]): string {
  const rows = comparison
    .toSorted((left, right) => `${left.function} ${left.resource} ${left.action}`.localeCompare(`${right.function} ${right.resource} ${right.action}`))
    .map((line) => [
      line.function,
      line.action,
      line.resource.replace(/^arn:[^:]*:[^:]*:[^:]*:[^:]*:/, ''),
      line.statement ?? 'MISSING',
      line.neededBy ?? 'UNUSED',
      String(line.seen ?? ''),
    ]);
  return tableOf([['function', 'action', 'resource', 'statement', 'needed by', 'calls seen'], ...rows]);
}
