import { StoreUnavailableError } from '../common/errors.js';
import { remainingStoreMs } from '../common/request-context.js';
import { isLoopback } from '../config/config.js';
import type { AppConfig } from '../config/config.module.js';
import { isUnavailable } from './dynamodb/dynamodb.js';

/** A version of a secret by its stage: the one in use, or the one that was before it. */
export type SecretStage = 'AWSCURRENT' | 'AWSPREVIOUS';

/**
 * The text of a secret in Secrets Manager; null when it has no version of that stage. The client is loaded on first use: most cold starts
 * need none.
 *
 * @throws StoreUnavailableError when Secrets Manager cannot be reached, is throttling beyond the retries, or the request's time is up.
 */
export async function readSecret(arn: string, config: AppConfig, stage: SecretStage = 'AWSCURRENT'): Promise<string | null> {
  const { SecretsManagerClient, GetSecretValueCommand } = await import('./secrets-client.js');
  const { endpoint } = config.get('secrets', { infer: true });
  const client = new SecretsManagerClient({
    region: config.get('region', { infer: true }),
    endpoint,
    // A stand-in on this machine checks no signature, yet the SDK refuses to run without credentials.
    ...(endpoint !== undefined && isLoopback(new URL(endpoint).hostname) && { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 700, requestTimeout: 1_000, throwOnRequestTimeout: true },
  });
  try {
    const abortSignal = AbortSignal.timeout(Math.ceil(remainingStoreMs()));
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn, VersionStage: stage }), { abortSignal });
    if (SecretString === undefined) {
      throw new Error(`The secret ${arn} holds no text`);
    }
    return SecretString;
  } catch (error) {
    // Of a secret that was never changed there is nothing before.
    if (stage === 'AWSPREVIOUS' && error instanceof Error && error.name === 'ResourceNotFoundException') {
      return null;
    }
    throw isUnavailable(error) ? new StoreUnavailableError('secrets', { cause: error }) : error;
  } finally {
    client.destroy();
  }
}
