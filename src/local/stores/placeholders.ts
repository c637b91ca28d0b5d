import { embeddedNeeds, type Environment } from '../../config/config.js';

/**
 * What `startLocalStores` would fill in, with values that only pass validation: so that a configuration can be
 * checked as a whole before anything is started.
 */
export function withPlaceholders(environment: Environment): Environment {
  const needs = embeddedNeeds(environment);
  // These speak of an RDS instance, so a missing RDS_HOST is then a mistake and not a wish for an embedded store.
  const postgres = needs.postgres && environment['RDS_IAM_AUTH'] !== 'true' && !environment['RDS_SECRET_ARN'];
  return {
    ...environment,
    // Only what must be there: a wrong value of another variable is a mistake, although an embedded server would not read it.
    ...(postgres ? { RDS_HOST: '127.0.0.1', RDS_PASSWORD: environment['RDS_PASSWORD'] || 'unused' } : {}),
    ...(needs.dynamodb ? { DYNAMODB_ENDPOINT: 'http://127.0.0.1:1' } : {}),
    ...(needs.jwtSecret ? { JWT_SECRET: 'a placeholder of at least 32 bytes' } : {}),
  };
}
