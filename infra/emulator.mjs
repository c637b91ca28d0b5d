/**
 * Applies an environment to moto (https://docs.getmoto.org), an emulator of AWS's control planes: what only an apply can show, such as
 * references that do not resolve, an order that does not work, or values that change with every plan. It runs no function, and does not
 * show that AWS itself takes the stack.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The emulator did not start, or a second plan found work; the message says which. */
export class EmulatorFailed extends Error {}

/** What moto has no idea of, left out by an override beside the module. */
const leftOut = {
  api: { 'aws_lambda_runtime_management_config.this': 'for_each = {}', 'aws_lambda_runtime_management_config.live': 'for_each = {}' },
  observability: { 'aws_budgets_budget.monthly': 'count = 0' },
};

/** What moto does not keep as it was given, so that a second plan would change it; anything else that it would change is a fault of ours. */
const notKept = {
  aws_db_instance: ['performance_insights_enabled'],
  aws_db_parameter_group: ['parameter'],
  aws_dynamodb_table: ['table_class'],
  aws_lambda_event_source_mapping: ['function_name'],
  aws_vpc_security_group_egress_rule: ['description', 'referenced_security_group_id'],
  aws_vpc_security_group_ingress_rule: ['description', 'referenced_security_group_id'],
};

/** The provider's own settings for it: a few retries ride out the emulator's dropped connections. */
export const emulatorOverride = (settings) => settings.replace('max_retries                 = 0', 'max_retries                 = 5');

/**
 * Applies, plans again, destroys. `terraform(args)` runs in the root, with the variables of `env`; throws what went wrong.
 *
 * @returns how many resources there were.
 */
export async function applyToEmulator({ program, modules, terraform }) {
  for (const [module, resources] of Object.entries(leftOut)) {
    const overrides = Object.entries(resources).map(
      ([address, setting]) =>
        `resource ${address
          .split('.')
          .map((part) => JSON.stringify(part))
          .join(' ')} {\n  ${setting}\n}\n`,
    );
    await writeFile(join(modules, module, 'emulator_override.tf'), overrides.join('\n'));
  }
  const emulator = await startEmulator(program);
  try {
    const env = { AWS_ENDPOINT_URL: emulator.url };
    await terraform(['apply', '-input=false', '-auto-approve'], env);
    await terraform(['plan', '-input=false', '-out=again.bin'], env);
    const { resource_changes: changes } = JSON.parse(await terraform(['show', '-json', 'again.bin'], env));
    const drift = changes.flatMap(driftOf);
    if (drift.length > 0) {
      throw new EmulatorFailed(`A second plan would change what has just been applied:\n${drift.join('\n')}`);
    }
    await terraform(['destroy', '-input=false', '-auto-approve'], env);
    return changes.filter(({ mode }) => mode === 'managed').length;
  } finally {
    await emulator.stop();
  }
}

function driftOf({ address, type, change: { actions, before, after } }) {
  if (actions.every((action) => action === 'no-op' || action === 'read')) {
    return [];
  }
  if (actions.join() !== 'update') {
    return [`${address}: ${actions.join(' and ')}`];
  }
  const changed = Object.keys({ ...before, ...after }).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return changed.filter((name) => !notKept[type]?.includes(name)).map((name) => `${address}: ${name}`);
}

async function startEmulator(program) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  try {
    for (const until = performance.now() + 60_000; ; await sleep(200)) {
      // Docker is for running functions, which is not done here.
      const answer = await fetch(`${url}/moto-api/config`, { method: 'POST', body: JSON.stringify({ lambda: { use_docker: false } }) }).catch(() => undefined);
      if (answer?.ok) {
        break;
      }
      if (performance.now() > until || child.exitCode !== null) {
        throw new EmulatorFailed('moto_server did not start within a minute');
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    stop: async () => {
      process.off('exit', onExit);
      await stop();
    },
  };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
