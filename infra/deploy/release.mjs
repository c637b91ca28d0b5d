import { setTimeout as sleep } from 'node:timers/promises';
import { aws } from './aws.mjs';
import { DeployError } from './errors.mjs';

const pollMs = 5_000;
const ended = new Set(['Succeeded', 'Failed', 'Stopped']);

/**
 * Pins each function's newest version to the runtime that it was published with. It is never undone, so that a version is the same when a
 * rollback returns to it: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html
 */
export async function pinRuntimes({ versions }, region) {
  for (const [name, version] of Object.entries(versions)) {
    await aws(['lambda', 'put-runtime-management-config', '--function-name', name, '--qualifier', version, '--update-runtime-on', 'FunctionUpdate'], region);
  }
}

/**
 * Moves requests to a version of http by a deployment of CodeDeploy, and waits for its end: minutes where it goes by weight.
 *
 * @param config in place of the group's own configuration: all at once, for a rollback.
 * @returns the versions before and after.
 * @throws DeployError when CodeDeploy went back, with its reason.
 */
export async function shift({ application, deployment_group: group, alias, name }, target, region, { config, print }) {
  const { FunctionVersion: current } = await aws(['lambda', 'get-alias', '--function-name', name, '--name', alias], region);
  if (current === target) {
    print(`Version ${target} of ${name} serves already`);
    return { current, target };
  }
  print(`Moving requests from version ${current} of ${name} to ${target}`);
  const revision = {
    revisionType: 'AppSpecContent',
    appSpecContent: {
      content: JSON.stringify({
        // Of the format: a number would lose its decimal place as JSON.
        version: '0.0',
        Resources: [{ http: { Type: 'AWS::Lambda::Function', Properties: { Name: name, Alias: alias, CurrentVersion: current, TargetVersion: target } } }],
      }),
    },
  };
  const { deploymentId } = await aws(
    [
      ...['deploy', 'create-deployment', '--application-name', application, '--deployment-group-name', group, '--revision', JSON.stringify(revision)],
      ...(config === undefined ? [] : ['--deployment-config-name', config]),
    ],
    region,
  );
  const { status, reason } = await waitForEnd(deploymentId, region, print);
  if (status !== 'Succeeded') {
    throw new DeployError(
      `The release was taken back: version ${current} serves again (${status}: ${reason}). The log of ${name} says what failed; the deployment is ${deploymentId}`,
    );
  }
  print(`Version ${target} of ${name} serves`);
  return { current, target };
}

async function waitForEnd(deploymentId, region, print) {
  let shown;
  for (;;) {
    const { deploymentInfo: info } = await aws(['deploy', 'get-deployment', '--deployment-id', deploymentId], region);
    if (info.status !== shown) {
      print(`Deployment ${deploymentId}: ${info.status}`);
      shown = info.status;
    }
    if (ended.has(info.status)) {
      return { status: info.status, reason: info.errorInformation?.message ?? info.rollbackInfo?.rollbackMessage ?? 'no reason given' };
    }
    await sleep(pollMs);
  }
}
