import type * as z from 'zod';
import type { MailConfig } from './mail.js';
import { type StoreTimeouts, storeTimeouts } from './store-timeouts.js';
import { environmentSchema, isLoopback } from './variables.js';

/** The environment as Node gives it: names and text. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Thrown by {@link parseConfig}: names every variable that is missing or wrong, in one message. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** How to reach PostgreSQL. Exactly one of password, IAM token and secret gives the credentials. */
export interface PostgresConfig {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password?: string;
  readonly iamAuth: boolean;
  readonly secretArn?: string;
  /** Where the credentials of the role are that the other functions connect as: for `migrate`, which makes it. */
  readonly appRoleSecretArn?: string;
  /** The same role where it has no password and signs in by IAM tokens, without a proxy. */
  readonly appRoleName?: string;
  /** TLS with verification of the server's certificate; false only on loopback or by RDS_SSL=disable. */
  readonly tls: boolean;
}

/** How to reach DynamoDB, and the tables' names. */
export interface DynamoDbConfig {
  /** Unset: the region's own endpoint. */
  readonly endpoint?: string;
  readonly tables: {
    readonly todos: string;
    readonly counters: string;
    readonly records: string;
    readonly archive: string;
    readonly rateLimits: string;
  };
}

/** The configuration, typed, by concern. */
export interface Config {
  readonly http: { readonly port: number; readonly host?: string; readonly basePath: string; readonly trustedProxies: number };
  /** Origins whose pages may call the local server; unset: this machine's. */
  readonly cors: { readonly origins?: readonly string[] };
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
  /** Where CloudWatch puts the metrics that functions write. */
  readonly metrics: { readonly namespace: string };
  readonly lambda: boolean;
  readonly dataDir: string;
  readonly region: string;
  /** Create missing tables and run migrations at start. */
  readonly provisionStores: boolean;
  readonly storeTimeouts: StoreTimeouts;
  readonly postgres: PostgresConfig;
  readonly dynamodb: DynamoDbConfig;
  readonly events: { readonly busName?: string; readonly endpoint?: string };
  readonly mail: MailConfig;
  readonly secrets: { readonly endpoint?: string };
  readonly auth: { readonly jwtSecret?: string; readonly jwtSecretArn?: string };
  readonly limits: {
    readonly loginAccountAddress: number;
    readonly loginAccount: number;
    readonly loginAddress: number;
    readonly loginSuccess: number;
    readonly registrationAddress: number;
    readonly emailChange: number;
    /** Mails that anyone may ask for: to one account, and from one address. */
    readonly mailAccount: number;
    readonly mailAddress: number;
  };
  readonly counter: { readonly shards: number };
  readonly archive: { readonly afterDays: number };
}

/** Which parts `npm start` must bring itself, because no variable names one. */
export interface EmbeddedNeeds {
  readonly postgres: boolean;
  readonly dynamodb: boolean;
  readonly jwtSecret: boolean;
}

/** What is missing from the environment that a laptop can supply: two stores and a signing key. */
export function embeddedNeeds(environment: Environment): EmbeddedNeeds {
  const env = withoutBlanks(environment);
  return {
    postgres: env['RDS_HOST'] === undefined,
    dynamodb: env['DYNAMODB_ENDPOINT'] === undefined,
    jwtSecret: env['JWT_SECRET'] === undefined && env['JWT_SECRET_ARN'] === undefined,
  };
}

/** What not every function uses, so that one which does not is not given the way to it: PostgreSQL, the key that signs tokens, and the sending of mails. */
export type Part = 'postgres' | 'signing-key' | 'mail';

/**
 * Reads the whole environment against one schema; `parts` must be configured, the others may be left out.
 *
 * @throws ConfigError naming every variable that is missing or wrong, never a value: it may be a secret.
 */
export function parseConfig(environment: Environment, parts: readonly Part[] = ['postgres', 'signing-key', 'mail']): Config {
  const set = withoutBlanks(environment);
  const parsed = environmentSchema.safeParse(set);
  const problems = [...(parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.')} ${issue.message}`), ...crossChecks(set, parts)];
  if (!parsed.success || problems.length > 0) {
    throw new ConfigError(problems);
  }
  return toConfig(parsed.data);
}

type Variables = z.output<typeof environmentSchema>;

// A variable that is set to nothing means the same as one that is not set: shells and .env files make no difference.
function withoutBlanks(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

// On what is set, not on what was parsed: a variable that is wrong by itself must not hide another that is missing.
function crossChecks(set: Environment, parts: readonly Part[]): string[] {
  const problems: string[] = [];
  const has = (name: keyof Variables): boolean => set[name] !== undefined;
  if (has('RDS_HOST')) {
    const iamAuth = set['RDS_IAM_AUTH'] === 'true';
    const given = [has('RDS_PASSWORD'), iamAuth, has('RDS_SECRET_ARN')].filter(Boolean).length;
    if (given !== 1) {
      problems.push('RDS_PASSWORD, RDS_IAM_AUTH=true or RDS_SECRET_ARN must be set, and only one of them');
    }
    if (iamAuth && set['RDS_SSL'] === 'disable') {
      problems.push('RDS_SSL must not be disable with RDS_IAM_AUTH=true: RDS takes IAM tokens over TLS only');
    }
  } else if (parts.includes('postgres')) {
    problems.push('RDS_HOST must be set');
  }
  if (has('JWT_SECRET') && has('JWT_SECRET_ARN')) {
    problems.push('JWT_SECRET or JWT_SECRET_ARN must be set, and only one of them');
  } else if (parts.includes('signing-key') && !has('JWT_SECRET') && !has('JWT_SECRET_ARN')) {
    problems.push('JWT_SECRET or JWT_SECRET_ARN must be set, and only one of them');
  }
  if (parts.includes('mail') && has('MAIL_URL')) {
    const needed = ['MAIL_FROM', ...(has('AWS_LAMBDA_FUNCTION_NAME') ? ['APP_URL' as const] : [])] as const;
    problems.push(...needed.filter((name) => !has(name)).map((name) => `${name} must be set where MAIL_URL is`));
  }
  if (has('AWS_LAMBDA_FUNCTION_NAME') && set['REQUIRE_VERIFIED_EMAIL'] === 'true' && !has('MAIL_URL')) {
    problems.push('REQUIRE_VERIFIED_EMAIL must not be true without MAIL_URL: no e-mail could be verified');
  }
  if (has('AWS_LAMBDA_FUNCTION_NAME') && set['PROVISION_STORES'] === 'true') {
    problems.push('PROVISION_STORES must not be true on Lambda: the migrate function and Terraform do that');
  }
  return problems;
}

function toConfig(env: Variables): Config {
  const host = env.RDS_HOST ?? '';
  const lambda = env.AWS_LAMBDA_FUNCTION_NAME !== undefined;
  const localDynamoDb = env.DYNAMODB_ENDPOINT !== undefined && isLoopback(new URL(env.DYNAMODB_ENDPOINT).hostname);
  return {
    http: { port: env.PORT, host: env.HOST, basePath: env.BASE_PATH ?? '', trustedProxies: env.TRUSTED_PROXIES },
    cors: { origins: env.CORS_ORIGINS },
    log: { level: env.LOG_LEVEL },
    metrics: { namespace: env.METRICS_NAMESPACE },
    lambda,
    dataDir: env.DUET_DATA_DIR,
    region: env.AWS_REGION,
    provisionStores: !lambda && (env.PROVISION_STORES ?? (isLoopback(host) && localDynamoDb)),
    storeTimeouts: storeTimeouts(env.STORE_TIMEOUT_MS),
    postgres: {
      host,
      port: env.RDS_PORT,
      database: env.RDS_DATABASE,
      username: env.RDS_USERNAME,
      password: env.RDS_PASSWORD,
      iamAuth: env.RDS_IAM_AUTH,
      secretArn: env.RDS_SECRET_ARN,
      appRoleSecretArn: env.APP_ROLE_SECRET_ARN,
      appRoleName: env.APP_ROLE_NAME,
      tls: env.RDS_SSL === undefined ? !isLoopback(host) : env.RDS_SSL === 'verify',
    },
    dynamodb: {
      endpoint: env.DYNAMODB_ENDPOINT,
      tables: {
        todos: env.DYNAMODB_TABLE_NAME,
        counters: env.COUNTERS_TABLE_NAME,
        records: env.RECORDS_TABLE_NAME,
        archive: env.ARCHIVE_TABLE_NAME,
        rateLimits: env.RATE_LIMITS_TABLE_NAME,
      },
    },
    events: { busName: env.EVENT_BUS_NAME, endpoint: env.EVENTBRIDGE_ENDPOINT },
    mail: {
      route: env.MAIL_URL?.kind === 'ses' ? { kind: 'ses', endpoint: env.SES_ENDPOINT } : (env.MAIL_URL ?? { kind: lambda ? 'none' : 'files' }),
      from: env.MAIL_FROM ?? { name: 'Duet', address: 'duet@localhost' },
      appUrl: (env.APP_URL ?? `http://localhost:${env.PORT}${env.BASE_PATH ?? ''}/app`).replace(/\/+$/, ''),
      requireVerified: env.REQUIRE_VERIFIED_EMAIL,
    },
    secrets: { endpoint: env.SECRETS_MANAGER_ENDPOINT },
    auth: { jwtSecret: env.JWT_SECRET, jwtSecretArn: env.JWT_SECRET_ARN },
    limits: {
      loginAccountAddress: env.LOGIN_LIMIT_ACCOUNT_ADDRESS,
      loginAccount: env.LOGIN_LIMIT_ACCOUNT,
      loginAddress: env.LOGIN_LIMIT_ADDRESS,
      loginSuccess: env.LOGIN_SUCCESS_LIMIT_ACCOUNT,
      registrationAddress: env.REGISTRATION_LIMIT_ADDRESS,
      emailChange: env.EMAIL_CHANGE_LIMIT_ACCOUNT,
      mailAccount: env.MAIL_LIMIT_ACCOUNT,
      mailAddress: env.MAIL_LIMIT_ADDRESS,
    },
    counter: { shards: env.COUNTER_SHARDS },
    archive: { afterDays: env.ARCHIVE_AFTER_DAYS },
  };
}
