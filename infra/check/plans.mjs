import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { infra, terraform } from './tools.mjs';

/** Every plan that is checked: a root module, with the kind of environment where it has kinds. */
export const planned = [
  { root: 'environment', name: 'dev', varFile: 'dev.tfvars' },
  { root: 'environment', name: 'prod', varFile: 'prod.tfvars' },
  { root: 'bootstrap', name: 'bootstrap' },
];
export const roots = ['environment', 'bootstrap'];
const functions = ['http', 'stream', 'outbox', 'migrate'];

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
const variables = {
  environment: {
    account_id: '123456789012',
    availability_zones: '["eu-central-1a", "eu-central-1b", "eu-central-1c"]',
    permissions_boundary: 'arn:aws:iam::123456789012:policy/duet-boundary',
    webhook: '{ url = "https://receiver.example/records" }',
    webhook_api_key: 'a-key-of-the-receiver',
    cors_origins: '["https://other.example"]',
    domain: '{ name = "api.example", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/0" }',
    subscribers: '{ audit = { detail_types = ["user.deleted"], target_arn = "arn:aws:sqs:eu-central-1:123456789012:audit" } }',
    web: '{ domain = { name = "app.example", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1" } }',
    alarm_email: 'operators@example.com',
    mail: '{ domain = "mail.example", from = "Duet <no-reply@mail.example>" }',
    flow_logs: 'true',
  },
  bootstrap: { account_id: '123456789012', repository: 'example/duet' },
};

/** The smallest zip file there is: an empty archive's end record. Planning needs a file to hash. */
const emptyZip = Buffer.concat([Buffer.from('PK\u0005\u0006'), Buffer.alloc(18)]);

/** The Terraform files as they are, with the override beside each root and a placeholder for each package. */
export async function copyTo(work) {
  for (const part of ['modules', ...roots, 'tables.json', 'cors.json']) {
    await cp(join(infra, part), join(work, 'infra', part), {
      recursive: true,
      filter: (path) => !/[\\/]\.terraform$|\.tfstate|terraform\.tfvars$|\.auto\.tfvars$|_override\.tf$/.test(path),
    });
  }
  for (const root of roots) {
    await writeFile(join(work, 'infra', root, 'check_override.tf'), accountlessOverride);
  }
  await mkdir(join(work, 'dist/lambda'), { recursive: true });
  for (const name of functions) {
    await writeFile(join(work, 'dist/lambda', `${name}.zip`), emptyZip);
  }
}

export async function initialise(tools, work, root) {
  // Read-only: a lock file that does not fit is a failure, not something to mend on the way.
  await terraform(tools, join(work, 'infra', root), ['init', '-input=false', '-lockfile=readonly', `-plugin-dir=${tools.mirror}`]);
}

/** Writes `<file>.json`, the plan, and `<file>.dot`, its graph. */
export async function plan(tools, work, { root, name, varFile }, file) {
  const folder = join(work, 'infra', root);
  const given = Object.entries(variables[root]).flatMap(([variable, value]) => ['-var', `${variable}=${value}`]);
  const kind = varFile === undefined ? [] : [`-var-file=${varFile}`];
  await terraform(tools, folder, ['plan', '-input=false', '-lock=false', `-out=${name}.plan`, ...kind, ...given]);
  await writeFile(`${file}.json`, await terraform(tools, folder, ['show', '-json', `${name}.plan`]));
  await writeFile(`${file}.dot`, await terraform(tools, folder, ['graph']));
}
