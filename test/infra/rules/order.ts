import { type Graph, nodeOf, waitsFor } from '../graph.js';
import { type Attributes, ofType, type Plan, type PlannedResource } from '../plan.js';
import { type Check, type Rule, unless } from '../rule.js';

/** By what a resource is known to others, where it is not `name`. */
const naming: Readonly<Record<string, string>> = { aws_lambda_function: 'function_name', aws_db_instance: 'identifier', aws_s3_bucket: 'bucket' };
/** Descriptions and tags name nothing that has to be there; an alarm's dimensions have a rule of their own. */
const notReferences = new Set([
  'tags',
  'tags_all',
  'description',
  'alarm_description',
  'dimensions',
  'metric_query',
  'alarm_name',
  'dashboard_name',
  'comment',
]);

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') {
    yield value;
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) {
      yield* textsIn(part);
    }
  }
}

const nameOf = ({ type, change }: PlannedResource): unknown => change.after[naming[type] ?? 'name'];

/** The texts of a resource that may name another one. */
const referencesOf = (resource: PlannedResource): string[] =>
  Object.entries(resource.change.after)
    .filter(([attribute]) => !notReferences.has(attribute) && attribute !== (naming[resource.type] ?? 'name'))
    .flatMap(([, value]) => [...textsIn(value)]);

/** Terraform orders only what refers to a resource: a name that is composed a second time may come before its bearer. */
const namesAreReferences: Check = (plan) => {
  const bearers = new Map<string, PlannedResource[]>();
  for (const resource of plan.resource_changes) {
    const name = nameOf(resource);
    if (typeof name === 'string' && /(^|\/)duet-/.test(name)) {
      bearers.set(name, [...(bearers.get(name) ?? []), resource]);
    }
  }
  return plan.resource_changes.flatMap((resource) => {
    const before = waitsFor(plan.graph, nodeOf(resource.address));
    return [...new Set(referencesOf(resource))].flatMap((text) => {
      const named = (bearers.get(text) ?? []).filter(({ address }) => address !== resource.address);
      return unless(
        named.length === 0 || named.some(({ address }) => before.has(nodeOf(address))),
        `${resource.address} names ${text}, and does not wait for ${named.map(({ address }) => address).join(' or ')}`,
      );
    });
  });
};

/** AWS makes a log group that is missing when it first writes to it, and then Terraform cannot. */
const logGroupsComeFirst: Check = (plan) => {
  const groups = new Map(ofType(plan, 'aws_cloudwatch_log_group').map((group) => [String(group.change.after['name']), nodeOf(group.address)]));
  const writers = [
    ...ofType(plan, 'aws_lambda_function').map((writer) => [writer, `/aws/lambda/${String(nameOf(writer))}`] as const),
    ...ofType(plan, 'aws_db_proxy').map((writer) => [writer, `/aws/rds/proxy/${String(nameOf(writer))}`] as const),
    ...ofType(plan, 'aws_db_instance').flatMap((writer) =>
      (writer.change.after['enabled_cloudwatch_logs_exports'] as string[]).map(
        (log) => [writer, `/aws/rds/instance/${String(nameOf(writer))}/${log}`] as const,
      ),
    ),
  ];
  return writers.flatMap(([{ address }, group]) =>
    unless(waitsFor(plan.graph, nodeOf(address)).has(groups.get(group) ?? ''), `${address} does not wait for its log group ${group}`),
  );
};

/** A role without its policies is one that AWS refuses, or whose first use fails. */
const rolesComeWithPolicies: Check = (plan) => {
  const policies = [...new Set(ofType(plan, 'aws_iam_role_policy').map(({ address }) => nodeOf(address)))];
  const roles = [...new Set(ofType(plan, 'aws_iam_role').map(({ address }) => nodeOf(address)))];
  const users = [...new Set(plan.resource_changes.filter(({ type }) => type !== 'aws_iam_role_policy').map(({ address }) => nodeOf(address)))];
  return roles.flatMap((role) => {
    const granted = policies.filter((policy) => plan.graph[policy]?.includes(role));
    return users.flatMap((user) => {
      const before = waitsFor(plan.graph, user);
      return before.has(role) ? granted.flatMap((policy) => unless(before.has(policy), `${user} does not wait for ${policy}`)) : [];
    });
  });
};

const functionsNode = 'module.api.aws_lambda_function.this';
const reached = /\.(aws_vpc_endpoint|aws_vpc_security_group_(in|e)gress_rule|aws_route_table_association)\./;

/** What a function reaches stands before it runs, and until it is destroyed. */
const functionsFindTheirNetwork: Check = (plan) => {
  const before = waitsFor(plan.graph, functionsNode);
  return [...new Set(plan.resource_changes.map(({ address }) => nodeOf(address)))]
    .filter((node) => reached.test(node))
    .flatMap((node) => unless(before.has(node), `the functions do not wait for ${node}`));
};

const isWatchedFor = (alarm: Attributes, plan: Plan): string[] =>
  String(alarm['namespace']).startsWith('AWS/')
    ? plan.resource_changes
        .filter((resource) => Object.values((alarm['dimensions'] ?? {}) as Attributes).includes(nameOf(resource)))
        .map(({ address }) => address)
    : // The metrics of the service that are sent without a request are the outbox's, which its schedule starts.
      ofType(plan, 'aws_scheduler_schedule').map(({ address }) => address);

/** An alarm that takes silence for a fault would go off before what it watches is there. */
const silenceIsWatchedLater: Check = (plan) =>
  ofType(plan, 'aws_cloudwatch_metric_alarm')
    .filter(({ change }) => change.after['treat_missing_data'] === 'breaching')
    .flatMap(({ address, change }) => {
      const before = waitsFor(plan.graph, nodeOf(address));
      const watched = isWatchedFor(change.after, plan);
      return unless(
        watched.some((other) => before.has(nodeOf(other))),
        `${address} does not wait for ${watched.join(' or ') || 'anything'}`,
      );
    });

function cut(graph: Graph, node: string, pattern: RegExp): void {
  for (const one of [node, ...waitsFor(graph, node)]) {
    graph[one] = (graph[one] ?? []).filter((dependency) => !pattern.test(dependency));
  }
}

const observability = 'module.observability';

export const orderRules: readonly Rule[] = [
  {
    promise: 'What names another resource waits for it',
    check: namesAreReferences,
    mutations: [
      {
        what: 'a metric filter that composes the name of its log group',
        change: ({ graph }) => cut(graph, `${observability}.aws_cloudwatch_log_metric_filter.code_cache`, /aws_cloudwatch_log_group/),
        says: /metric_filter\.code_cache names \/aws\/lambda\/duet-prod-http, and does not wait/,
      },
    ],
  },
  {
    promise: 'Each log group stands before AWS would make it',
    check: logGroupsComeFirst,
    mutations: [
      {
        what: 'a function that writes first',
        change: ({ graph }) => cut(graph, functionsNode, /aws_cloudwatch_log_group/),
        says: /does not wait for its log group/,
      },
    ],
  },
  {
    promise: 'What takes a role waits for its policies',
    check: rolesComeWithPolicies,
    mutations: [
      {
        what: 'a schedule whose role may not invoke yet',
        change: ({ graph }) => {
          const schedule = 'module.api.aws_scheduler_schedule.outbox';
          cut(graph, schedule, /schedule_role\.aws_iam_role_policy/);
          graph[schedule]?.push('module.api.module.schedule_role.aws_iam_role.this');
        },
        says: /schedule\.outbox does not wait for \S+schedule_role\.aws_iam_role_policy\.this/,
      },
    ],
  },
  {
    promise: 'The functions wait for all that they reach in the VPC',
    check: functionsFindTheirNetwork,
    mutations: [
      {
        what: 'functions before the endpoints',
        change: ({ graph }) => cut(graph, functionsNode, /aws_vpc_endpoint/),
        says: /do not wait for \S+aws_vpc_endpoint\.interface/,
      },
    ],
  },
  {
    promise: 'An alarm on silence waits for what it watches',
    check: silenceIsWatchedLater,
    mutations: [
      {
        what: 'an alarm before the outbox is scheduled',
        change: ({ graph }) => cut(graph, `${observability}.aws_cloudwatch_metric_alarm.metric`, /aws_scheduler_schedule/),
        says: /outbox-age"\] does not wait/,
      },
    ],
  },
];
