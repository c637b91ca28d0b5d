import type { AppConfig } from '../config/config.module.js';

/** The text of a secret in Secrets Manager. The client is loaded on first use: most cold starts need none. */
export async function readSecret(arn: string, config: AppConfig): Promise<string> {
  const { SecretsManagerClient, GetSecretValueCommand } = await import('./secrets-client.js');
  const client = new SecretsManagerClient({
    region: config.get('region', { infer: true }),
    endpoint: config.get('secrets', { infer: true }).endpoint,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 700, requestTimeout: 1_000, throwOnRequestTimeout: true },
  });
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    if (SecretString === undefined) {
      throw new Error(`The secret ${arn} holds no text`);
    }
    return SecretString;
  } finally {
    client.destroy();
  }
}
