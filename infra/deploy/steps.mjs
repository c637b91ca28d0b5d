import { access, constants } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { confirm } from '@inquirer/prompts';
import { identify } from './aws.mjs';
import { DeployError } from './errors.mjs';
import { pinRuntimes, shift } from './release.mjs';
import { run } from './run.mjs';
import { checkTerraform, Root } from './terraform.mjs';
import { publishWeb } from './web.mjs';

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');
const functions = ['http', 'stream', 'outbox', 'migrate'];
const builtApp = join(repository, 'dist/web');
/** What holds data: to delete one takes a person who reads its name. */
const holdsData = new Set(['aws_db_instance', 'aws_dynamodb_table', 'aws_s3_bucket', 'aws_secretsmanager_secret']);

const print = (line) => void process.stdout.write(`${line}\n`);
const heading = (title) => print(`\n== ${title}`);

/** Makes what has to be there before the first deployment, and keeps its state in the bucket that it makes. */
export async function bootstrap(options) {
  const identity = await prepare(options);
  const root = new Root({
    folder: join(repository, 'infra/bootstrap'),
    name: 'bootstrap',
    key: 'duet/bootstrap.tfstate',
    identity,
    variables: {
      account_id: identity.account,
      region: identity.region,
      partition: identity.partition,
      ...(options.repository !== undefined && { repository: options.repository }),
    },
  });
  heading('Bootstrap');
  // An earlier try that did not get to its end has its state here.
  const begun = await isThere(root.override);
  const bucketIsThere = !begun && (await root.tryInit());
  if (!bucketIsThere) {
    print('\nThere is no state bucket yet: the state is kept here until there is');
    await root.beginLocally();
  }
  if (await planAndApply(root, options)) {
    if (!bucketIsThere) {
      await root.moveToBucket();
    }
    print(JSON.stringify(await root.outputs(), undefined, 2));
  }
}

/** Packages, plans, asks, applies (which migrates), releases, publishes the app, and plays the demo against what was deployed. */
export async function deploy(kind, options) {
  const identity = await prepare(options);
  const root = await environment(kind, options, identity);
  await makePackages(options);
  if (options.plan !== true) {
    await buildApp();
  }
  heading(`Terraform: ${root.name} in ${identity.region}`);
  await root.init('-reconfigure');
  if (!(await planAndApply(root, options))) {
    return;
  }
  const { release, web, api_url: url, dashboard_url: dashboard } = await root.outputs();
  heading('Release');
  await pinRuntimes(release, identity.region);
  const { current, target } = await shift(release, release.versions[release.name], identity.region, { print });
  if (web !== null) {
    heading('App');
    await publishWeb({ folder: builtApp, ...web, apiUrl: url, region: identity.region, print });
  }
  if (options.smoke) {
    await smoke(process.env.DUET_URL ?? url);
  }
  print(`\nduet-${root.name} is deployed: ${url}\nDashboard: ${dashboard}`);
  if (current !== target) {
    print(`Back to what served before: npm run deploy -- rollback ${kind} ${current}`);
  }
}

/** Moves requests back to an earlier version of http, all at once. It undoes no migration: those suit the version before, too. */
export async function rollback(kind, version, options) {
  const identity = await prepare(options);
  const root = await environment(kind, options, identity);
  await root.init('-reconfigure');
  const { release } = await root.outputs();
  if (release === undefined) {
    throw new DeployError(`${root.name} is not deployed`);
  }
  await shift(release, version, identity.region, { print, config: 'CodeDeployDefault.LambdaAllAtOnce' });
}

/** Destroys an environment: 20 to 45 minutes on AWS, most of it until the functions' network interfaces are gone. */
export async function destroy(kind, options) {
  const identity = await prepare(options);
  const root = await environment(kind, options, identity);
  heading(`Destroying ${root.name}: 20 to 45 minutes, most of it for network interfaces`);
  await root.init('-reconfigure');
  await planAndApply(root, { ...options, destroy: true }, '-destroy');
}

async function prepare({ region, account }) {
  heading('Tools and account');
  const version = await checkTerraform();
  const identity = await identify({ region, expected: account });
  print(`Terraform ${version}; account ${identity.account} as ${identity.arn}; region ${identity.region}`);
  return identity;
}

async function environment(kind, { name = kind, arch, packages }, identity) {
  const folder = join(repository, 'infra/environment');
  const varFile = `${kind}.tfvars`;
  if (!(await isThere(join(folder, varFile)))) {
    throw new DeployError(`There is no infra/environment/${varFile}: the kinds of environment are dev and prod; another name for one is --name`);
  }
  return new Root({
    folder,
    name,
    key: `duet/${name}.tfstate`,
    identity,
    varFile,
    // A variable of the environment yields to the kind's file, which knows the name of its own kind only.
    options: name === kind ? [] : [`-var=environment=${name}`],
    variables: {
      account_id: identity.account,
      region: identity.region,
      partition: identity.partition,
      architecture: arch,
      package_dir: resolve(packages ?? join(repository, 'dist/lambda')),
      permissions_boundary: `arn:${identity.partition}:iam::${identity.account}:policy/duet-boundary`,
    },
  });
}

async function makePackages({ arch, packages }) {
  heading('Packages');
  if (packages === undefined) {
    const { code } = await run('npm', ['run', '--silent', 'package'], {
      cwd: repository,
      env: { ...process.env, LAMBDA_ARCH: arch === 'arm64' ? 'arm64' : 'x64' },
    });
    if (code !== 0) {
      throw new DeployError('npm run package failed: what it printed above says why');
    }
    return;
  }
  for (const name of functions) {
    const file = join(packages, `${name}.zip`);
    if (!(await isThere(file))) {
      throw new DeployError(`${file} is not there: LAMBDA_ARCH=${arch === 'arm64' ? 'arm64' : 'x64'} npm run package makes it, or leave --packages out`);
    }
  }
  print(`As they are in ${packages}`);
}

async function buildApp() {
  heading('App');
  const { code } = await run('npm', ['run', '--silent', 'build'], { cwd: repository });
  if (code !== 0) {
    throw new DeployError('npm run build failed: what it printed above says why');
  }
}

/** @returns whether it was applied, or there was nothing to do. */
async function planAndApply(root, { plan: planOnly, yes, destroy: destroying = false, detailedExitcode = false, refresh = true }, ...planOptions) {
  // Who may only look may not lock; and a pull request's plan compares with the state alone.
  const looking = [...(planOnly === true ? ['-lock=false'] : []), ...(refresh ? [] : ['-refresh=false'])];
  const { changes, deletes } = await root.plan(...planOptions, ...looking);
  if (planOnly === true) {
    if (detailedExitcode && changes > 0) {
      process.exitCode = 2;
    }
    return false;
  }
  if (changes === 0) {
    return true;
  }
  const data = deletes.filter(({ type }) => holdsData.has(type)).map(({ address }) => address);
  if (data.length > 0) {
    print(`\nThis deletes data:\n${data.map((address) => `  ${address}`).join('\n')}`);
    if (yes === true && !destroying) {
      throw new DeployError('A deployment that deletes data needs a person: run it without --yes');
    }
  }
  if (yes !== true && !(await ask(destroying ? `Destroy duet-${root.name}?` : `Apply these changes to duet-${root.name}?`))) {
    print('Nothing was changed');
    return false;
  }
  await root.apply();
  return true;
}

async function ask(message) {
  if (!process.stdin.isTTY) {
    throw new DeployError('No terminal to ask at: look at the plan, and give --yes');
  }
  return confirm({ message, default: false });
}

async function smoke(url) {
  heading(`Smoke test: the demo against ${url}`);
  const { code } = await run('npm', ['run', '--silent', 'demo'], { cwd: repository, env: { ...process.env, DUET_URL: url } });
  if (code !== 0) {
    throw new DeployError(`The demo failed against ${url}: the step above says where. The release serves; npm run deploy -- rollback takes it back`);
  }
}

async function isThere(path) {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
