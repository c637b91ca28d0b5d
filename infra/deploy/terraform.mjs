import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeployError } from './errors.mjs';
import { run } from './run.mjs';

const minVersion = [1, 11];

const noBucket = 'There is no state bucket yet: npm run deploy -- bootstrap';

/** What Terraform prints, and what to do about it. */
const remedies = [
  [/S3 bucket "[^"]*" does not exist|NoSuchBucket/, noBucket],
  [/Error acquiring the state lock/, 'Another deployment holds the lock: wait for it; if it was killed, terraform force-unlock <the id above>'],
  [
    /does not match configured version constraint|doesn't match any of the checksums/,
    'The provider on this machine is not the locked one: remove .terraform, and plugins of your own, and try again',
  ],
  [/Failed to query available provider packages/, 'The provider cannot be fetched: is registry.terraform.io reachable?'],
  [
    /AccessDenied|UnauthorizedOperation|is not authorized to perform/,
    'These credentials may not do that: use those of an administrator, or of the role that bootstrap made for the pipeline',
  ],
  [
    /ConcurrentExecutions below its minimum/,
    'The account has too little Lambda concurrency to reserve any: leave reserved_concurrency at -1, or have the quota raised',
  ],
  [/AddressLimitExceeded|VpcLimitExceeded|LimitExceeded|quota/i, 'A quota of the account is used up: Service Quotas in the console raises it'],
  [
    /already scheduled for deletion/,
    'A secret of that name waits to be deleted: aws secretsmanager restore-secret, or delete-secret --force-delete-without-recovery',
  ],
  [/\bSSO\b|ExpiredToken|token.*expired/i, 'The credentials have expired: sign in anew'],
];

/** @throws DeployError when Terraform is not there, or too old. */
export async function checkTerraform() {
  const { stdout } = await run('terraform', ['version', '-json'], {
    quiet: true,
    missing: 'install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install',
  });
  const { terraform_version: version } = JSON.parse(stdout);
  const [major, minor] = version.split('.').map(Number);
  if (major < minVersion[0] || (major === minVersion[0] && minor < minVersion[1])) {
    throw new DeployError(`Terraform ${version} is too old: install ${minVersion.join('.')} or newer`);
  }
  return version;
}

/** A root module, and the state of it that is kept under `key` in the account's state bucket. */
export class Root {
  /** @param name what the state is of: also the name of its files beside the root. */
  constructor({ folder, name, key, identity, variables, varFile, options = [] }) {
    this.folder = folder;
    this.name = name;
    this.key = key;
    this.identity = identity;
    this.planOptions = [...(varFile === undefined ? [] : [`-var-file=${varFile}`]), ...options];
    this.planFile = `.terraform/${name}.plan`;
    // Terraform merges what ends so over the rest.
    this.override = join(folder, 'backend_override.tf');
    // A data folder an environment: no plan can meet another environment's state.
    this.env = {
      ...process.env,
      TF_IN_AUTOMATION: '1',
      TF_DATA_DIR: `.terraform/${name}`,
      ...Object.fromEntries(Object.entries(variables).map(([variable, value]) => [`TF_VAR_${variable}`, value])),
    };
  }

  /** Writes the backend's configuration and initialises: again and again with the same result. */
  async init(...options) {
    const backend = join(this.folder, `${this.name}.backend.hcl`);
    const bucket = `duet-state-${this.identity.account}-${this.identity.region}`;
    await writeFile(backend, `bucket = "${bucket}"\nkey    = "${this.key}"\nregion = "${this.identity.region}"\n`);
    await this.terraform(['init', '-input=false', `-backend-config=${backend}`, ...options]);
  }

  /** @returns whether there is anything to change, and what would be deleted. */
  async plan(...options) {
    await this.terraform(['plan', '-input=false', `-out=${this.planFile}`, ...this.planOptions, ...options]);
    const { resource_changes: changes = [], output_changes: outputs = {} } = JSON.parse(await this.read(['show', '-json', this.planFile]));
    const real = (actions) => actions.some((action) => action !== 'no-op' && action !== 'read');
    return {
      changes: changes.filter(({ change }) => real(change.actions)).length + Object.values(outputs).filter(({ actions }) => real(actions)).length,
      deletes: changes.filter(({ change }) => change.actions.includes('delete')),
    };
  }

  async apply() {
    await this.terraform(['apply', '-input=false', this.planFile]);
  }

  async outputs() {
    return Object.fromEntries(Object.entries(JSON.parse(await this.read(['output', '-json']))).map(([name, { value }]) => [name, value]));
  }

  /** @returns false when there is no state bucket yet. */
  async tryInit() {
    try {
      await this.init('-reconfigure');
      return true;
    } catch (error) {
      if (!(error instanceof DeployError) || !error.message.includes(noBucket)) throw error;
      return false;
    }
  }

  /** Keeps the state beside the root, for as long as there is no bucket. */
  async beginLocally() {
    await writeFile(this.override, 'terraform {\n  backend "local" {}\n}\n');
    await this.terraform(['init', '-input=false', '-reconfigure']);
  }

  /** Moves a state that was begun locally to the bucket that is there now. */
  async moveToBucket() {
    await rm(this.override);
    await this.init('-migrate-state', '-force-copy');
    await rm(join(this.folder, 'terraform.tfstate'), { force: true });
    await rm(join(this.folder, 'terraform.tfstate.backup'), { force: true });
  }

  async terraform(args) {
    const { code, stderr } = await run('terraform', args, { cwd: this.folder, env: this.env });
    if (code !== 0) {
      const [, remedy] = remedies.find(([pattern]) => pattern.test(stderr)) ?? [];
      throw new DeployError(
        `terraform ${args[0]} failed (${code}). ${remedy ?? 'What it printed above says why; running this again goes on where it stopped'}`,
      );
    }
  }

  /** For what is read by programs: not shown. */
  async read(args) {
    const { code, stdout, stderr } = await run('terraform', args, { cwd: this.folder, env: this.env, quiet: true });
    if (code !== 0) {
      throw new DeployError(`terraform ${args[0]} failed (${code}):\n${stderr}`);
    }
    return stdout;
  }
}
