import type { FunctionName } from '../setup/package-functions.js';

const mail = ['MAIL_URL', 'MAIL_FROM', 'APP_URL'];
const postgres = ['RDS_HOST', 'RDS_PORT', 'RDS_DATABASE', 'RDS_USERNAME', 'RDS_IAM_AUTH', 'RDS_SSL'];

/**
 * Which environment variables each function is given, and no more: a way to PostgreSQL only where one is used, the signing key to http
 * alone, the secret of their role in PostgreSQL to migrate, which makes it. Terraform is held to it (test/infra), and the packages are run with it (test/lambda) over tables of other names than the
 * defaults, where a name that is missing here leads to a table that is not there.
 */
export const functionVariables: Readonly<Record<FunctionName, readonly string[]>> = {
  http: [
    ...postgres,
    'DYNAMODB_TABLE_NAME',
    'COUNTERS_TABLE_NAME',
    'RECORDS_TABLE_NAME',
    'ARCHIVE_TABLE_NAME',
    'RATE_LIMITS_TABLE_NAME',
    'JWT_SECRET_ARN',
    'COUNTER_SHARDS',
    'ARCHIVE_AFTER_DAYS',
    ...mail,
    'LOG_LEVEL',
    'METRICS_NAMESPACE',
  ],
  migrate: [...postgres, 'APP_ROLE_SECRET_ARN', 'LOG_LEVEL'],
  outbox: [...postgres, ...mail, 'DYNAMODB_TABLE_NAME', 'RECORDS_TABLE_NAME', 'ARCHIVE_TABLE_NAME', 'EVENT_BUS_NAME', 'LOG_LEVEL', 'METRICS_NAMESPACE'],
  stream: ['DYNAMODB_TABLE_NAME', 'RECORDS_TABLE_NAME', 'ARCHIVE_TABLE_NAME', 'EVENT_BUS_NAME', 'LOG_LEVEL', 'METRICS_NAMESPACE'],
};
