import { partition } from '@aws-sdk/core/client';
import * as z from 'zod';
import { mailSender, mailUrl } from './mail.js';
import { defaultStoreTimeoutMs } from './store-timeouts.js';

const loopbackHosts = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Whether a host name or address can only be this machine. */
export function isLoopback(host: string): boolean {
  return loopbackHosts.test(host);
}

const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);
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

/** The fewest bytes of a signing key: HS256 asks for a key as long as its hash (RFC 7518, section 3.2). */
const minSecretBytes = 32;

/** What is wrong with a signing key, as the end of a sentence that begins with its name; undefined when it may be used. */
export function secretProblem(secret: string): string | undefined {
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length < minSecretBytes) {
    return `must be at least ${minSecretBytes} bytes long`;
  }
  return bytes.every((byte) => byte === bytes[0]) ? 'must not be one character again and again' : undefined;
}

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
