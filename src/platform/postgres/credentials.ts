import type { AppConfig } from '../../config/config.module.js';
import { readSecret } from '../secrets/secrets.js';

/** User name and password of a connection; a function is asked anew for every connection the pool opens. */
export interface PostgresCredentials {
  readonly username: string;
  readonly password: string | (() => Promise<string>);
}

/** User name and password as a secret in Secrets Manager holds them: `{"username": "…", "password": "…"}`, the form that RDS and its proxy use. */
export interface StoredCredentials {
  readonly username: string;
  readonly password: string;
}

/** The credentials by the way configured: password, short-lived IAM token, or a secret in Secrets Manager. */
export async function postgresCredentials(config: AppConfig): Promise<PostgresCredentials> {
  const { host, port, username, password, iamAuth, secretArn } = config.postgres;
  const region = config.region;
  if (iamAuth) {
    const { Signer } = await import('@aws-sdk/rds-signer');
    // Signed locally, valid for 15 minutes: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
    const signer = new Signer({ hostname: host, port, username, region });
    return { username, password: async () => signer.getAuthToken() };
  }
  return secretArn === undefined ? { username, password: password ?? '' } : readCredentials(secretArn, 'RDS_SECRET_ARN', config);
}

/** The role that the other functions connect as: with a password, or without one by IAM tokens. */
export type ApplicationRole = Pick<StoredCredentials, 'username'> & Partial<StoredCredentials>;

/** What `APP_ROLE_SECRET_ARN` or `APP_ROLE_NAME` says of that role; null when neither is set. @throws StoreUnavailableError */
export async function applicationRoleCredentials(config: AppConfig): Promise<ApplicationRole | null> {
  const { appRoleSecretArn, appRoleName } = config.postgres;
  if (appRoleSecretArn !== undefined) {
    return readCredentials(appRoleSecretArn, 'APP_ROLE_SECRET_ARN', config);
  }
  return appRoleName === undefined ? null : { username: appRoleName };
}

async function readCredentials(arn: string, variable: string, config: AppConfig): Promise<StoredCredentials> {
  const secret: unknown = parsed((await readSecret(arn, config)) ?? '');
  const { username, password } = (secret ?? {}) as Record<string, unknown>;
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new Error(`The secret named by ${variable} must hold JSON with username and password`);
  }
  return { username, password };
}

// The parser's own message would show the beginning of the secret.
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return null;
    }
    throw error;
  }
}
