import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type BuiltService, startBuiltService } from '../support/built-service.js';
import { type StandIn, startStandIn } from './stand-in/stand-in.js';

// Real: npm run deploy as a person types it, its packages, Terraform, the provider, and the demo against a running service on real stores.
// Not real: AWS. The stand-in keeps what is applied and runs no function, so that the demo meets the local service.

const mirror = process.env['DUET_INFRA_MIRROR'];
const whereAsked = mirror === undefined ? describe.skip : describe;

/** What a clone has, without what is made there and what the deployment does not use. */
const notCopied = new Set(['node_modules', '.git', 'dist', '.data', 'coverage', 'test']);

/** S3 by paths, because no name leads from a bucket to the stand-in. */
const overrides = {
  backend: `terraform {\n  backend "s3" {\n    use_lockfile   = true\n    use_path_style = true\n  }\n}\n`,
  provider: `provider "aws" {\n  s3_use_path_style = true\n  max_retries       = 3\n}\n`,
};

whereAsked('npm run deploy, on an account that has nothing yet', () => {
  let folder: string;
  let aws: StandIn;
  let service: BuiltService;
  let transcript = '';

  const environment = (): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    NO_COLOR: '1',
    TF_CLI_ARGS: '-no-color',
    TF_CLI_CONFIG_FILE: join(folder, 'terraform.rc'),
    TF_VAR_mail: '{ domain = "mail.example", from = "Duet <no-reply@mail.example>" }',
    CHECKPOINT_DISABLE: '1',
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
    AWS_REGION: 'eu-central-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    DUET_URL: service.url,
  });

  /** What a person sees, and the exit code. */
  async function deploy(...args: string[]): Promise<{ code: number | null; output: string }> {
    const child = spawn('npm', ['run', '--silent', 'deploy', '--', ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: environment() });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const code = await new Promise<number | null>((ended) => child.once('close', ended));
    transcript += `$ npm run deploy -- ${args.join(' ')}\n${output}(exit ${code})\n\n`;
    return { code, output };
  }

  /** What AWS answers to its own command line. */
  async function askAws(...args: string[]): Promise<any> {
    const { stdout } = await promisify(execFile)('aws', [...args, '--output', 'json', '--region', 'eu-central-1'], { env: environment() });
    return JSON.parse(stdout);
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'duet-deploy-'));
    for (const part of (await readdir('.')).filter((name) => !notCopied.has(name))) {
      await cp(resolve(part), join(folder, part), { recursive: true, filter: (path) => !/\.terraform$|\.tfstate|client\/dist$/.test(path) });
    }
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'terraform.rc'), `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`);
    for (const root of ['environment', 'bootstrap']) {
      await writeFile(join(folder, 'infra', root, 'a_override.tf'), `${overrides.backend}\n${overrides.provider}`);
    }
    [aws, service] = await Promise.all([startStandIn(), startBuiltService({ DUET_DATA_DIR: join(folder, 'data'), STORE_TIMEOUT_MS: '20000' })]);
  }, 240_000);

  afterAll(async () => {
    await Promise.all([aws.stop(), service.stop()]);
    const { DUET_DEPLOY_TRANSCRIPT: file } = process.env;
    if (file !== undefined) {
      await writeFile(file, transcript);
    }
    await rm(folder, { recursive: true, force: true });
  });

  test('says what to do when a tool, an argument, the account or the bucket is not there', async () => {
    expect((await deploy('staging', '--yes')).output).toContain('There is no infra/environment/staging.tfvars');
    expect((await deploy('dev', '--yes', '--account', '210987654321')).output).toContain('These credentials are of account 123456789012, not 210987654321');
    expect((await deploy('dev', '--yes', '--packages', join(folder, 'none'))).output).toContain('LAMBDA_ARCH=arm64 npm run package');
    const refused = await deploy('destroy', 'dev', '--yes');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.output).toContain('npm run deploy -- bootstrap');
  }, 240_000);

  test('asks before it changes anything, and without a terminal changes nothing', async () => {
    const { code, output } = await deploy('bootstrap');

    expect(code).toBe(1);
    expect(output).toContain('look at the plan, and give --yes');
    expect(aws.calls).not.toContain('s3 PUT /duet-state-123456789012-eu-central-1');
  }, 240_000);

  test('bootstraps the account, and keeps the state of that in the bucket that it made', async () => {
    const { code, output } = await deploy('bootstrap', '--yes', '--repository', 'example/duet');

    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('arn:aws:iam::123456789012:role/duet-github-deploy');
    expect(aws.calls.filter((call) => call.startsWith('s3 PUT') && call.includes('/duet/bootstrap.tfstate'))).not.toHaveLength(0);
  }, 240_000);

  test('deploys dev from nothing: packages, applies, migrates, releases and plays the demo', async () => {
    const { code, output } = await deploy('dev', '--yes', '--arch', process.arch === 'arm64' ? 'arm64' : 'x86_64');

    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toMatch(/http +\d+ bytes zipped/);
    expect(output).toMatch(/Apply complete! Resources: \d+ added, 0 changed, 0 destroyed/);
    expect(aws.calls.some((call) => /POST .*duet-dev-migrate\/invocations/.test(call))).toBe(true);
    expect(output).toContain('Version 1 of duet-dev-http serves already');
    expect(output).toContain(`the demo against ${service.url}`);
    expect(output).toContain('duet-dev is deployed');
    expect(output).toMatch(/mail_dns_records = [^]*_domainkey\.mail\.example/);
  }, 600_000);

  test('publishes the app: hashed files for a year, the rest asked for at each visit, and the address of the API', async () => {
    const bucket = 'duet-dev-web-123456789012-eu-central-1';
    const files = ((await askAws('s3api', 'list-objects-v2', '--bucket', bucket)).Contents as { Key: string }[]).map(({ Key }) => Key);
    const cacheOf = async (key = ''): Promise<string> => (await askAws('s3api', 'head-object', '--bucket', bucket, '--key', key)).CacheControl;

    expect(files).toContain('index.html');
    expect(await cacheOf('index.html')).toBe('no-cache');
    expect(await cacheOf(files.find((file) => file.startsWith('assets/')))).toBe('public, max-age=31536000, immutable');
    await askAws('s3api', 'get-object', '--bucket', bucket, '--key', 'config.json', join(folder, 'config.json'));
    expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toEqual({ apiUrl: expect.stringMatching(/^https:\/\/\w+\.execute-api\./) });
    expect(aws.calls.some((call) => /cloudfront POST .*\/invalidation$/.test(call))).toBe(true);
  }, 60_000);

  test('has made every secret itself, and keeps none in the state', async () => {
    const state = await fetch(`${aws.url}/duet-state-123456789012-eu-central-1/duet/dev.tfstate`, {
      headers: { authorization: 'AWS4-HMAC-SHA256 Credential=testing/20260101/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=none' },
    }).then(async (answer) => answer.text());

    expect(state).toContain('aws_secretsmanager_secret_version');
    expect(state).not.toMatch(/"secret_string(_wo)?": "[^"]/);
    expect(aws.calls.filter((call) => call === 'secretsmanager GetRandomPassword').length).toBeGreaterThanOrEqual(2);
  });

  test('finds nothing to change afterwards', async () => {
    const { code, output } = await deploy(
      'dev',
      '--plan',
      '--detailed-exitcode',
      '--packages',
      join(folder, 'dist/lambda'),
      '--arch',
      process.arch === 'arm64' ? 'arm64' : 'x86_64',
    );

    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('No changes.');
  }, 300_000);

  test('destroys all of it', async () => {
    const { code, output } = await deploy('destroy', 'dev', '--yes', '--packages', join(folder, 'dist/lambda'));

    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toMatch(/Apply complete! Resources: 0 added, 0 changed, \d+ destroyed/);
  }, 600_000);
});
