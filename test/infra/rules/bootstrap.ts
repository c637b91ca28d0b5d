import { after } from '../mutate.js';
import { attributesOf, ofType, type Plan, type Statement, statementsOf } from '../plan.js';
import { type Check, type Rule, same, unless } from '../rule.js';

const blocks = ['block_public_acls', 'block_public_policy', 'ignore_public_acls', 'restrict_public_buckets'];
const repository = 'example/duet';
const boundary = 'arn:aws:iam::123456789012:policy/duet-boundary';

/** The bucket of the states: every version kept, encrypted, private, over TLS only, and not to be destroyed. */
const stateIsSafe: Check = (plan) => {
  const [bucket] = attributesOf(plan, 'aws_s3_bucket');
  const [block] = attributesOf(plan, 'aws_s3_bucket_public_access_block');
  return [
    ...unless(bucket?.['bucket'] === 'duet-state-123456789012-eu-central-1', 'npm run deploy looks for another bucket'),
    ...unless(attributesOf(plan, 'aws_s3_bucket_versioning')[0]?.['versioning_configuration'][0].status === 'Enabled', 'a state that is overwritten is lost'),
    ...unless(
      attributesOf(plan, 'aws_s3_bucket_server_side_encryption_configuration')[0]?.['rule'][0].apply_server_side_encryption_by_default[0].sse_algorithm ===
        'AES256',
      'the state is not encrypted',
    ),
    ...unless(
      blocks.every((name) => block?.[name] === true),
      'the state can be made public',
    ),
    ...unless(
      ofType(plan, 'aws_s3_bucket_policy')
        .flatMap((policy) => statementsOf(policy))
        .some(({ effect, source }) => effect === 'Deny' && source['Condition']?.Bool?.['aws:SecureTransport'] === 'false'),
      'the state is read without TLS',
    ),
  ];
};

const trustOf = (plan: Plan, name: string): Statement[] =>
  ofType(plan, 'aws_iam_role')
    .filter(({ index }) => index === name)
    .flatMap((role) => statementsOf(role, 'assume_role_policy'));

/** Whose workflow may take which role, exactly: a token of another repository, branch or audience opens nothing. */
const subjects: Readonly<Record<string, readonly string[]>> = {
  deploy: [`repo:${repository}:environment:dev`, `repo:${repository}:environment:prod`],
  drift: [`repo:${repository}:ref:refs/heads/main`],
  plan: [`repo:${repository}:pull_request`],
};

const rolesTrustTheRepository: Check = (plan) => [
  ...unless(
    same(
      ofType(plan, 'aws_iam_role')
        .map(({ index }) => index)
        .sort(),
      Object.keys(subjects),
    ),
    'there are other roles than deploy, drift and plan',
  ),
  ...Object.entries(subjects).flatMap(([name, expected]) =>
    trustOf(plan, name).flatMap(({ actions, source }) => [
      ...unless(same(actions, ['sts:AssumeRoleWithWebIdentity']), `${name} is taken without GitHub's token`),
      ...unless(
        same(source['Condition'], {
          StringEquals: { 'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com', 'token.actions.githubusercontent.com:sub': expected },
        }),
        `${name} can be taken by ${JSON.stringify(source['Condition'])}`,
      ),
    ]),
  ),
];

const limitsOf = (plan: Plan): Statement[] => ofType(plan, 'aws_iam_policy').flatMap((policy) => statementsOf(policy));
const makesRoles = ['iam:CreateRole', 'iam:PutRolePermissionsBoundary', 'iam:PutRolePolicy'];

/** What the pipeline makes has no more power than the pipeline, which cannot give itself more. */
const pipelineIsBounded: Check = (plan) => {
  const limits = limitsOf(plan);
  const allowing = (action: string): Statement[] => limits.filter(({ effect, actions }) => effect === 'Allow' && actions.includes(action));
  const deploy = ofType(plan, 'aws_iam_role_policy')
    .filter(({ index }) => index === 'deploy')
    .flatMap((policy) => statementsOf(policy));
  return [
    ...unless(
      same(
        deploy.map(({ source }) => source),
        limits.map(({ source }) => source),
      ),
      'the pipeline has other permissions than its boundary',
    ),
    ...makesRoles.flatMap((action) =>
      unless(
        allowing(action).length > 0 && allowing(action).every(({ source }) => source['Condition']?.StringEquals?.['iam:PermissionsBoundary'] === boundary),
        `${action} needs no boundary`,
      ),
    ),
    ...limits
      .filter(
        ({ effect, actions }) =>
          effect === 'Allow' && actions.some((action) => action.startsWith('iam:') && !/^iam:(Get|List|CreateServiceLinkedRole)/.test(action)),
      )
      .flatMap(({ sid, resources }) => unless(same(resources, ['arn:aws:iam::123456789012:role/duet-*']), `${sid} changes roles that are not Duet's`)),
    ...unless(
      !limits.some(({ effect, actions }) => effect === 'Allow' && actions.some((action) => action === '*' || action.startsWith('iam:*'))),
      'the boundary bounds nothing',
    ),
    ...unless(
      limits.some(
        ({ effect, resources }) => effect === 'Deny' && resources.includes(boundary) && resources.includes('arn:aws:iam::123456789012:role/duet-github-*'),
      ),
      'the pipeline can change itself',
    ),
  ];
};

/** Code that is not reviewed plans with the state and nothing else. */
const pullRequestsSeeTheStateOnly: Check = (plan) =>
  ofType(plan, 'aws_iam_role_policy')
    .filter(({ index }) => index === 'plan')
    .flatMap((policy) => statementsOf(policy))
    .flatMap(({ sid, actions, resources }) =>
      unless(
        resources.every((resource) => resource.startsWith('arn:aws:s3:::duet-state-')) ||
          same(actions, ['ec2:DescribeAvailabilityZones', 'secretsmanager:GetRandomPassword']),
        `a pull request may ${actions.join(', ')} (${sid})`,
      ),
    );

function editLimits(plan: Plan, edit: (statements: any[]) => void): void {
  const policy = after(plan, 'aws_iam_policy');
  const document = JSON.parse(String(policy['policy'])) as { Statement: any[] };
  edit(document.Statement);
  policy['policy'] = JSON.stringify(document);
}

export const bootstrapRules: readonly Rule[] = [
  {
    promise: 'The state is versioned, encrypted, private and reached over TLS',
    check: stateIsSafe,
    mutations: [
      {
        what: 'versions that are not kept',
        change: (plan) => (after(plan, 'aws_s3_bucket_versioning')['versioning_configuration'][0].status = 'Suspended'),
        says: /overwritten is lost/,
      },
      { what: 'a bucket of another name', change: (plan) => (after(plan, 'aws_s3_bucket')['bucket'] = 'state'), says: /looks for another bucket/ },
    ],
  },
  {
    promise: 'Each role is for the workflows of one repository and one occasion',
    check: rolesTrustTheRepository,
    mutations: [
      {
        what: 'a role for every repository',
        change: (plan) =>
          (after(plan, 'aws_iam_role', 'deploy')['assume_role_policy'] = String(after(plan, 'aws_iam_role', 'deploy')['assume_role_policy']).replaceAll(
            repository,
            '*',
          )),
        says: /deploy can be taken by/,
      },
    ],
  },
  {
    promise: 'The pipeline, and what it makes, is bounded',
    check: pipelineIsBounded,
    mutations: [
      {
        what: 'roles without a boundary',
        change: (plan) =>
          editLimits(plan, (statements) => statements.filter(({ Sid }) => Sid === 'BoundedRoles').forEach((statement) => delete statement.Condition)),
        says: /iam:CreateRole needs no boundary/,
      },
      {
        what: 'a pipeline that can change itself',
        change: (plan) =>
          editLimits(plan, (statements) =>
            statements.splice(
              statements.findIndex(({ Sid }) => Sid === 'NotThePipelineItself'),
              1,
            ),
          ),
        says: /can change itself/,
      },
    ],
  },
  {
    promise: 'A pull request sees the state and nothing that runs',
    check: pullRequestsSeeTheStateOnly,
    mutations: [
      {
        what: 'a pull request that reads secrets',
        change: (plan) =>
          (after(plan, 'aws_iam_role_policy', 'plan')['policy'] = JSON.stringify({
            Statement: [{ Sid: 'Secrets', Effect: 'Allow', Action: ['secretsmanager:GetSecretValue'], Resource: ['*'] }],
          })),
        says: /may secretsmanager:GetSecretValue/,
      },
    ],
  },
];
