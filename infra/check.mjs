#!/usr/bin/env node
/**
 * Checks the infrastructure without an account or a network: `npm run check:infra`.
 *
 *   node infra/check.mjs               format, init, validate, terraform test, plans, and jest's assertions on the plans
 *   node infra/check.mjs --available   exits 0 when Terraform and its provider are here; else says what is missing and exits 3
 *   node infra/check.mjs --apply       the same, and dev applied to an emulator, planned again and destroyed: minutes more; under CI=true always
 *   node infra/check.mjs --permissions the same, with the table of what each function may do, in prod, and why
 *   node infra/check.mjs --plans DIR   writes DIR/<env>.json, each environment's plan, and DIR/<env>.dot, its graph
 *
 * All work is done on a copy in the temporary folder: nothing is written into the repository. Where Terraform or the provider's mirror is
 * missing the check is skipped with one line; under CI=true that is a failure.
 */
import { spawn } from 'node:child_process';
import { access, constants, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { devNull, homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyToEmulator, EmulatorFailed, emulatorOverride } from './emulator.mjs';

const infra = dirname(fileURLToPath(import.meta.url));
const repository = dirname(infra);
const environments = ['dev', 'prod'];
const functions = ['http', 'stream', 'outbox', 'migrate'];
const providerPath = join('registry.terraform.io', 'hashicorp', 'aws');

const exitUnavailable = 3;

/** Something that is needed is not on this machine. */
class Unavailable extends Error {}
/** A step of the check failed; what it printed is its message. */
class StepFailed extends Error {}

/** What makes a root plan without an account: made-up keys, nothing looked up, and the state on disk. */
const accountlessOverride = `
terraform {
  backend "local" {}
}

provider "aws" {
  access_key                  = "none"
  secret_key                  = "none"
  allowed_account_ids         = []
  max_retries                 = 0
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}
`;

/** Every optional part is planned, too: what is not planned is not checked. */
const planVariables = {
  account_id: '123456789012',
  webhook: '{ url = "https://receiver.example/records" }',
  webhook_api_key: 'a-key-of-the-receiver',
  cors_origins: '["https://app.example"]',
  domain: '{ name = "api.example", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/0" }',
  subscribers: '{ audit = { detail_types = ["user.deleted"], target_arn = "arn:aws:sqs:eu-central-1:123456789012:audit" } }',
  alarm_email: 'operators@example.com',
};
const signingKey = 'a signing key of more than 32 bytes, for the plan';

/** The smallest zip file there is: an empty archive's end record. Planning needs a file to hash. */
const emptyZip = Buffer.concat([Buffer.from('PK\u0005\u0006'), Buffer.alloc(18)]);

async function main(args) {
  const [mode, folder] = args;
  let tools;
  try {
    tools = await findTools();
  } catch (error) {
    if (!(error instanceof Unavailable)) {
      throw error;
    }
    const required = process.env.CI === 'true';
    console.log(required ? `check:infra FAILED: ${error.message}, and CI=true` : `check:infra skipped: ${error.message}`);
    return mode === '--available' ? exitUnavailable : Number(required);
  }
  if (mode === '--available') {
    return 0;
  }
  const work = await mkdtemp(join(tmpdir(), 'duet-infra-'));
  const stop = () => void rm(work, { recursive: true, force: true }).finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    if (mode === '--plans') {
      await makePlans(tools, work, folder);
    } else {
      await checkAll(tools, work, { apply: mode === '--apply' || process.env.CI === 'true', permissions: mode === '--permissions' });
    }
    return 0;
  } catch (error) {
    if (!(error instanceof StepFailed || error instanceof EmulatorFailed)) {
      throw error;
    }
    console.error(error.message);
    return 1;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function checkAll(tools, work, { apply, permissions }) {
  const started = performance.now();
  await step('fmt', async () => terraform(tools, infra, ['fmt', '-check', '-recursive', '-diff']));
  await copyTo(work);
  const plans = join(work, 'plans');
  await mkdir(plans);
  for (const environment of environments) {
    const root = join(work, 'infra', 'envs', environment);
    await step(`${environment}: init`, async () => initialise(tools, root));
    await step(`${environment}: validate`, async () => terraform(tools, root, ['validate']));
    await step(`${environment}: test`, async () => terraform(tools, root, ['test', '-var', `package_dir=${join(work, 'packages')}`]));
    await step(`${environment}: plan`, async () => plan(tools, root, work, join(plans, environment)));
  }
  await step('plan.spec.ts', async () =>
    run(process.execPath, ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--selectProjects', 'infra'], {
      cwd: repository,
      env: { ...process.env, DUET_INFRA_PLANS: plans, ...(permissions && { DUET_SHOW_PERMISSIONS: 'prod' }) },
      show: true,
    }),
  );
  await (apply ? checkApplied(tools, work) : console.log('check:infra apply not asked for (--apply)'));
  console.log(`check:infra passed in ${seconds(started)} s`);
}

/** Where moto_server is on the PATH: it is no part of Terraform, so that its absence is no failure. */
async function checkApplied(tools, work) {
  const program = await findProgram('moto_server');
  if (program === undefined) {
    console.log('check:infra apply skipped: moto_server is not on the PATH');
    return;
  }
  const root = join(work, 'infra', 'envs', 'dev');
  await writeFile(join(root, 'check_override.tf'), emulatorOverride(accountlessOverride));
  const withVariables = new Set(['apply', 'plan', 'destroy']);
  // moto has no state of a domain name, for which the provider would wait.
  const withoutDomain = ['-var', 'domain=null'];
  let resources = 0;
  await step('dev: apply, plan again, destroy', async () => {
    const inRoot = async (args, env) =>
      terraform(tools, root, withVariables.has(args[0]) ? [...args, ...variableArguments(work), ...withoutDomain] : args, env);
    resources = await applyToEmulator({ program, modules: join(work, 'infra', 'modules'), terraform: inRoot });
  });
  console.log(`check:infra applied ${resources} resources to moto, not to AWS`);
}

async function makePlans(tools, work, folder) {
  await copyTo(work);
  await mkdir(folder, { recursive: true });
  for (const environment of environments) {
    const root = join(work, 'infra', 'envs', environment);
    await initialise(tools, root);
    await plan(tools, root, work, join(folder, environment));
  }
}

/** The Terraform files as they are, with the override beside each root and a placeholder for each package. */
async function copyTo(work) {
  for (const part of ['modules', 'envs', 'tables.json']) {
    await cp(join(infra, part), join(work, 'infra', part), { recursive: true, filter: (path) => !/[\\/]\.terraform$|\.tfstate|\.tfvars$/.test(path) });
  }
  for (const environment of environments) {
    await writeFile(join(work, 'infra', 'envs', environment, 'check_override.tf'), accountlessOverride);
  }
  await mkdir(join(work, 'packages'));
  for (const name of functions) {
    await writeFile(join(work, 'packages', `${name}.zip`), emptyZip);
  }
}

async function initialise(tools, root) {
  // Read-only: a lock file that does not fit is a failure, not something to mend on the way.
  await terraform(tools, root, ['init', '-input=false', '-lockfile=readonly', `-plugin-dir=${tools.mirror}`]);
}

async function plan(tools, root, work, file) {
  await terraform(tools, root, ['plan', '-input=false', '-lock=false', '-out=plan.bin', ...variableArguments(work)]);
  await writeFile(`${file}.json`, await terraform(tools, root, ['show', '-json', 'plan.bin']));
  await writeFile(`${file}.dot`, await terraform(tools, root, ['graph']));
}

function variableArguments(work) {
  return Object.entries({ ...planVariables, package_dir: join(work, 'packages') }).flatMap(([name, value]) => ['-var', `${name}=${value}`]);
}

async function step(name, work) {
  const started = performance.now();
  try {
    await work();
  } catch (error) {
    console.log(`check:infra ${name} FAILED after ${seconds(started)} s`);
    throw error;
  }
  console.log(`check:infra ${name} ok (${seconds(started)} s)`);
}

async function terraform(tools, cwd, args, variables = {}) {
  const [command, ...rest] = args;
  const plain = command === 'show' || command === 'graph' ? args : [command, '-no-color', ...rest];
  // The null device as configuration: whatever this machine's user has set up for Terraform stays out of it.
  const env = {
    ...withoutSettings(process.env),
    TF_IN_AUTOMATION: '1',
    TF_CLI_CONFIG_FILE: devNull,
    CHECKPOINT_DISABLE: '1',
    TF_VAR_signing_key: signingKey,
    ...variables,
  };
  return run(tools.terraform, plain, { cwd, env });
}

function withoutSettings(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(TF_|AWS_)/.test(name)));
}

/** Runs a program, and gives what it wrote. */
async function run(program, args, { cwd, env, show = false }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'] });
    const [output, errors] = [[], []];
    child.stdout?.on('data', (data) => output.push(data));
    child.stderr?.on('data', (data) => errors.push(data));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const text = Buffer.concat(output).toString();
      if (code === 0) {
        resolve(text);
      } else {
        reject(new StepFailed(`${program} ${args[0]} in ${cwd} ended with ${code ?? signal}\n${text}${Buffer.concat(errors).toString()}`));
      }
    });
  });
}

async function findTools() {
  const terraformFile = await findProgram('terraform');
  if (terraformFile === undefined) {
    throw new Unavailable('Terraform is not on the PATH');
  }
  const mirror = await findMirror(await lockedVersion());
  if (mirror === undefined) {
    throw new Unavailable(`no mirror of ${providerPath} is on this machine; name its folder in TERRAFORM_PLUGIN_DIR`);
  }
  return { terraform: terraformFile, mirror };
}

async function findProgram(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

async function lockedVersion() {
  const lock = await readFile(join(infra, 'envs', 'dev', '.terraform.lock.hcl'), 'utf8');
  const [, version] = /registry\.terraform\.io\/hashicorp\/aws"\s*\{\s*version\s*=\s*"([^"]+)"/.exec(lock) ?? [];
  return version;
}

/** The folder above `registry.terraform.io/hashicorp/aws/<version>`: where the user says, where Terraform itself looks, or near the root of the disk. */
async function findMirror(version) {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}_${{ x64: 'amd64', ia32: '386' }[process.arch] ?? process.arch}`;
  const holds = async (folder) => {
    const provider = join(folder, providerPath);
    return (await isThere(join(provider, version, platform))) || (await isThere(join(provider, `terraform-provider-aws_${version}_${platform}.zip`)));
  };
  const given = process.env.TERRAFORM_PLUGIN_DIR;
  if (given) {
    return (await holds(given)) ? given : undefined;
  }
  // https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
  const implied = [
    join(homedir(), '.terraform.d', 'plugins'),
    join(homedir(), '.local', 'share', 'terraform', 'plugins'),
    '/usr/local/share/terraform/plugins',
    '/usr/share/terraform/plugins',
  ];
  for (const folder of implied) {
    if (await holds(folder)) {
      return folder;
    }
  }
  return searchBreadthFirst('/', 4, holds);
}

const neverSearched = new Set(['proc', 'sys', 'dev', 'run', 'tmp', 'boot', 'lost+found', 'node_modules']);

async function searchBreadthFirst(root, depth, holds) {
  for (let level = [root], left = depth; left > 0 && level.length > 0; left -= 1) {
    const next = [];
    for (const folder of level) {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      if (entries.some(({ name }) => name === 'registry.terraform.io') && (await holds(folder))) {
        return folder;
      }
      next.push(...entries.filter((entry) => entry.isDirectory() && !neverSearched.has(entry.name)).map(({ name }) => join(folder, name)));
    }
    level = next;
  }
  return undefined;
}

async function isThere(path) {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function seconds(started) {
  return ((performance.now() - started) / 1000).toFixed(1);
}

process.exitCode = await main(process.argv.slice(2));
