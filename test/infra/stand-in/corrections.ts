import { cloudFront } from './cloudfront.js';
import { codeDeploy } from './codedeploy.js';
import { type Call, type Correction, edited, editedText, json, parse, xml } from './correction.js';
import { ses } from './ses.js';

const is =
  (service: string, ...operations: string[]) =>
  (call: Call): boolean =>
    call.service === service && operations.includes(call.operation);

const functionPath = /^\/2015-03-31\/functions(?:\/([^/?]+)(?:\/(?:configuration|versions))?)?(?:\?.*)?$/;
const loggingConfigs = new Map<string, unknown>();
const runtimePath = /^\/2021-07-20\/functions\/([^/]+)\/runtime-management-config(?:\?Qualifier=(.*))?$/;
const runtimes = new Map<string, string>();

const bucketPolicies = new Map<string, string>();
const staticParameters = new Set(['rds.force_ssl']);
const parameters = new Map<string, Map<string, string>>();
const subscribers = new Map<string, unknown>();
const budgetTags = new Map<string, unknown>();
const tableClasses = new Map<string, string>();
const ruleDescriptions = new Map<string, string>();
const mappedFunctions = new Map<string, string>();

export const corrections: readonly Correction[] = [
  {
    reason: 'moto forgets how a function logs',
    matches: ({ service, path }) => service === 'lambda' && functionPath.test(path),
    answer: async (call, forward) => {
      const [, named] = functionPath.exec(call.path) ?? [];
      const asked = call.method === 'GET' ? {} : parse(call);
      const name = decodeURIComponent(named ?? asked.FunctionName ?? '')
        .replace(/^.*:function:/, '')
        .replace(/:.*$/, '');
      if (asked.LoggingConfig) {
        loggingConfigs.set(name, asked.LoggingConfig);
      }
      const answer = await forward(call);
      return answer.status < 300 && loggingConfigs.has(name)
        ? edited(answer, (value) => {
            for (const shown of [value.Configuration ?? value, ...(value.Versions ?? [])]) {
              shown.LoggingConfig = loggingConfigs.get(name);
            }
          })
        : answer;
    },
  },
  {
    reason: 'moto denies by the policy of a bucket without reading its condition',
    matches: ({ service, path }) => service === 's3' && /\?policy(=|$)/.test(path),
    answer: async ({ method, path, body }) => {
      const bucket = path.split('?')[0] ?? '';
      if (method === 'PUT') {
        bucketPolicies.set(bucket, body);
      } else if (method === 'DELETE') {
        bucketPolicies.delete(bucket);
      }
      const policy = bucketPolicies.get(bucket);
      return method !== 'GET'
        ? { status: 204, headers: {}, body: Buffer.alloc(0) }
        : policy === undefined
          ? { ...xml('<Error><Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message></Error>'), status: 404 }
          : { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(policy) };
    },
  },
  {
    reason: 'moto has no runtime management',
    matches: ({ service, path }) => service === 'lambda' && runtimePath.test(path),
    answer: async ({ method, path, body }) => {
      const [, name = '', qualifier = '$LATEST'] = runtimePath.exec(path) ?? [];
      const key = `${name}:${decodeURIComponent(qualifier)}`;
      if (method === 'PUT') {
        runtimes.set(key, parse({ body }).UpdateRuntimeOn);
      }
      return json(200, { FunctionArn: `arn:aws:lambda:eu-central-1:123456789012:function:${key}`, UpdateRuntimeOn: runtimes.get(key) ?? 'Auto' });
    },
  },
  {
    reason: 'moto makes a metric filter of a log group that is not there: AWS refuses it',
    matches: is('logs', 'PutMetricFilter'),
    answer: async (call, forward) => {
      const { logGroupName } = parse(call);
      const groups = await forward({
        ...call,
        headers: { ...call.headers, 'x-amz-target': 'Logs_20140328.DescribeLogGroups' },
        body: JSON.stringify({ logGroupNamePrefix: logGroupName }),
      });
      return parse(groups).logGroups.some((group: { logGroupName: string }) => group.logGroupName === logGroupName)
        ? forward(call)
        : json(400, { __type: 'ResourceNotFoundException', message: 'The specified log group does not exist.' });
    },
  },
  {
    reason: 'moto forgets parameters; RDS keeps a static one as pending-reboot, whatever it is given',
    matches: is('rds', 'ModifyDBParameterGroup', 'ResetDBParameterGroup', 'DescribeDBParameters'),
    answer: async (call, forward) => {
      const form = new URLSearchParams(call.body);
      const group = form.get('DBParameterGroupName') ?? '';
      const kept = parameters.get(group) ?? new Map<string, string>();
      if (call.operation !== 'DescribeDBParameters') {
        for (let index = 1; form.has(`Parameters.Parameter.${index}.ParameterName`); index += 1) {
          const [name = '', value = '', method = ''] = ['ParameterName', 'ParameterValue', 'ApplyMethod'].map(
            (part) => form.get(`Parameters.Parameter.${index}.${part}`) ?? '',
          );
          const applied = staticParameters.has(name) ? 'pending-reboot' : method;
          kept.set(
            name,
            `<Parameter><ParameterName>${name}</ParameterName><ParameterValue>${value}</ParameterValue><ApplyMethod>${applied}</ApplyMethod><Source>user</Source></Parameter>`,
          );
        }
        parameters.set(group, kept);
        return forward(call);
      }
      return xml(
        `<DescribeDBParametersResponse><DescribeDBParametersResult><Parameters>${[...kept.values()].join('')}</Parameters></DescribeDBParametersResult></DescribeDBParametersResponse>`,
      );
    },
  },
  {
    reason: 'moto forgets performance insights',
    matches: is('rds', 'DescribeDBInstances', 'CreateDBInstance', 'ModifyDBInstance'),
    answer: async (call, forward) =>
      editedText(await forward(call), (text) =>
        text
          .replaceAll(/<PerformanceInsightsEnabled>[^<]*<\/PerformanceInsightsEnabled>/g, '')
          .replaceAll('</DBInstanceIdentifier>', '</DBInstanceIdentifier><PerformanceInsightsEnabled>true</PerformanceInsightsEnabled>'),
      ),
  },
  {
    reason: 'moto forgets the class of a table',
    matches: is('dynamodb', 'CreateTable', 'DescribeTable'),
    answer: async (call, forward) => {
      const { TableName: name, TableClass: tableClass } = parse(call);
      if (tableClass) {
        tableClasses.set(name, tableClass);
      }
      const answer = await forward(call);
      return answer.status === 200
        ? edited(answer, (value) => {
            const table = value.Table ?? value.TableDescription;
            table.TableClassSummary = { TableClass: tableClasses.get(name) ?? 'STANDARD' };
          })
        : answer;
    },
  },
  {
    reason: 'moto shows a mapping to an alias as one to the version behind it',
    matches: ({ service, path }) => service === 'lambda' && path.startsWith('/2015-03-31/event-source-mappings'),
    answer: async (call, forward) => {
      const answer = await forward(call);
      return answer.status < 300 && answer.body.length > 0
        ? edited(answer, (value) => {
            const name = parse(call).FunctionName as string | undefined;
            if (call.method === 'POST' && name !== undefined) {
              mappedFunctions.set(value.UUID, name);
            }
            value.FunctionArn = mappedFunctions.get(value.UUID) ?? value.FunctionArn;
          })
        : answer;
    },
  },
  {
    reason: 'moto forgets what a rule of a security group is for',
    matches: is('ec2', 'AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress', 'DescribeSecurityGroupRules'),
    answer: async (call, forward) => {
      const answer = await forward(call);
      const text = answer.body.toString();
      const form = new URLSearchParams(call.body);
      const [, description] = [...form].find(([name]) => name.endsWith('.Description')) ?? [];
      const [, id] = /<securityGroupRuleId>(sgr-[^<]+)</.exec(text) ?? [];
      if (call.operation !== 'DescribeSecurityGroupRules') {
        if (description !== undefined && id !== undefined) {
          ruleDescriptions.set(id, description);
        }
        return answer;
      }
      return editedText(answer, (shown) =>
        shown
          .replaceAll(/<description\s*\/>|<description>[^<]*<\/description>/g, '')
          .replaceAll(
            /<securityGroupRuleId>(sgr-[^<]+)<\/securityGroupRuleId>/g,
            (found, rule: string) => `${found}<description>${ruleDescriptions.get(rule) ?? ''}</description>`,
          ),
      );
    },
  },
  {
    reason: 'moto knows neither the tags of a budget nor who is notified by it',
    matches: (call) => call.service === 'budgets' && /Budget$|Notification$|TagsForResource$/.test(call.operation),
    answer: async (call, forward) => {
      const request = parse(call);
      if (request.ResourceTags) {
        budgetTags.set(request.Budget.BudgetName, request.ResourceTags);
      }
      if (call.operation === 'ListTagsForResource') {
        return json(200, { ResourceTags: budgetTags.get(request.ResourceARN.split('/').at(-1)) ?? [] });
      }
      const key = ({ NotificationType: type, Threshold: threshold }: { NotificationType: string; Threshold: number }): string =>
        `${request.BudgetName ?? request.Budget?.BudgetName} ${type} ${threshold}`;
      for (const { Notification: notification, Subscribers: list } of [
        ...(request.NotificationsWithSubscribers ?? []),
        ...(call.operation === 'CreateNotification' ? [request] : []),
      ]) {
        subscribers.set(key(notification), list);
      }
      return call.operation === 'DescribeSubscribersForNotification'
        ? json(200, { Subscribers: subscribers.get(key(request.Notification)) ?? [] })
        : forward(call);
    },
  },
  ...cloudFront,
  codeDeploy,
  ses,
];
