import { functionVariables } from '../../support/aws/function-variables.js';
import { ConfigError, type Part, parseConfig } from '../../../src/config/config.js';
import { environmentSchema } from '../../../src/config/variables.js';
import { add, after, editEnvironment, remove } from '../mutate.js';
import { type Attributes, attributesOf, moduleAt } from '../plan.js';
import { type Check, type Rule, functionConfiguration, functionNames, kebab, same, tableDefinitions, unless } from '../rule.js';

/** What is known only after the apply, and a stand-in of its kind. */
const unknownVariables: Readonly<Record<string, string>> = {
  RDS_HOST: 'duet.proxy-0.eu-central-1.rds.amazonaws.com',
  JWT_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:duet-signing-key-AbCdEf',
  APP_ROLE_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:duet-app-role-AbCdEf',
};
/** Those that hold a secret, that lead elsewhere than to AWS, or that are for a laptop. */
const unwantedVariables = [
  'JWT_SECRET',
  'RDS_PASSWORD',
  'RDS_SECRET_ARN',
  'DYNAMODB_ENDPOINT',
  'EVENTBRIDGE_ENDPOINT',
  'SECRETS_MANAGER_ENDPOINT',
  'SES_ENDPOINT',
  'PROVISION_STORES',
  'DUET_DATA_DIR',
  'PORT',
  'HOST',
  'BASE_PATH',
];
/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: a deployment that sets one is refused. */
const setByLambda = /^(AWS_REGION|AWS_ACCESS_KEY.*|AWS_SECRET.*|AWS_SESSION_TOKEN|AWS_DEFAULT_REGION|AWS_LAMBDA_.*|_HANDLER)$/;

function configProblems(variables: Record<string, string>, parts: readonly Part[]): readonly string[] {
  try {
    parseConfig(variables, parts);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
}

/** Runtime, trace, network, published version behind an alias, runtime pinned to the deployment: the same for each function. */
const functionsAreAlike: Check = (plan, { name: environment }) => {
  const functions = attributesOf(plan, 'aws_lambda_function');
  const named = (type: string, name: string): Attributes[] => attributesOf(plan, type).filter((attributes) => attributes['function_name'] === name);
  return [
    ...unless(
      same(
        functions.map(({ function_name: name }) => name).sort(),
        functionNames.map((name) => `duet-${environment}-${name}`),
      ),
      'there are other functions than http, migrate, outbox and stream',
    ),
    ...functions.flatMap((lambda) => {
      const name = lambda['function_name'] as string;
      return [
        ...unless(lambda['runtime'] === 'nodejs22.x', `${name} runs on ${lambda['runtime']}`),
        ...unless(lambda['handler'] === 'index.handler', `${name} has the handler ${lambda['handler']}`),
        ...unless(
          same(lambda['architectures'], ['arm64']) || same(lambda['architectures'], ['x86_64']),
          `${name} has the architecture ${lambda['architectures']}`,
        ),
        ...unless(lambda['logging_config']?.[0]?.log_format === 'JSON', `${name} logs as text`),
        ...unless(lambda['publish'] === true, `${name} publishes no version`),
        ...unless(lambda['tracing_config']?.[0]?.mode === 'Active', `${name} is not traced`),
        ...unless(lambda['vpc_config']?.length === 1, `${name} is outside the VPC`),
        ...unless(named('aws_lambda_alias', name).length === 1, `${name} has no alias`),
        ...unless(
          named('aws_lambda_runtime_management_config', name).length === 1 &&
            named('aws_lambda_runtime_management_config', name).every(({ update_runtime_on: when }) => when === 'FunctionUpdate'),
          `${name}'s runtime changes beneath it`,
        ),
      ];
    }),
  ];
};

/** Each function gets the variables that its code reads and no other, by the names and of the form that the schema asks for, with the names of what is planned. */
const environmentsFitTheSchema: Check = (plan, { name: environment }) => {
  const output = plan.output_changes['function_environments'];
  const bus = `duet-${environment}-events`;
  const tableVariables = tableDefinitions.map(([key, { variable }]) => [variable, `duet-${environment}-${kebab(key)}`] as const);
  return [
    ...unless(
      same(functionConfiguration(plan)?.['environment']?.[0]?.variables?.references, ['local.environment', 'each.key']),
      'the functions are given other variables than the output shows',
    ),
    ...functionNames.flatMap((name) => {
      const known = (output?.after?.[name] ?? {}) as Record<string, string>;
      const unknown = Object.keys((output?.after_unknown?.[name] ?? {}) as object);
      const set = { ...known, ...Object.fromEntries(unknown.map((variable) => [variable, unknownVariables[variable] ?? ''])) };
      return [
        ...unknown.flatMap((variable) => unless(unknownVariables[variable] !== undefined, `${name}: ${variable} is known only after the apply`)),
        ...Object.keys(set).flatMap((variable) => [
          ...unless(Object.hasOwn(environmentSchema.shape, variable), `${name}: nothing reads ${variable}`),
          ...unless(!unwantedVariables.includes(variable), `${name}: ${variable} is not for Lambda`),
          ...unless(!setByLambda.test(variable), `${name}: ${variable} is set by Lambda`),
        ]),
        ...functionVariables[name].flatMap((variable) => unless(set[variable] !== undefined, `${name}: ${variable} is missing`)),
        ...Object.keys(set).flatMap((variable) => unless(functionVariables[name].includes(variable), `${name}: has no use for ${variable}`)),
        ...tableVariables.flatMap(([variable, table]) => unless((set[variable] ?? table) === table, `${name}: ${variable} is ${set[variable]}, not ${table}`)),
        ...unless((set['EVENT_BUS_NAME'] ?? bus) === bus, `${name}: EVENT_BUS_NAME is ${set['EVENT_BUS_NAME']}`),
        ...unless((set['METRICS_NAMESPACE'] ?? `duet-${environment}`) === `duet-${environment}`, `${name}: METRICS_NAMESPACE is ${set['METRICS_NAMESPACE']}`),
        ...unless(set['RDS_SSL'] !== 'disable', `${name}: connects without TLS`),
        ...configProblems({ ...set, AWS_REGION: 'eu-central-1', AWS_LAMBDA_FUNCTION_NAME: `duet-${environment}-${name}` }, [
          ...(functionVariables[name].includes('RDS_HOST') ? (['postgres'] as const) : []),
          ...(functionVariables[name].includes('JWT_SECRET_ARN') ? (['signing-key'] as const) : []),
          ...(functionVariables[name].includes('MAIL_URL') ? (['mail'] as const) : []),
        ]).map((problem) => `${name}: ${problem}`),
      ];
    }),
    ...tableVariables.flatMap(([, table]) =>
      unless(
        attributesOf(plan, 'aws_dynamodb_table').some((planned) => planned['name'] === table),
        `no table ${table} is planned`,
      ),
    ),
  ];
};

export const functionRules: readonly Rule[] = [
  {
    promise: 'Functions share runtime, tracing and network, and serve a published version',
    check: functionsAreAlike,
    mutations: [
      {
        what: 'another runtime',
        change: (plan) => (after(plan, 'aws_lambda_function', 'http')['runtime'] = 'nodejs20.x'),
        says: /runs on nodejs20/,
      },
      {
        what: 'a runtime that changes by itself',
        change: (plan) => (after(plan, 'aws_lambda_runtime_management_config', 'http')['update_runtime_on'] = 'Auto'),
        says: /changes beneath/,
      },
      { what: 'a log of text', change: (plan) => (after(plan, 'aws_lambda_function', 'http')['logging_config'] = []), says: /logs as text/ },
      { what: 'no trace', change: (plan) => (after(plan, 'aws_lambda_function', 'http')['tracing_config'] = []), says: /not traced/ },
      {
        what: 'no alias',
        change: (plan) => remove(plan, ({ type, name }) => type === 'aws_lambda_alias' && name === 'http'),
        says: /no alias/,
      },
      {
        what: 'a function too many',
        change: (plan) => add(plan, 'aws_lambda_function', { function_name: 'duet-prod-other' }),
        says: /other functions/,
      },
    ],
  },
  {
    promise: 'Each function gets exactly the variables that its code reads, in valid form',
    check: environmentsFitTheSchema,
    mutations: [
      {
        what: 'variables that the output does not show',
        change: (plan) => {
          const api = moduleAt(plan, 'api')?.resources?.find(({ address }) => address === 'aws_lambda_function.this');
          Object.assign(api?.expressions?.['environment'][0].variables ?? {}, { references: ['var.environment'] });
        },
        says: /other variables than the output shows/,
      },
      {
        what: 'a table variable that is missing',
        change: (plan) => editEnvironment(plan, (set) => delete set['RECORDS_TABLE_NAME']),
        says: /http: RECORDS_TABLE_NAME is missing/,
      },
      {
        what: 'a required one that is missing',
        change: (plan) => delete plan.output_changes['function_environments']?.after_unknown.http.JWT_SECRET_ARN,
        says: /http: JWT_SECRET or JWT_SECRET_ARN must be set/,
      },
      {
        what: 'a way to PostgreSQL for a function that needs none',
        change: (plan) => Object.assign(plan.output_changes['function_environments']?.after.stream, { RDS_USERNAME: 'duet' }),
        says: /stream: has no use for RDS_USERNAME/,
      },
      {
        what: "another environment's table",
        change: (plan) => editEnvironment(plan, (set) => (set['RECORDS_TABLE_NAME'] = 'duet-dev-records')),
        says: /RECORDS_TABLE_NAME is duet-dev-records/,
      },
      {
        what: "another environment's metrics",
        change: (plan) => editEnvironment(plan, (set) => (set['METRICS_NAMESPACE'] = 'duet-dev')),
        says: /METRICS_NAMESPACE is duet-dev/,
      },
      {
        what: 'one that nothing reads',
        change: (plan) => editEnvironment(plan, (set) => (set['TODOS_TABLE_NAME'] = 'x')),
        says: /nothing reads TODOS_TABLE_NAME/,
      },
      {
        what: 'one of a wrong form',
        change: (plan) => editEnvironment(plan, (set) => (set['COUNTER_SHARDS'] = 'many')),
        says: /COUNTER_SHARDS must be/,
      },
      {
        what: 'a plain secret',
        change: (plan) => editEnvironment(plan, (set) => (set['RDS_PASSWORD'] = 'secret')),
        says: /RDS_PASSWORD is not for Lambda/,
      },
      {
        what: 'one that Lambda sets itself',
        change: (plan) => editEnvironment(plan, (set) => (set['AWS_REGION'] = 'eu-central-1')),
        says: /set by Lambda/,
      },
    ],
  },
];
