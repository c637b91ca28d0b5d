import { type Answer, type Call, type Correction, type Forward, json, parse } from './correction.js';

/** A deployment under way, or over. */
interface Deployment {
  readonly function: string;
  readonly alias: string;
  readonly current: string;
  readonly target: string;
  readonly alarms: readonly string[];
  /** How often it will still be asked for before its five minutes are over. */
  askedBefore: number;
  info: Record<string, unknown>;
}

/** Alarms are looked at each time the deployment is asked for, and a canary's five minutes are over after so many times. */
const asksOfACanary = 5;

const applications = new Map<string, any>();
const groups = new Map<string, any>();
const deployments = new Map<string, Deployment>();

/** https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-lambda.html */
export const codeDeploy: Correction = {
  reason: 'moto keeps half of CodeDeploy and never moves an alias',
  matches: ({ service }) => service === 'codedeploy',
  answer: async (call, forward) => {
    const asked = parse(call);
    const group = `${asked.applicationName}/${asked.deploymentGroupName ?? asked.currentDeploymentGroupName}`;
    switch (call.operation) {
      case 'CreateApplication':
        applications.set(asked.applicationName, { ...asked, applicationId: asked.applicationName, createTime: 0 });
        return json(200, { applicationId: asked.applicationName });
      case 'GetApplication':
        return applications.has(asked.applicationName)
          ? json(200, { application: applications.get(asked.applicationName) })
          : json(400, { __type: 'ApplicationDoesNotExistException', message: 'No application found' });
      case 'CreateDeploymentGroup':
        groups.set(group, { ...asked, deploymentGroupId: group, computePlatform: 'Lambda' });
        return json(200, { deploymentGroupId: group });
      case 'UpdateDeploymentGroup':
        groups.set(group, { ...groups.get(group), ...asked });
        return json(200, { hooksNotCleanedUp: [] });
      case 'GetDeploymentGroup':
        return groups.has(group)
          ? json(200, { deploymentGroupInfo: groups.get(group) })
          : json(400, { __type: 'DeploymentGroupDoesNotExistException', message: 'No deployment group found' });
      case 'DeleteDeploymentGroup':
        groups.delete(group);
        return json(200, {});
      case 'DeleteApplication':
        applications.delete(asked.applicationName);
        return json(200, {});
      case 'ListTagsForResource':
        return json(200, { Tags: (applications.get(asked.ResourceArn.split(':').at(-1)) ?? groups.get(asked.ResourceArn.split(':').at(-1)))?.tags ?? [] });
      case 'CreateDeployment':
        return begin(call, forward, groups.get(group));
      case 'GetDeployment':
        return goOn(call, forward);
      default:
        return forward(call);
    }
  },
};

async function begin(call: Call, forward: Forward, group: any): Promise<Answer> {
  const asked = parse(call);
  const { version, Resources } = JSON.parse(asked.revision.appSpecContent.content);
  if (version !== '0.0') {
    return json(400, { __type: 'InvalidRevisionException', message: `The AppSpec's version must be 0.0, not ${version}` });
  }
  const { Name, Alias, CurrentVersion, TargetVersion } = Resources[0].http.Properties;
  const id = `d-${deployments.size + 1}`;
  const canary = /Canary(\d+)Percent/.exec(asked.deploymentConfigName ?? group.deploymentConfigName);
  const deployment: Deployment = {
    function: Name,
    alias: Alias,
    current: CurrentVersion,
    target: TargetVersion,
    alarms: group.alarmConfiguration.alarms.map(({ name }: { name: string }) => name),
    askedBefore: canary === null ? 0 : asksOfACanary,
    info: { deploymentId: id, status: 'InProgress' },
  };
  deployments.set(id, deployment);
  if (canary !== null) {
    await moveAlias(call, forward, deployment, CurrentVersion, { [TargetVersion]: Number(canary[1]) / 100 });
  }
  return json(200, { deploymentId: id });
}

async function goOn(call: Call, forward: Forward): Promise<Answer> {
  const deployment = deployments.get(parse(call).deploymentId);
  if (deployment === undefined) {
    return json(400, { __type: 'DeploymentDoesNotExistException', message: 'No deployment found' });
  }
  const { info } = deployment;
  if (info['status'] === 'InProgress' && (await anyAlarm(call, forward, deployment.alarms))) {
    await moveAlias(call, forward, deployment, deployment.current, {});
    const message =
      'One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped.';
    deployment.info = { ...info, status: 'Stopped', errorInformation: { code: 'ALARM_ACTIVE', message } };
  } else if (info['status'] === 'InProgress' && deployment.askedBefore === 0) {
    await moveAlias(call, forward, deployment, deployment.target, {});
    deployment.info = { ...info, status: 'Succeeded' };
  }
  deployment.askedBefore -= 1;
  return json(200, { deploymentInfo: deployment.info });
}

async function anyAlarm(call: Call, forward: Forward, names: readonly string[]): Promise<boolean> {
  const states = await Promise.all(
    names.map(async (name) => {
      const body = new URLSearchParams({ Action: 'DescribeAlarms', Version: '2010-08-01', 'AlarmNames.member.1': name }).toString();
      return (await forward({ ...asService(call, 'monitoring'), method: 'POST', path: '/', body })).body.toString();
    }),
  );
  return states.some((state) => state.includes('<StateValue>ALARM</StateValue>'));
}

async function moveAlias(call: Call, forward: Forward, deployment: Deployment, version: string, weights: Record<string, number>): Promise<void> {
  await forward({
    ...asService(call, 'lambda'),
    method: 'PUT',
    path: `/2015-03-31/functions/${deployment.function}/aliases/${deployment.alias}`,
    body: JSON.stringify({ FunctionVersion: version, RoutingConfig: Object.keys(weights).length > 0 ? { AdditionalVersionWeights: weights } : {} }),
  });
}

/** A call of CodeDeploy's role to another service. */
function asService(call: Call, service: 'lambda' | 'monitoring'): Call {
  const { 'x-amz-target': _target, ...headers } = call.headers;
  return {
    ...call,
    service,
    operation: '',
    headers: {
      ...headers,
      host: `${service}.eu-central-1.amazonaws.com`,
      'content-type': service === 'lambda' ? 'application/json' : 'application/x-www-form-urlencoded',
      authorization: (headers['authorization'] ?? '').replace('/codedeploy/', `/${service}/`),
    },
  };
}
