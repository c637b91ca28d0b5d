#!/usr/bin/env node
/**
 * Checks the infrastructure without an account or a network: `npm run check:infra`.
 *
 *   check.mjs               format, init, terraform test, plans, and jest's assertions on the plans
 *   check.mjs --available   exits 0 when Terraform and its provider are here; else says what is missing and exits 3
 *   check.mjs --apply       the same, and npm run deploy driven against an emulator: minutes more; under CI=true always
 *   check.mjs --permissions the same, with the table of what each function may do, in prod, and why
 *   check.mjs --plans DIR   writes DIR/<name>.json, each plan, and DIR/<name>.dot, its graph
 *
 * All work is done on a copy in the temporary folder: nothing is written into the repository. Where Terraform, the provider's mirror or the
 * emulator is missing the check is skipped with one line; under CI=true that is a failure.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { copyTo, initialise, plan, planned, roots } from './plans.mjs';
import { findProgram, findTools, infra, run, seconds, StepFailed, stepsOf, terraform, Unavailable } from './tools.mjs';

const exitUnavailable = 3;
const step = stepsOf('check:infra');
/** Whether nothing may be skipped. */
const required = process.env.CI === 'true';

async function main(args) {
  const [mode, folder] = args;
  let tools;
  try {
    tools = await findTools();
  } catch (error) {
    if (!(error instanceof Unavailable)) {
      throw error;
    }
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
    await copyTo(work);
    if (mode === '--plans') {
      await makePlans(tools, work, folder);
    } else {
      await checkAll(tools, work, { apply: mode === '--apply' || required, permissions: mode === '--permissions' });
    }
    return 0;
  } catch (error) {
    if (!(error instanceof StepFailed)) {
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
  // It waits more than it works, so that the rest is done meanwhile.
  const deployed = apply ? settle(deployToEmulator(tools)) : undefined;
  const plans = join(work, 'plans');
  await mkdir(plans);
  for (const root of roots) {
    const folder = join(work, 'infra', root);
    const kinds = planned.filter((one) => one.root === root);
    const [{ varFile }] = kinds;
    await step(`${root}: init`, async () => initialise(tools, work, root));
    // What these try does not depend on the kind.
    await step(`${root}: test`, async () => terraform(tools, folder, ['test', ...(varFile === undefined ? [] : [`-var-file=${varFile}`])]));
    for (const kind of kinds) {
      // A plan validates all of a root, as terraform validate does.
      await step(`${kind.name}: plan`, async () => plan(tools, work, kind, join(plans, kind.name)));
    }
  }
  await step('rules', async () => jest(['plan', 'lock'], { DUET_INFRA_PLANS: plans, ...(permissions && { DUET_SHOW_PERMISSIONS: 'prod' }) }, { show: true }));
  await (deployed === undefined
    ? console.log('check:infra deployment to the emulator not asked for (--apply)')
    : step('deployment', async () => report(await deployed)));
  console.log(`check:infra passed in ${seconds(started)} s`);
}

async function deployToEmulator(tools) {
  const missing = (await Promise.all(['moto_server', 'aws'].map(async (name) => ((await findProgram(name)) === undefined ? name : [])))).flat();
  if (missing.length > 0) {
    const problem = `${missing.join(' and ')} not on the PATH`;
    if (required) {
      throw new StepFailed(`${problem}, and CI=true: pip install 'moto[server]' awscli`);
    }
    return `check:infra deployment skipped: ${problem}\n`;
  }
  return jest(['deploy'], { DUET_INFRA_PLANS: 'none', DUET_INFRA_MIRROR: tools.mirror });
}

async function jest(specs, env, options) {
  return run(
    process.execPath,
    // selectProjects takes every word that follows it.
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      ...specs.map((name) => `test/infra/${name}.spec.ts`),
      '--selectProjects',
      'infra',
    ],
    { cwd: dirname(infra), env: { ...process.env, ...env }, ...options },
  );
}

/** A failure is thrown when it is asked for, not before. */
async function settle(work) {
  return work.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
}

function report({ value, error }) {
  if (error !== undefined) {
    throw error;
  }
  process.stdout.write(value);
}

async function makePlans(tools, work, folder) {
  await mkdir(folder, { recursive: true });
  for (const root of roots) {
    await initialise(tools, work, root);
  }
  for (const one of planned) {
    await plan(tools, work, one, join(folder, one.name));
  }
}

process.exitCode = await main(process.argv.slice(2));
