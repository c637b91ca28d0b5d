import { type Correction, json, parse } from './correction.js';

const applications = new Map<string, any>();
const groups = new Map<string, any>();

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
      case 'CreateDeployment': {
        const { Name: name, Alias: alias, TargetVersion: target } = JSON.parse(asked.revision.appSpecContent.content).Resources.http.Properties;
        await forward({
          ...call,
          service: 'lambda',
          method: 'PUT',
          path: `/2015-03-31/functions/${name}/aliases/${alias}`,
          headers: {
            ...call.headers,
            host: 'lambda.eu-central-1.amazonaws.com',
            authorization: (call.headers['authorization'] ?? '').replace('/codedeploy/', '/lambda/'),
          },
          body: JSON.stringify({ FunctionVersion: target }),
        });
        return json(200, { deploymentId: 'd-1' });
      }
      default:
        return json(200, { deploymentInfo: { deploymentId: asked.deploymentId, status: 'Succeeded' } });
    }
  },
};
