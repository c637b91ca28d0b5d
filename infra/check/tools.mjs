import { spawn } from 'node:child_process';
import { access, constants, readdir, readFile, stat } from 'node:fs/promises';
import { devNull, homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const infra = dirname(dirname(fileURLToPath(import.meta.url)));
const providerPath = join('registry.terraform.io', 'hashicorp', 'aws');

/** Something that is needed is not on this machine. */
export class Unavailable extends Error {}
/** A step of the check failed; what it printed is its message. */
export class StepFailed extends Error {}

/** Runs Terraform with nothing of this machine's own settings, and gives what it printed. @throws StepFailed */
export async function terraform(tools, cwd, args) {
  const [command, ...rest] = args;
  const plain = command === 'show' || command === 'graph' ? args : [command, '-no-color', ...rest];
  // The null device as configuration: what this machine's user has set up for Terraform stays out of it.
  const env = {
    ...withoutSettings(process.env),
    TF_IN_AUTOMATION: '1',
    TF_CLI_CONFIG_FILE: devNull,
    CHECKPOINT_DISABLE: '1',
  };
  return run(tools.terraform, plain, { cwd, env });
}

function withoutSettings(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(TF_|AWS_)/.test(name)));
}

/** Runs a program, and gives what it wrote. @throws StepFailed */
export async function run(program, args, { cwd, env, show = false }) {
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

/** Terraform and its provider's mirror. @throws Unavailable */
export async function findTools() {
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

/** The file of a program on the PATH; undefined where there is none. */
export async function findProgram(name) {
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
  const lock = await readFile(join(infra, 'environment', '.terraform.lock.hcl'), 'utf8');
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

/** Gives what does the steps of a command, one at a time, and says how each went and how long it took. */
export function stepsOf(command) {
  return async (name, work) => {
    const started = performance.now();
    try {
      await work();
    } catch (error) {
      console.log(`${command} ${name} FAILED after ${seconds(started)} s`);
      throw error;
    }
    console.log(`${command} ${name} ok (${seconds(started)} s)`);
  };
}

/** The seconds since then, to a tenth. */
export function seconds(started) {
  return ((performance.now() - started) / 1000).toFixed(1);
}
