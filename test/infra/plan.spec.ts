import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { comparePermissions, permissionTable } from './permissions.js';
import { graphOf } from './graph.js';
import type { Plan } from './plan.js';
import { alarmRules } from './rules/alarms.js';
import { apiRules } from './rules/api.js';
import { bootstrapRules } from './rules/bootstrap.js';
import { databaseRules } from './rules/database.js';
import { deliveryRules } from './rules/delivery.js';
import { functionRules } from './rules/functions.js';
import { logRules } from './rules/logs.js';
import { mailRules } from './rules/mail.js';
import { networkRules } from './rules/network.js';
import { orderRules } from './rules/order.js';
import { policyRules } from './rules/policies.js';
import { stackRules } from './rules/stack.js';
import { tableRules } from './rules/tables.js';
import { webRules } from './rules/web.js';

// Real: Terraform, the AWS provider and the configuration. Not real: the account; nothing is applied, so that AWS's own refusals are not seen.

const checkScript = resolve('infra/check/check.mjs');
/** Plans that `npm run check:infra` has made already. */
const made = process.env['DUET_INFRA_PLANS'];

const available = made === undefined ? spawnSync(process.execPath, [checkScript, '--available'], { encoding: 'utf8' }) : { status: 0, stdout: '' };
if (available.status !== 0 && process.env['CI'] === 'true') {
  throw new Error(available.stdout.trim());
}
if (available.status !== 0) {
  process.stdout.write(`test/infra: ${available.stdout.trim()}\n`);
}

const rules = [
  ...stackRules,
  ...orderRules,
  ...tableRules,
  ...databaseRules,
  ...networkRules,
  ...functionRules,
  ...policyRules,
  ...apiRules,
  ...webRules,
  ...deliveryRules,
  ...mailRules,
  ...logRules,
  ...alarmRules,
];

const environments = [{ name: 'dev' }, { name: 'prod' }] as const;
const plans = new Map<string, Plan>();

const whereAvailable = available.status === 0 ? describe : describe.skip;

whereAvailable('the infrastructure as it is planned', () => {
  let folder: string | undefined;

  beforeAll(async () => {
    folder = made === undefined ? await mkdtemp(join(tmpdir(), 'duet-plans-')) : undefined;
    if (folder !== undefined) {
      await promisify(execFile)(process.execPath, [checkScript, '--plans', folder]);
    }
    for (const name of [...environments.map(({ name: kind }) => kind), 'bootstrap']) {
      const [plan, graph] = await Promise.all(['json', 'dot'].map(async (kind) => readFile(join(made ?? folder ?? '', `${name}.${kind}`), 'utf8')));
      plans.set(name, { ...(JSON.parse(plan ?? '') as Plan), graph: graphOf(graph ?? '') });
    }
  }, 300_000);

  afterAll(async () => {
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
  });

  describe.each(environments)('$name', (environment) => {
    test('the functions may do what they do, in figures', () => {
      const permissions = comparePermissions(planOf(environment.name), environment.name);
      const byCode = permissions.filter(({ neededBy }) => neededBy === 'the code');

      process.stdout.write(`${environment.name}: ${permissions.length} permissions, ${byCode.length} for what the code calls (infra/calls.json)\n`);
      if (process.env['DUET_SHOW_PERMISSIONS'] === environment.name) {
        process.stdout.write(`${permissionTable(permissions)}\n`);
      }
      expect(byCode.length).toBeGreaterThan(0);
    });

    test.each(rules)('$promise', ({ check: problems }) => {
      expect(problems(planOf(environment.name), environment)).toEqual([]);
    });
  });

  describe('bootstrap', () => {
    test.each(bootstrapRules)('$promise', ({ check: problems }) => {
      expect(problems(planOf('bootstrap'), { name: 'prod' })).toEqual([]);
    });
  });

  describe('a check finds', () => {
    test.each(
      [...rules.map((rule) => ({ ...rule, of: 'prod' })), ...bootstrapRules.map((rule) => ({ ...rule, of: 'bootstrap' }))].flatMap(
        ({ promise, check: problems, mutations, of }) => mutations.map((mutation) => ({ promise, problems, of, ...mutation })),
      ),
    )('$what ($promise)', ({ problems, of, change, says }) => {
      const plan = structuredClone(planOf(of));

      change(plan);

      expect(problems(plan, { name: 'prod' })).toEqual(expect.arrayContaining([expect.stringMatching(says)]));
    });
  });
});

function planOf(name: string): Plan {
  const plan = plans.get(name);
  if (plan === undefined) {
    throw new Error(`No plan of ${name} was made`);
  }
  return plan;
}
