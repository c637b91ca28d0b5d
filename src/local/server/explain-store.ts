import type { Config } from '../../config/config.js';
import { isUnavailable } from '../../platform/aws/errors.js';
import { isBusy, isConnectionLost } from '../../platform/postgres/errors.js';
import { hasCode, reasonOf } from '../errors/system-errors.js';
import { StartError } from '../errors/start-error.js';

/** A store that cannot be reached as a {@link StartError} with the variables that lead to it; any other failure as it is. */
export function explainStore(error: unknown, store: 'PostgreSQL' | 'DynamoDB', { postgres, dynamodb }: Config): unknown {
  if (store === 'DynamoDB') {
    const place = dynamodb.endpoint === undefined ? '' : ` at ${dynamodb.endpoint}`;
    return isUnavailable(error) ? new StartError(`DynamoDB${place} cannot be reached (${reasonOf(error)}): start it, or correct DYNAMODB_ENDPOINT`) : error;
  }
  if (!isConnectionLost(error) && !isBusy(error)) {
    return error;
  }
  const place = `PostgreSQL at ${postgres.host}:${postgres.port}`;
  return hasCode(error, '28P01', '28000')
    ? new StartError(`${place} refuses the credentials (${reasonOf(error)}): correct RDS_USERNAME and what gives its password`)
    : new StartError(`${place} cannot be reached (${reasonOf(error)}): start it, or correct RDS_HOST and RDS_PORT`);
}
