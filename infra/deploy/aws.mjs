import { DeployError } from './errors.mjs';
import { run } from './run.mjs';

const install = 'install the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html';

/**
 * Calls AWS through its command line, which finds credentials and region where its user keeps them.
 *
 * @returns what AWS answered.
 * @throws DeployError with AWS's own words.
 */
export async function aws(args, region) {
  const { code, stdout, stderr } = await run('aws', [...args, '--output', 'json', ...(region === undefined ? [] : ['--region', region])], {
    quiet: true,
    missing: install,
  });
  if (code !== 0) {
    throw new DeployError(`aws ${args.slice(0, 2).join(' ')} failed: ${stderr.trim()}`);
  }
  return stdout.trim() === '' ? {} : JSON.parse(stdout);
}

/**
 * Whose account this is, and in which region.
 *
 * @throws DeployError when there are no credentials, no region, or another account than `expected`.
 */
export async function identify({ region, expected }) {
  const chosen = region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? (await configuredRegion());
  if (chosen === undefined) {
    throw new DeployError('No region is set: give one with --region, AWS_REGION or aws configure');
  }
  const caller = await aws(['sts', 'get-caller-identity'], chosen).catch((error) => {
    throw new DeployError(`AWS does not know these credentials: sign in (aws sso login, aws configure or AWS_PROFILE) and try again\n${error.message}`, {
      cause: error,
    });
  });
  if (expected !== undefined && caller.Account !== expected) {
    throw new DeployError(`These credentials are of account ${caller.Account}, not ${expected}: choose another AWS_PROFILE, or leave --account out`);
  }
  return { account: caller.Account, arn: caller.Arn, partition: caller.Arn.split(':')[1], region: chosen };
}

async function configuredRegion() {
  const { code, stdout } = await run('aws', ['configure', 'get', 'region'], { quiet: true, missing: install });
  return code === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
}
