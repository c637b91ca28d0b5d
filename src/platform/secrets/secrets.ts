import type { AppConfig } from '../../config/config.module.js';
import { awsClientOptions } from '../aws/client-options.js';
import { isAborted, isUnavailable } from '../aws/errors.js';
import { StoreCalls } from '../store-call.js';

/** A version of a secret by its stage: the one in use, or the one that was before it. */
export type SecretStage = 'AWSCURRENT' | 'AWSPREVIOUS';

/**
 * The text of a secret in Secrets Manager; null when it has no version of that stage. The client is loaded on first use: most cold starts
 * need none.
 *
 * @throws StoreUnavailableError when Secrets Manager cannot be reached, or is throttling beyond the retries; ServiceBusyError when the request's
 * time was up before it could answer.
 */
export async function readSecret(arn: string, config: AppConfig, stage: SecretStage = 'AWSCURRENT'): Promise<string | null> {
  const { SecretsManagerClient, GetSecretValueCommand } = await import('./client.js');
  const { endpoint } = config.secrets;
  const timeouts = config.storeTimeouts;
  const call = new StoreCalls('secrets', timeouts).begin();
  const client = new SecretsManagerClient(awsClientOptions({ region: config.region, endpoint, timeouts, maxAttempts: 3 }));
  try {
    const abortSignal = AbortSignal.timeout(Math.ceil(call.limitMs));
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
    if (isAborted(error)) {
      throw call.timeoutError(error);
    }
    throw isUnavailable(error) ? call.unavailableError(error) : error;
  } finally {
    client.destroy();
  }
}
