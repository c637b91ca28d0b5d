import type { AppConfig } from '../../config/config.module.js';
import { readSecret } from '../secrets.js';

/** User name and password of a connection; a function is asked anew for every connection the pool opens. */
export interface PostgresCredentials {
  readonly username: string;
  readonly password: string | (() => Promise<string>);
}

/** The credentials by the way configured: password, short-lived IAM token, or a secret in Secrets Manager (`{username, password}`). */
export async function postgresCredentials(config: AppConfig): Promise<PostgresCredentials> {
  const { host, port, username, password, iamAuth, secretArn } = config.get('postgres', { infer: true });
  const region = config.get('region', { infer: true });
  if (iamAuth) {
    const { Signer } = await import('@aws-sdk/rds-signer');
    // Signed locally, valid for 15 minutes: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
    const signer = new Signer({ hostname: host, port, username, region });
    return { username, password: async () => signer.getAuthToken() };
  }
  if (secretArn !== undefined) {
    const secret: unknown = JSON.parse((await readSecret(secretArn, config)) ?? '');
    const { username: user, password: word } = (secret ?? {}) as Record<string, unknown>;
    if (typeof user !== 'string' || typeof word !== 'string') {
      throw new Error('The secret named by RDS_SECRET_ARN must hold JSON with username and password');
    }
    return { username: user, password: word };
  }
  return { username, password: password ?? '' };
}
