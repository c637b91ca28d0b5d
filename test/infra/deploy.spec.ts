import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type BuiltService, startBuiltService } from '../support/built-service.js';
import { eventually } from '../support/eventually.js';
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

  const arch = process.arch === 'arm64' ? 'arm64' : 'x86_64';
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
    return stdout.trim() === '' ? undefined : JSON.parse(stdout);
  }

  /** Which version serves, and which share another one has. */
  async function serving(): Promise<{ version: string; weights: Record<string, number> }> {
    const { FunctionVersion: version, RoutingConfig: routing } = await askAws('lambda', 'get-alias', '--function-name', 'duet-dev-http', '--name', 'live');
    return { version, weights: routing?.AdditionalVersionWeights ?? {} };
  }

  async function editSettings(edit: (settings: string) => string): Promise<void> {
    const file = join(folder, 'infra/environment/dev.tfvars');
    const settings = await readFile(file, 'utf8');
    expect(edit(settings)).not.toBe(settings);
    await writeFile(file, edit(settings));
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
    // The way that costs least, without the proxy; with it from the second release on.
    await editSettings((settings) => settings.replace(/^database = \{$/m, 'database = {\n  proxy = false'));
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

  test('deploys dev from nothing, without the proxy: packages, applies, migrates, releases and plays the demo', async () => {
    const { code, output } = await deploy('dev', '--yes', '--arch', arch);

    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toMatch(/http +\d+ bytes zipped/);
    expect(output).toMatch(/Apply complete! Resources: \d+ added, 0 changed, 0 destroyed/);
    expect(aws.calls.some((call) => /POST .*duet-dev-migrate\/invocations/.test(call))).toBe(true);
    expect(output).toContain('Version 1 of duet-dev-http serves already');
    expect(output).toContain(`the demo against ${service.url}`);
    expect(output).toContain('duet-dev is deployed');
    expect(output).toMatch(/mail_dns_records = [^]*_domainkey\.mail\.example/);
    expect(aws.calls).not.toContain('rds CreateDBProxy');
  }, 600_000);

  test('sends a tenth of the requests to a second release, now behind the proxy, and takes it back when its alarm goes off', async () => {
    await editSettings((settings) => settings.replace('  proxy = false\n', '').replace('LambdaAllAtOnce', 'LambdaCanary10Percent5Minutes'));
    const http = join(folder, 'dist/lambda/http.zip');
    await writeFile(http, zipSync({ ...unzipSync(await readFile(http)), 'second-release.txt': strToU8('') }));

    const deploying = deploy('dev', '--yes', '--arch', arch, '--packages', join(folder, 'dist/lambda'));
    await eventually(() => aws.calls.includes('codedeploy CreateDeployment'), { timeoutMs: 500_000, what: 'a deployment begins' });
    await eventually(async () => (await serving()).weights['2'] === 0.1, { what: 'a tenth of the requests at version 2' });
    await askAws('cloudwatch', 'set-alarm-state', '--alarm-name', 'duet-dev-release-errors', '--state-value', 'ALARM', '--state-reason', 'Version 2 fails');

    const { code, output } = await deploying;
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(output).toContain('The release was taken back: version 1 serves again (Stopped: One or more alarms have been activated');
    expect(await serving()).toEqual({ version: '1', weights: {} });
    expect(aws.calls).toContain('rds CreateDBProxy');
  }, 600_000);

  test('gives a release all requests when no alarm goes off, and takes them back when asked', async () => {
    await askAws('cloudwatch', 'set-alarm-state', '--alarm-name', 'duet-dev-release-errors', '--state-value', 'OK', '--state-reason', 'Mended');

    const again = await deploy('dev', '--yes', '--no-smoke', '--arch', arch, '--packages', join(folder, 'dist/lambda'));
    expect(again).toMatchObject({ code: 0 });
    expect(again.output).toContain('Back to what served before: npm run deploy -- rollback dev 1');
    expect(await serving()).toEqual({ version: '2', weights: {} });
    const back = await deploy('rollback', 'dev', '1');
    expect(back).toMatchObject({ code: 0 });
    expect(await serving()).toEqual({ version: '1', weights: {} });
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
    const { code, output } = await deploy('dev', '--plan', '--detailed-exitcode', '--arch', arch, '--packages', join(folder, 'dist/lambda'));

    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('No changes.');
  }, 300_000);

  test('destroys all of it', async () => {
    const { code, output } = await deploy('destroy', 'dev', '--yes', '--packages', join(folder, 'dist/lambda'));

    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toMatch(/Apply complete! Resources: 0 added, 0 changed, \d+ destroyed/);
  }, 600_000);
});
