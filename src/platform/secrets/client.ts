// What is used of the SDK's client. Imported on first use; named here, so that a bundle leaves out its other commands.
export { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
