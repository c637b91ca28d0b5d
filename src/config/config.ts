import { partition } from '@aws-sdk/core/client';
import * as z from 'zod';
import { type MailConfig, mailSender, mailUrl } from './mail.js';

/** The environment as Node gives it: names and text. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Thrown by {@link parseConfig}: names every variable that is missing or wrong, in one message. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

const loopbackHosts = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Whether a host name or address can only be this machine. */
export function isLoopback(host: string): boolean {
  return loopbackHosts.test(host);
}

const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');
const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`);
// DynamoDB's own rule for table names: 3 to 255 of these characters.
const tableName = z.string().regex(/^[a-zA-Z0-9_.-]{3,255}$/, 'must be a DynamoDB table name: 3 to 255 of a-z, A-Z, 0-9, _, - and .');
const endpoint = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  // Requests carry what is stored, and a signature that can be replayed.
  .refine(isEncryptedOrLocal, 'must be an https URL, unless its host is a loopback address');
/** Whether a browser could send this text as a request's `Origin`: https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin */
const isOrigin = (text: string): boolean => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text;
const origins = z
  .string()
  .transform((list) => list.split(',').map((origin) => origin.trim()))
  .refine((list) => list.every(isOrigin), 'must be origins such as https://app.example.com, without a path, separated by commas');
const text = z.string().min(1, 'must not be empty');
const arn = z.string().regex(/^arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:\S+$/, 'must be an ARN');

/** Whether the SDK's own list of all partitions has this region. */
function isRegion(name: string): boolean {
  // It has a description of each region that it knows, and answers for any other name, too.
  return 'description' in partition(name);
}

function isEncryptedOrLocal(url: string): boolean {
  return !URL.canParse(url) || new URL(url).protocol !== 'http:' || isLoopback(new URL(url).hostname);
}

/** The least bytes of a signing key: HS256 asks for a key as long as its hash (RFC 7518, section 3.2). */
const minSecretBytes = 32;

/** What is wrong with a signing key, as the end of a sentence that begins with its name; undefined when it may be used. */
export function secretProblem(secret: string): string | undefined {
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length < minSecretBytes) {
    return `must be at least ${minSecretBytes} bytes long`;
  }
  return bytes.every((byte) => byte === bytes[0]) ? 'must not be one character again and again' : undefined;
}

/** What a request's stores may take by default, in milliseconds: a 503 is promised within 3 s, and a busy or cold process takes its share of them. */
const defaultStoreTimeoutMs = 2_300;

/** One rule a variable; the source of `.env.example` and of the check that Terraform sets what the code reads. */
export const environmentSchema = z.object({
  PORT: whole(0, 65_535).default(3000),
  HOST: text.optional(),
  TRUSTED_PROXIES: whole(0, 10).default(0),
  CORS_ORIGINS: origins.optional(),
  BASE_PATH: z
    .string()
    .regex(/^\/[A-Za-z0-9/_.-]*[A-Za-z0-9_.-]$/, 'must be a path such as /prod: it starts with a slash and does not end with one')
    .optional(),
  // CloudWatch's own rule for namespaces.
  METRICS_NAMESPACE: z
    .string()
    .regex(/^[\w./#:-]{1,255}$/, 'must be a namespace of metrics: 1 to 255 letters, digits and . - _ / # :')
    .default('duet-local'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error'], 'must be debug, info, warn or error').default('info'),
  DUET_DATA_DIR: text.default('.data'),

  RDS_HOST: text.optional(),
  RDS_PORT: whole(1, 65_535).default(5432),
  RDS_DATABASE: text.default('duet'),
  RDS_USERNAME: text.default('duet'),
  RDS_PASSWORD: text.optional(),
  RDS_IAM_AUTH: flag.default(false),
  RDS_SECRET_ARN: arn.optional(),
  APP_ROLE_SECRET_ARN: arn.optional(),
  APP_ROLE_NAME: text.optional(),
  RDS_SSL: z.enum(['verify', 'disable'], 'must be verify or disable').optional(),

  AWS_REGION: z.string().refine(isRegion, 'must be a region such as eu-central-1').default('us-east-1'),
  DYNAMODB_ENDPOINT: endpoint.optional(),
  DYNAMODB_TABLE_NAME: tableName.default('duet-local-todos'),
  COUNTERS_TABLE_NAME: tableName.default('duet-local-counters'),
  RECORDS_TABLE_NAME: tableName.default('duet-local-records'),
  ARCHIVE_TABLE_NAME: tableName.default('duet-local-archive'),
  RATE_LIMITS_TABLE_NAME: tableName.default('duet-local-rate-limits'),
  PROVISION_STORES: flag.optional(),
  STORE_TIMEOUT_MS: whole(500, 600_000).default(defaultStoreTimeoutMs),

  EVENT_BUS_NAME: text.optional(),
  EVENTBRIDGE_ENDPOINT: endpoint.optional(),
  SECRETS_MANAGER_ENDPOINT: endpoint.optional(),

  MAIL_URL: mailUrl(isLoopback).optional(),
  MAIL_FROM: mailSender.optional(),
  // Fragments are the app's own, and a query would stand before them.
  APP_URL: endpoint.refine((url) => !/[?#]/.test(url), 'must have neither a query nor a fragment').optional(),
  REQUIRE_VERIFIED_EMAIL: flag.default(false),
  SES_ENDPOINT: endpoint.optional(),

  JWT_SECRET: z
    .string()
    .superRefine((secret, context) => {
      const problem = secretProblem(secret);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .optional(),
  JWT_SECRET_ARN: arn.optional(),

  COUNTER_SHARDS: whole(1, 1000).default(1),
  ARCHIVE_AFTER_DAYS: z
    .string()
    .regex(/^\d{1,5}(\.\d{1,9})?$/, 'must be a number of days')
    .transform(Number)
    .refine((days) => days > 0 && days <= 36_500, 'must be more than 0 and at most 36500 days')
    .default(90),
  LOGIN_LIMIT_ACCOUNT_ADDRESS: whole(1, 1_000_000).default(10),
  LOGIN_LIMIT_ACCOUNT: whole(1, 1_000_000).default(50),
  LOGIN_LIMIT_ADDRESS: whole(1, 1_000_000).default(100),
  LOGIN_SUCCESS_LIMIT_ACCOUNT: whole(1, 1_000_000).default(100),
  REGISTRATION_LIMIT_ADDRESS: whole(1, 1_000_000).default(100),
  EMAIL_CHANGE_LIMIT_ACCOUNT: whole(1, 1_000_000).default(20),
  MAIL_LIMIT_ACCOUNT: whole(1, 1_000_000).default(5),
  MAIL_LIMIT_ADDRESS: whole(1, 1_000_000).default(20),

  // Set by the Lambda service: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
  AWS_LAMBDA_FUNCTION_NAME: text.optional(),
});

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

/** How long the stores may take, in milliseconds. All are shares of `STORE_TIMEOUT_MS`, so that a second try fits into a request's time. */
export interface StoreTimeouts {
  /** All calls of one request together. */
  readonly requestMs: number;
  /** One try of a call to an AWS API; opening a connection to PostgreSQL, or waiting for one of a pool in full use. */
  readonly tryMs: number;
  /** Opening the first connection of a pool to PostgreSQL: RDS Proxy may be cold. */
  readonly firstConnectMs: number;
  /** Opening a connection to an AWS API: a network that drops packets shows before the try's own time is up. */
  readonly connectMs: number;
  /** One statement, by PostgreSQL's own clock: no request's statement holds its locks longer. */
  readonly statementMs: number;
  /** One statement, by ours: a server that is gone cannot enforce its limit. It comes second, so that a living one says why. */
  readonly queryMs: number;
  /** The first try of a read, which waits for no lock: fresh connections then still have time to answer. */
  readonly readMs: number;
  /** The begin of a transaction, which waits for nothing: a connection that takes longer over it is dead. */
  readonly beginMs: number;
  /** A session's wait for its client within a transaction, by PostgreSQL's own clock: one that vanished keeps its locks no longer. */
  readonly idleInTransactionMs: number;
  /** Any call: a store that had this long and gave no answer is at fault. */
  readonly answerMs: number;
}

/** The shares of a request's store time. */
export function storeTimeouts(requestMs = defaultStoreTimeoutMs): StoreTimeouts {
  const share = (ms: number): number => Math.round((ms * requestMs) / defaultStoreTimeoutMs);
  return {
    requestMs,
    tryMs: share(1_000),
    firstConnectMs: share(2_000),
    connectMs: share(700),
    statementMs: share(1_700),
    queryMs: share(2_000),
    readMs: share(1_200),
    beginMs: share(600),
    idleInTransactionMs: share(10_000),
    answerMs: share(500),
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
    problems.push('REQUIRE_VERIFIED_EMAIL must not be true without MAIL_URL: nobody could verify an e-mail');
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
