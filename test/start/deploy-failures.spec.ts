import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

// Real: the command line of npm run deploy. Not real: terraform and aws, which are scripts that answer as the test says. What succeeds is driven in
// test/infra/deploy.spec.ts.

const scripts = {
  terraform: `case "$1" in version) echo "{\\"terraform_version\\":\\"$TERRAFORM_VERSION\\"}" ;; *) echo "$TERRAFORM_ERROR" >&2; exit 1 ;; esac`,
  aws: `case "$1" in sts) [ -n "$AWS_ACCOUNT" ] || { echo "Unable to locate credentials" >&2; exit 255; }
    echo "{\\"Account\\":\\"$AWS_ACCOUNT\\",\\"Arn\\":\\"arn:aws:iam::$AWS_ACCOUNT:user/ada\\"}" ;; *) exit 1 ;; esac`,
};

describe('npm run deploy, where it cannot go on, says what to do:', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'duet-deploy-'));
    await cp(resolve('infra'), join(folder, 'infra'), { recursive: true, filter: (path) => !/\.terraform$|\.tfstate|\.backend\.hcl$/.test(path) });
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  /** Runs it with these programs alone on the PATH. */
  async function deploy(args: string[], { programs = ['terraform', 'aws'], env = {} }: { programs?: ('terraform' | 'aws')[]; env?: NodeJS.ProcessEnv } = {}) {
    const bin = await mkdtemp(join(folder, 'bin-'));
    for (const program of programs) {
      await writeFile(join(bin, program), `#!/bin/sh\n${scripts[program]}\n`, { mode: 0o755 });
    }
    return new Promise<{ code: unknown; err: string }>((done) => {
      execFile(
        process.execPath,
        [join(folder, 'infra/deploy/deploy.mjs'), ...args],
        { env: { PATH: bin, TERRAFORM_VERSION: '1.11.4', AWS_ACCOUNT: '123456789012', AWS_REGION: 'eu-central-1', ...env } },
        (error, _, err) => done({ code: error?.code ?? 0, err }),
      );
    });
  }

  test.each<[string, string[], Parameters<typeof deploy>[1], string]>([
    ['there is no Terraform', ['dev'], { programs: ['aws'] }, 'install Terraform 1.11 or newer: https://'],
    ['Terraform is too old', ['dev'], { env: { TERRAFORM_VERSION: '1.9.8' } }, 'Terraform 1.9.8 is too old: install 1.11 or newer'],
    ['there is no AWS CLI', ['dev'], { programs: ['terraform'] }, 'install the AWS CLI: https://'],
    ['no region is set', ['dev'], { env: { AWS_REGION: undefined } }, 'give one with --region, AWS_REGION or aws configure'],
    ['the credentials are not known', ['dev'], { env: { AWS_ACCOUNT: '' } }, 'sign in (aws sso login, aws configure or AWS_PROFILE)'],
    ['it is another account', ['dev', '--account', '210987654321'], {}, 'choose another AWS_PROFILE, or leave --account out'],
    ['the kind is unknown', ['staging'], {}, 'the kinds of environment are dev and prod'],
    ['the packages are not there', ['dev', '--packages', '/none'], {}, 'npm run package makes it, or leave --packages out'],
    ['the architecture is unknown', ['dev', '--arch', 'mips'], {}, 'Allowed choices are arm64, x86_64'],
    ['the option is unknown', ['dev', '--force'], {}, '--help lists the commands'],
  ])('%s', async (_, args, options, remedy) => {
    const { code, err } = await deploy(args, options);

    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining(remedy) });
    expect(err).not.toContain('    at ');
  });

  test.each([
    ['S3 bucket "duet-state-123456789012-eu-central-1" does not exist.', 'npm run deploy -- bootstrap'],
    ['Error: Error acquiring the state lock', 'terraform force-unlock'],
    ['locked provider 5.100.0 does not match configured version constraint', 'remove .terraform'],
    ['Failed to query available provider packages', 'is registry.terraform.io reachable?'],
    ['api error AccessDenied: User is not authorized to perform: lambda:CreateFunction', 'use those of an administrator'],
    ['decreases account UnreservedConcurrentExecutions: ConcurrentExecutions below its minimum value of [10]', 'leave reserved_concurrency at -1'],
    ['VpcLimitExceeded: The maximum number of VPCs has been reached.', 'Service Quotas'],
    ['a secret with this name is already scheduled for deletion', 'restore-secret'],
    ['ExpiredToken: The security token included in the request is expired', 'sign in anew'],
    ['Error: creating Route Table Association: InvalidParameter', 'running this again goes on where it stopped'],
  ])('Terraform fails with "%s"', async (message, remedy) => {
    const { code, err } = await deploy(['rollback', 'dev', '7'], { env: { TERRAFORM_ERROR: message } });

    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining(remedy) });
  });
});
